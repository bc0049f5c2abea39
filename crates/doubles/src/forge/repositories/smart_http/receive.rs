//! Pushes.

use git_wire::object::{Object, ObjectId};
use git_wire::pack::{Limits, Reader};
use git_wire::receive_pack::{Command, Report, Request};
use git_wire::{Service, pkt_line, side_band};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};
use serve::{Body, full};

use super::super::super::answer;
use super::super::{Push, Repository, push};
use super::Git;
use super::content::Content;

/// What a push may cost.
const LIMITS: Limits = Limits { objects: 100_000, bytes: 128 << 20 };

/// The most that a repository holds, in bytes.
const MOST_KEPT: u64 = 256 << 20;

/// Why a push isn't carried out before its report could be written.
enum Broken {
    /// What was sent is no push.
    Request,
    /// There is nothing to do.
    Nothing,
}

/// What was sent: what is wanted, and the pack's objects or what is wrong with it.
struct Sent {
    request: Request,
    objects: Result<Vec<(ObjectId, Object)>, String>,
}

/// Carries a push out.
pub(super) async fn answer(git: &Git<'_>, repository: &Repository, pusher: &str, content: Content) -> Response<Body> {
    let sent = match read(repository, content).await {
        Ok(sent) => sent,
        Err(Broken::Nothing) => return result(Vec::new()),
        Err(Broken::Request) => {
            let mut answer = answer::bare(StatusCode::BAD_REQUEST);
            answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(Service::ReceivePack.result_type()));
            return answer;
        }
    };
    let Sent { request, objects } = sent;
    let (report, done) = match objects {
        Ok(objects) => repository.with(|contents| contents.receive(&request.commands, objects, MOST_KEPT)),
        Err(why) => refused(&request.commands, &why),
    };
    for command in &done {
        git.repositories.tell(&told(repository, pusher, command));
    }
    let banded = request.can("side-band-64k");
    let mut out = Vec::new();
    if banded {
        side_band::write_progress(&mut out, &words(git, repository, &done));
    }
    let wants_report = request.can("report-status");
    if wants_report {
        out.extend(report.write(banded));
    } else if banded {
        pkt_line::flush(&mut out);
    }
    result(out)
}

fn result(content: Vec<u8>) -> Response<Body> {
    let mut answer = Response::new(full(content));
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(Service::ReceivePack.result_type()));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("max-age=0, private, must-revalidate, no-transform"));
    answer
}

/// Reads a push as it comes: its pack is never all in memory, only its objects are.
async fn read(repository: &Repository, mut content: Content) -> Result<Sent, Broken> {
    let mut head = Vec::new();
    let (request, length) = loop {
        if let Some(read) = Request::read(&head).map_err(|_| Broken::Request)? {
            break read;
        }
        let piece = content.next().await.map_err(|()| Broken::Request)?;
        head.extend_from_slice(&piece.ok_or(Broken::Request)?);
    };
    if request.commands.is_empty() {
        return Err(Broken::Nothing);
    }
    if !request.has_pack() {
        return Ok(Sent { request, objects: Ok(Vec::new()) });
    }
    let mut reader = Reader::new(LIMITS);
    let mut fed = reader.feed(&head[length..]);
    // A client that is still sending doesn't listen yet: what comes after a mistake is read, and forgotten.
    while let Some(piece) = content.next().await.map_err(|()| Broken::Request)? {
        fed = fed.and_then(|()| reader.feed(&piece));
    }
    let find = |id| repository.with(|contents| contents.object(id).cloned());
    let objects = fed.and_then(|()| reader.finish(&find)).map_err(|error| error.to_string());
    Ok(Sent { request, objects })
}

/// The report on a push whose pack can't be used.
fn refused(commands: &[Command], why: &str) -> (Report, Vec<Command>) {
    let references = commands.iter().map(|command| (command.name.clone(), Err("unpacker error".to_owned()))).collect();
    (Report { unpack: Err(why.to_owned()), references }, Vec::new())
}

fn told(repository: &Repository, pusher: &str, command: &Command) -> Push {
    let branch = command.name.strip_prefix("refs/heads/");
    let commits = branch
        .filter(|_| command.new != ObjectId::NONE)
        .map(|branch| repository.with(|contents| push::commits(contents, branch, command.old, command.new)));
    Push {
        repository: repository.facts(),
        pusher: pusher.to_owned(),
        reference: command.name.clone(),
        before: command.old.to_string(),
        after: command.new.to_string(),
        commits: commits.unwrap_or_default(),
    }
}

/// What the forge says to whoever pushed: where a pull request can be made, by the address that it believes to have.
fn words(git: &Git<'_>, repository: &Repository, done: &[Command]) -> String {
    let facts = repository.facts();
    let mut words = String::new();
    for command in done.iter().filter(|command| command.new != ObjectId::NONE) {
        let Some(branch) = command.name.strip_prefix("refs/heads/").filter(|name| *name != facts.default_branch) else {
            continue;
        };
        let address = format!("{}{}/pulls/new/{branch}", git.root_url, facts.full_name());
        words.push_str(&format!("\nCreate a new pull request for '{branch}':\n  {address}\n\n"));
    }
    words.push_str(&format!("Processed {} references in total\n", done.len()));
    words
}
