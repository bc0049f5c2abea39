//! Pushes: a commit with files, sent to a branch.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use git_wire::Service;
use git_wire::advertisement::Advertisement;
use git_wire::object::{Commit, File, Object, ObjectId, Signature, Tree};
use git_wire::pack::{Compression, Writer};
use git_wire::receive_pack::{Answer, Command, Request};
use scenario::model::{GENERATED_FILE, GitPush};

use super::super::Acting;
use super::generated::{self, Generated};
use super::remote::Remote;
use super::{UndoBranch, answers, fetch};
use crate::engine::problem::Problem;
use crate::engine::repository::Repository;
use crate::engine::visitor::Streamed;

/// More than this is sent in chunks while it is made, as git does it (`http.postBuffer`), in bytes.
const WHOLE: u64 = 1 << 20;

/// A commit with what it needs that the server hasn't.
struct Made {
    commit: ObjectId,
    objects: HashMap<ObjectId, Object>,
    /// What the branch had before, where it was there.
    known: HashMap<ObjectId, Object>,
}

/// Commits files to a branch.
pub(super) async fn push(
    remote: &Remote,
    branch: &str,
    push: &GitPush,
    acting: &mut Acting<'_>,
) -> Result<(), Problem> {
    let mut remote = remote.clone();
    let advertised = remote.discover(Service::ReceivePack, acting).await?;
    let name = format!("refs/heads/{branch}");
    let old = advertised.get(&name);
    let base = match old {
        None => Repository::default(),
        Some(id) => {
            let readable = remote.discover(Service::UploadPack, acting).await?;
            fetch::fetch(&remote, &readable, id, Some(1), acting).await?
        }
    };
    let generated = push.size.as_ref().map(|size| Generated { size: size.value, seed: now().as_nanos() as u64 });
    let made = commit(push, branch, base, generated, acting).await?;
    if push.undo {
        // Before it is sent: what became of a push that broke off nobody knows.
        UndoBranch::note(&remote, &name, old, made.commit, acting);
    }
    let command = Command { old: old.unwrap_or(ObjectId::NONE), new: made.commit, name: name.clone() };
    let objects: Vec<Object> = made.objects.values().cloned().collect();
    let (said, pack_bytes) = send(&remote, &advertised, command, objects, generated, acting).await?;
    // The report is the server's word; this is what others see.
    let advertised = remote.discover(Service::UploadPack, acting).await?;
    if advertised.get(&name) != Some(made.commit) {
        let found = advertised.get(&name).map_or("no such branch".to_owned(), |id| id.to_string());
        let message = "the server took the push, and doesn't have it";
        let mut problem = answers::broken(&remote, message, &found, acting);
        problem.diagnostic = problem.diagnostic.expected(format!("`{branch}` at {}", made.commit));
        return Err(problem);
    }
    let mut objects = made.known;
    objects.extend(made.objects);
    acting.visitor.repository = Some(Repository { advertised, commit: Some(made.commit), objects, pack_bytes, said });
    Ok(())
}

/// Makes the commit: the branch's files with those that are pushed.
async fn commit(
    push: &GitPush,
    branch: &str,
    base: Repository,
    generated: Option<Generated>,
    acting: &Acting<'_>,
) -> Result<Made, Problem> {
    let mut objects: HashMap<ObjectId, Object> = HashMap::new();
    let mut files = Vec::new();
    for (path, text) in &push.files {
        let blob = Object::blob(acting.render(&text.value)?);
        files.push((path.value.as_str(), keep(&mut objects, blob), path.span));
    }
    if let (Some(generated), Some(size)) = (generated, &push.size) {
        // Tens of megabytes take a while to hash.
        let id = tokio::task::spawn_blocking(move || generated.id()).await;
        let id = id.map_err(|error| Problem::scenario(acting.diagnostic(size.span, error.to_string())))?;
        files.push((GENERATED_FILE, id, size.span));
    }
    let mut top = base.newest().map(|commit| commit.tree);
    for (path, blob, span) in files {
        let mut trees = Vec::new();
        let find = |id| Tree::parse(&objects.get(&id).or_else(|| base.objects.get(&id))?.data).ok();
        let put = File { path, blob }.put(top, &find, &mut |tree| trees.push(tree));
        top = Some(put.map_err(|_| {
            let diagnostic = acting.diagnostic(span, format!("no file can be at `{path}`"));
            Problem::scenario(diagnostic.found(format!("a file or a folder of `{branch}` is in its place")))
        })?);
        trees.into_iter().for_each(|tree| {
            keep(&mut objects, tree);
        });
    }
    let message = push.message.as_ref().map(|message| acting.render(&message.value)).transpose()?;
    let who =
        Signature { name: "edge-smoke".to_owned(), email: "edge-smoke@edge.test".to_owned(), time: now().as_secs() };
    let commit = Commit {
        tree: top.unwrap_or(ObjectId::NONE),
        parents: base.commit.into_iter().collect(),
        author: who.clone(),
        committer: who,
        message: message.unwrap_or_else(|| "Smoke test".to_owned()),
    };
    let commit = keep(&mut objects, commit.to_object());
    Ok(Made { commit, objects, known: base.objects })
}

