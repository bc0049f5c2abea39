//! Sends the requests: several at once, over connections that are kept.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use assets::html::Document;
use assets::javascript::ImportMap;
use assets::{Found, Kind};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use url::Url;

use super::book::{AWAY, Book, Loaded, State};
use super::rules::Place;
use super::{answer, request};
use crate::engine::http::client::{Client, Outgoing, Received};
use crate::engine::http::cookies::{self, Jar};
use crate::engine::http::error::HttpError;
use crate::engine::http::redirect;
use crate::engine::visitor::Hop;

/// How many requests are on their way at once. Over HTTP/1.1 browsers have six, over HTTP/2 a hundred; what a page loads
/// should not take longer for the one than for the other.
const AT_ONCE: usize = 24;
/// The longest that one asset may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The most redirects that are followed for one asset.
const REDIRECTS: usize = 5;

/// How much of a content is kept for the trace, in bytes.
const EXCERPT: usize = 4096;

/// Loads all that a page refers to and what that refers to in turn. The page `arrived` then; `client` knows the way.
pub async fn load(book: &mut Book, document: Document, arrived: Instant, client: &Client, jar: &mut Jar) {
    let before = book.duration;
    let Document { found, import_map: map, .. } = document;
    let page = book.rules.page.clone();
    let first = book.note(&page, found);
    let mut queue = Queue::default();
    queue.add(book, first);
    let mut free: Vec<Client> = Vec::new();
    let mut under_way = FuturesUnordered::new();
    loop {
        while under_way.len() < AT_ONCE
            && let Some(index) = queue.next()
        {
            if let Some(request) = begin(book, index, jar) {
                let client = free.pop().unwrap_or_else(|| client.another());
                under_way.push(exchange(client, index, request));
            }
        }
        let Some((client, index, request, result)) = under_way.next().await else { break };
        free.push(client);
        book.duration = before + arrived.elapsed();
        match end(book, index, request, result, &map, jar) {
            Next::Again => queue.again(index),
            Next::Load(more) => queue.add(book, more),
        }
    }
}

/// What is to be loaded: what may refer to more comes first.
#[derive(Debug, Default)]
struct Queue {
    first: VecDeque<usize>,
    then: VecDeque<usize>,
}

impl Queue {
    fn add(&mut self, book: &Book, indices: Vec<usize>) {
        for index in indices {
            let is_read =
                book.entries[index].uses.iter().any(|known| known.kind.is_read() && known.kind != Kind::Manifest);
            if is_read { self.first.push_back(index) } else { self.then.push_back(index) }
        }
    }

    fn again(&mut self, index: usize) {
        self.first.push_front(index);
    }

    fn next(&mut self) -> Option<usize> {
        self.first.pop_front().or_else(|| self.then.pop_front())
    }
}

/// What follows an answer.
enum Next {
    /// A redirect is followed.
    Again,
    /// These are to be loaded.
    Load(Vec<usize>),
}

/// The request for an entry, noted before it is sent; `None` where none can be.
fn begin(book: &mut Book, index: usize, jar: &Jar) -> Option<Outgoing> {
    let mut loaded = match std::mem::replace(&mut book.entries[index].state, State::Waiting) {
        State::Loaded(loaded) => loaded,
        State::Waiting | State::Unchecked(_) => Box::default(),
    };
    let url = loaded.redirects.last().or(book.entries[index].target.as_ref().ok())?;
    let request = match request::address(url) {
        Ok(address) => request::outgoing(&book.entries[index], address, &book.rules, jar),
        Err(reason) => {
            loaded.error = Some(HttpError::Request { reason });
            None
        }
    };
    if let Some(request) = &request {
        loaded.hops.push(Hop {
            request: request.clone(),
            streamed: None,
            response: None,
            set_cookies: Vec::new(),
            error: None,
        });
    }
    book.entries[index].state = State::Loaded(loaded);
    request
}

