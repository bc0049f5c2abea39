//! Clones and fetches.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use git_wire::object::{Kind, Object, ObjectId};
use git_wire::pack::{Compression, Writer};
use git_wire::upload_pack::{self, Request};
use git_wire::{Service, pkt_line, reach, side_band};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};
use serve::{Body, full, pieces};

use super::super::super::answer;
use super::super::Repository;
use super::super::contents::Contents;
use super::content::Content;

/// The longest request that is read, in bytes.
const MOST_BYTES: usize = 8 << 20;
/// How much of an object is packed at once.
const PIECE: usize = 48 * 1024;
/// What is larger is sent as it is: packing it costs more than sending it.
const LARGE: usize = 1 << 20;

/// Answers a request for objects.
pub(super) async fn answer(repository: &Repository, content: Content) -> Response<Body> {
    let content = match content.all(MOST_BYTES).await {
        Ok(Some(content)) => content,
        Ok(None) => return answer::bare(StatusCode::PAYLOAD_TOO_LARGE),
        Err(()) => return answer::bare(StatusCode::BAD_REQUEST),
    };
    // As the real one: what isn't understood is answered with nothing.
    let Ok(request) = Request::read(&content) else { return result(full("")) };
    if request.wants.is_empty() {
        return result(full(""));
    }
    let mut out = Vec::new();
    let plan = match repository.with(|contents| plan(contents, &request)) {
        Ok(plan) => plan,
        Err(words) => {
            upload_pack::write_error(&mut out, &words);
            return result(full(out));
        }
    };
    if request.depth.is_some() {
        upload_pack::write_shallow(&mut out, &plan.shallow, &plan.unshallow);
    }
    if !request.done {
        // What is asked for is told apart from what is there already, in as many requests as it takes.
        if !request.haves.is_empty() {
            upload_pack::write_negotiation(&mut out, &plan.common);
        }
        return result(full(out));
    }
    upload_pack::write_common(&mut out, plan.common.last().copied());
    result(pieces(Packing::new(out, plan.objects, request.can("side-band-64k"))))
}

fn result(body: Body) -> Response<Body> {
    let mut answer = Response::new(body);
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(Service::UploadPack.result_type()));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("max-age=0, private, must-revalidate, no-transform"));
    answer
}

/// What is sent.
struct Plan {
    objects: Vec<Arc<Object>>,
    /// Commits of the client's that are known here.
    common: Vec<ObjectId>,
    /// Commits whose parents aren't sent.
    shallow: Vec<ObjectId>,
    /// Commits whose parents weren't sent before, and are now.
    unshallow: Vec<ObjectId>,
}

/// What is sent, or why nothing is, in git's own words.
fn plan(contents: &Contents, request: &Request) -> Result<Plan, String> {
    if let Some(unknown) = request.wants.iter().find(|want| contents.object(**want).is_none()) {
        return Err(format!("upload-pack: not our ref {unknown}"));
    }
    let find = |id| contents.object(id).cloned();
    let failed = |error: reach::ReachError| error.to_string();
    let common: Vec<ObjectId> = request.haves.iter().copied().filter(|id| contents.object(*id).is_some()).collect();
    let was_shallow: HashSet<ObjectId> = request.shallow.iter().copied().collect();
    let there = reach::all(common.iter().copied(), &HashSet::new(), &was_shallow, find).map_err(failed)?;
    let there: HashSet<ObjectId> = there.into_iter().collect();
    let shallow = match request.depth {
        Some(depth) => cut(contents, &request.wants, depth),
        None => was_shallow.clone(),
    };
    let unshallow: Vec<ObjectId> =
        request.shallow.iter().copied().filter(|id| request.depth.is_some() && !shallow.contains(id)).collect();
    let parents = unshallow.iter().filter_map(|id| contents.commit(*id)).flat_map(|commit| commit.parents);
    let starts: Vec<ObjectId> = request.wants.iter().copied().chain(parents).collect();
    let objects = reach::all(starts, &there, &shallow, find).map_err(failed)?;
    let mut shallow: Vec<ObjectId> = shallow.difference(&was_shallow).copied().collect();
    shallow.sort();
    let objects = objects.into_iter().filter_map(find).collect();
    Ok(Plan { objects, common, shallow, unshallow })
}

/// The commits that are so far from the wanted ones that their parents aren't sent.
fn cut(contents: &Contents, wants: &[ObjectId], depth: u32) -> HashSet<ObjectId> {
    let mut level: Vec<ObjectId> = wants.to_vec();
    let mut seen: HashSet<ObjectId> = level.iter().copied().collect();
    for _ in 1..depth {
        let parents = level.iter().filter_map(|id| contents.commit(*id)).flat_map(|commit| commit.parents);
        let next: Vec<ObjectId> = parents.filter(|id| seen.insert(*id)).collect();
        if next.is_empty() {
            return HashSet::new();
        }
        level = next;
    }
    level.retain(|id| contents.commit(*id).is_some_and(|commit| !commit.parents.is_empty()));
    level.into_iter().collect()
}

/// The answer, made while it is sent.
struct Packing {
    /// What comes before the pack.
    head: Vec<u8>,
    banded: bool,
    writer: Option<Writer>,
    objects: std::vec::IntoIter<Arc<Object>>,
    /// The object that is being packed, and how much of it is.
    open: Option<(Arc<Object>, usize)>,
}

impl Packing {
    fn new(head: Vec<u8>, objects: Vec<Arc<Object>>, banded: bool) -> Self {
        let mut pack = Vec::new();
        let writer = Writer::begin(u32::try_from(objects.len()).unwrap_or(u32::MAX), &mut pack);
        let mut packing =
            Self { head: Vec::new(), banded, writer: Some(writer), objects: objects.into_iter(), open: None };
        packing.head = [head, packing.framed(&pack)].concat();
        packing
    }

    fn framed(&self, pack: &[u8]) -> Vec<u8> {
        if !self.banded {
            return pack.to_vec();
        }
        let mut out = Vec::new();
        side_band::write(&mut out, pack);
        out
    }

    /// Packs some more; false at the end.
    fn step(&mut self, writer: &mut Writer, pack: &mut Vec<u8>) -> bool {
        let (object, from) = match self.open.take() {
            Some(open) => open,
            None => {
                let Some(object) = self.objects.next() else { return false };
                let is_large = object.kind == Kind::Blob && object.data.len() > LARGE;
                let compression = if is_large { Compression::Stored } else { Compression::Fast };
                writer.begin_object(object.kind, object.data.len() as u64, compression, pack);
                (object, 0)
            }
        };
        let to = object.data.len().min(from + PIECE);
        writer.piece(&object.data[from..to], pack);
        if to == object.data.len() {
            writer.end_object(pack);
        } else {
            self.open = Some((object, to));
        }
        true
    }
}

impl Iterator for Packing {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        if !self.head.is_empty() {
            return Some(Bytes::from(std::mem::take(&mut self.head)));
        }
        let mut writer = self.writer.take()?;
        let mut pack = Vec::new();
        while pack.len() < PIECE {
            if !self.step(&mut writer, &mut pack) {
                writer.finish(&mut pack);
                let mut out = self.framed(&pack);
                if self.banded {
                    pkt_line::flush(&mut out);
                }
                return Some(Bytes::from(out));
            }
        }
        self.writer = Some(writer);
        Some(Bytes::from(self.framed(&pack)))
    }
}