fn keep(objects: &mut HashMap<ObjectId, Object>, object: Object) -> ObjectId {
    let id = object.id();
    objects.insert(id, object);
    id
}

/// Sends the objects with the wish, and reads what became of it. Gives the server's words, and the size of the pack.
async fn send(
    remote: &Remote,
    advertised: &Advertisement,
    command: Command,
    objects: Vec<Object>,
    generated: Option<Generated>,
    acting: &mut Acting<'_>,
) -> Result<(String, u64), Problem> {
    let name = command.name.clone();
    let request = request(advertised, command);
    let banded = request.can("side-band-64k");
    let head = request.write();
    let mut pack_bytes = 0;
    let content = match generated {
        Some(generated) => {
            let sent = Arc::new(AtomicU64::new(0));
            let (count, before) = (sent.clone(), head.len() as u64);
            let pieces = generated::stream(head, objects, generated);
            let counted = pieces.inspect(move |piece| {
                count.fetch_add(piece.len() as u64, Ordering::Relaxed);
            });
            let content = if generated.size > WHOLE {
                remote.post(Service::ReceivePack, Bytes::new(), Some(streamed(counted, &sent)), acting).await?
            } else {
                let whole: Vec<u8> = counted.flatten().collect();
                remote.post(Service::ReceivePack, Bytes::from(whole), None, acting).await?
            };
            pack_bytes += sent.load(Ordering::Relaxed) - before;
            content
        }
        None => {
            let mut body = head;
            let before = body.len();
            let mut writer = Writer::begin(u32::try_from(objects.len()).unwrap_or(u32::MAX), &mut body);
            objects.iter().for_each(|object| writer.object(object, Compression::Fast, &mut body));
            writer.finish(&mut body);
            pack_bytes += (body.len() - before) as u64;
            remote.post(Service::ReceivePack, Bytes::from(body), None, acting).await?
        }
    };
    Ok((accepted(remote, &content, banded, &name, acting)?, pack_bytes))
}

fn streamed(pieces: impl Iterator<Item = Bytes> + Send + 'static, sent: &Arc<AtomicU64>) -> Streamed {
    Streamed { content: serve::pieces(Box::new(pieces) as Box<dyn Iterator<Item = Bytes> + Send>), sent: sent.clone() }
}

/// A request for one change, with as much as the server can do of what is useful here.
pub(super) fn request(advertised: &Advertisement, command: Command) -> Request {
    let wants = ["report-status", "side-band-64k", "object-format=sha1"];
    let mut capabilities: Vec<String> =
        wants.into_iter().filter(|name| advertised.can(name)).map(str::to_owned).collect();
    capabilities.push(fetch::AGENT.to_owned());
    Request { capabilities, commands: vec![command] }
}

/// The server's words, if it did what it was asked to.
pub(super) fn accepted(
    remote: &Remote,
    content: &[u8],
    banded: bool,
    name: &str,
    acting: &Acting<'_>,
) -> Result<String, Problem> {
    let answer = Answer::read(content, banded)
        .map_err(|error| answers::broken(remote, "the report on the push can't be read", &error.to_string(), acting))?;
    let outcome = answer.report.references.iter().find(|(known, _)| known == name).map(|(_, outcome)| outcome);
    let (message, why) = match (&answer.report.unpack, outcome) {
        (Ok(()), Some(Ok(()))) => return Ok(answer.progress),
        (Err(why), _) => ("the server can't use the pack", format!("unpack {why}")),
        (_, Some(Err(why))) => ("the server refuses the push", format!("ng {name} {why}")),
        (_, None) => ("the server doesn't say what became of the push", "a report without the branch".to_owned()),
    };
    let mut problem = answers::broken(remote, message, &why, acting);
    let diagnostic = problem.diagnostic.expected(format!("unpack ok, ok {name}"));
    let said = answer.progress.split_whitespace().collect::<Vec<_>>().join(" ");
    problem.diagnostic = if said.is_empty() { diagnostic } else { diagnostic.help(format!("the server says: {said}")) };
    Err(problem)
}

fn now() -> std::time::Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