async fn exchange(
    mut client: Client,
    index: usize,
    request: Outgoing,
) -> (Client, usize, Outgoing, Result<Received, HttpError>) {
    let sent = tokio::time::timeout(PATIENCE, client.send_reading(&request, &answer::reading)).await;
    let result = sent.unwrap_or_else(|_| {
        // Its connection is in the middle of an exchange.
        client = client.another();
        Err(HttpError::Timeout { after: PATIENCE })
    });
    (client, index, request, result)
}

/// Takes an answer in.
fn end(
    book: &mut Book,
    index: usize,
    request: Outgoing,
    result: Result<Received, HttpError>,
    map: &ImportMap,
    jar: &mut Jar,
) -> Next {
    let entry = &mut book.entries[index];
    let State::Loaded(mut loaded) = std::mem::replace(&mut entry.state, State::Waiting) else {
        return Next::Load(Vec::new());
    };
    let received = match result {
        Ok(received) => received,
        Err(error) => {
            if let Some(hop) = loaded.hops.last_mut() {
                hop.error = Some(error.clone());
            }
            loaded.error = Some(error);
            entry.state = State::Loaded(loaded);
            return Next::Load(Vec::new());
        }
    };
    let fields = received.headers.iter().filter(|(name, _)| name == "set-cookie");
    let has_cookies = entry.uses.first().is_some_and(|known| known.credentials);
    let set_cookies =
        fields.filter(|_| has_cookies).map(|(_, value)| jar.store(value, &request.address, cookies::now())).collect();
    let location = received.header("location").filter(|_| redirect::is_redirect(received.status));
    if let Some(hop) = loaded.hops.last_mut() {
        hop.set_cookies = set_cookies;
        // A slice would keep all of it in memory.
        let body = Bytes::copy_from_slice(&received.body[..received.body.len().min(EXCERPT)]);
        hop.response = Some(Received { body, ..received.clone() });
    }
    if let Some(location) = location {
        let next = redirect::next_address(&request.address, &location).and_then(|address| {
            let url = Url::parse(&address.to_string()).map_err(|error| error.to_string())?;
            if loaded.redirects.len() >= REDIRECTS {
                return Err(format!("redirected more than {REDIRECTS} times, in the end to {url}"));
            }
            match book.rules.place(&url) {
                Place::Foreign => Err(format!("redirected to {url}, another origin")),
                place => Ok((url, place)),
            }
        });
        match next {
            Ok((_, Place::Unknown)) => {
                entry.state = State::Unchecked(AWAY);
                return Next::Load(Vec::new());
            }
            Ok((url, _)) => loaded.redirects.push(url),
            Err(reason) => loaded.astray = Some(reason),
        }
        let is_astray = loaded.astray.is_some();
        entry.state = State::Loaded(loaded);
        return if is_astray { Next::Load(Vec::new()) } else { Next::Again };
    }
    let facts = answer::facts(&received, entry);
    loaded.allow_origin = received.header("access-control-allow-origin");
    loaded.error.clone_from(&received.incomplete);
    let url = loaded.redirects.last().cloned().or_else(|| entry.target.as_ref().ok().cloned());
    let mut left_out = 0;
    let mut freed = Found::default();
    if let Some(url) = &url {
        let (content, mut found) = answer::references(&received, &facts, entry, url, map);
        entry.content = content;
        entry.unread = answer::unread(&received, &facts, &found, entry);
        left_out = found.left_out;
        freed.inline = found.inline;
        entry.waiting = std::mem::take(&mut found.references);
        freed.references = entry.free();
    }
    loaded.answer = Some(facts);
    entry.state = State::Loaded(loaded);
    book.left_out += left_out;
    // Redirected or not, what it refers to is said to stand in the file that was asked for last.
    let file = url.unwrap_or_else(|| book.rules.page.clone());
    Next::Load(book.note(&file, freed))
}

impl Loaded {
    /// A request was sent, and nothing has come of it yet.
    pub fn is_under_way(&self) -> bool {
        self.answer.is_none() && self.error.is_none() && self.astray.is_none()
    }
}
