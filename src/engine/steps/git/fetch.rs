//! Clones: what a branch needs, fetched and looked through.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use git_wire::Service;
use git_wire::advertisement::Advertisement;
use git_wire::object::{Object, ObjectId};
use git_wire::pack::{Limits, Reader};
use git_wire::reach;
use git_wire::upload_pack::{Answer, Request};
use scenario::Span;
use verdict::evidence::FailureKind;

use super::super::Acting;
use super::answers;
use super::remote::Remote;
use crate::engine::problem::Problem;
use crate::engine::repository::Repository;

/// What a clone may cost, unpacked.
const LIMITS: Limits = Limits { objects: 200_000, bytes: 64 << 20 };

/// What the client calls itself.
pub(super) const AGENT: &str = concat!("agent=edge-smoke/", env!("CARGO_PKG_VERSION"));

/// Fetches a branch, and makes sure that it is whole.
pub(super) async fn clone(
    remote: &Remote,
    branch: Option<&str>,
    span: Span,
    depth: Option<u32>,
    acting: &mut Acting<'_>,
) -> Result<(), Problem> {
    let mut remote = remote.clone();
    let advertised = remote.discover(Service::UploadPack, acting).await?;
    let mut repository = Repository { advertised, ..Repository::default() };
    let wanted = match branch {
        Some(name) => match repository.branch(name) {
            Some(id) => Some(id),
            None => {
                let names: Vec<&str> = repository.advertised.branches().map(|(name, _)| name).take(20).collect();
                let found = if names.is_empty() { "no branch at all".to_owned() } else { names.join(", ") };
                let diagnostic = acting.diagnostic(span, format!("the repository has no branch `{name}`")).found(found);
                return Err(Problem { kind: FailureKind::Expectation, diagnostic });
            }
        },
        None => repository.advertised.get("HEAD"),
    };
    if let Some(id) = wanted {
        let fetched = fetch(&remote, &repository.advertised, id, depth, acting).await?;
        repository = Repository { advertised: repository.advertised, ..fetched };
    }
    acting.visitor.repository = Some(repository);
    Ok(())
}

/// Fetches a commit with all that belongs to it.
pub(super) async fn fetch(
    remote: &Remote,
    advertised: &Advertisement,
    id: ObjectId,
    depth: Option<u32>,
    acting: &mut Acting<'_>,
) -> Result<Repository, Problem> {
    let wants = ["side-band-64k", "ofs-delta", "no-progress", "object-format=sha1"];
    let can = |name: &&str| advertised.can(name);
    for needed in ["side-band-64k"].into_iter().chain(depth.map(|_| "shallow")) {
        if !can(&needed) {
            let why = format!("it can't do `{needed}`; it can do {}", advertised.capabilities.join(" "));
            return Err(answers::broken(remote, "the server is too old for this", &why, acting));
        }
    }
    let mut capabilities: Vec<String> = wants.into_iter().filter(can).map(str::to_owned).collect();
    capabilities.push(AGENT.to_owned());
    let request = Request { capabilities, wants: vec![id], depth, done: true, ..Request::default() };
    let content = remote.post(Service::UploadPack, Bytes::from(request.write()), None, acting).await?;
    let broken = |message: &str, why: String| answers::broken(remote, message, &why, acting);
    let answer = Answer::read(&content, depth.is_some())
        .map_err(|error| broken("the server's answer can't be read", error.to_string()))?;
    let unusable = "the pack that the server sent can't be used";
    let mut reader = Reader::new(LIMITS);
    for piece in &answer.pack {
        reader.feed(piece).map_err(|error| broken(unusable, error.to_string()))?;
    }
    let pack_bytes = reader.position();
    let objects = reader.finish(&|_| None).map_err(|error| broken(unusable, error.to_string()))?;
    let objects: HashMap<ObjectId, Object> = objects.into_iter().collect();
    let shallow: HashSet<ObjectId> = answer.shallow.iter().copied().collect();
    reach::all([id], &HashSet::new(), &shallow, |id| objects.get(&id))
        .map_err(|error| broken("what the server sent isn't whole", error.to_string()))?;
    Ok(Repository { commit: Some(id), objects, pack_bytes, said: answer.progress, ..Repository::default() })
}
