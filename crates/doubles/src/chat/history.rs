//! What was said, by person and conversation.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use http::header::CONTENT_DISPOSITION;
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Value, json};
use serve::Body;
use url::form_urlencoded;

use super::defect::Defect;
use super::{State, answer, clock};

/// How many entries an answer has, at most.
const ENTRIES: usize = 500;
/// How much is kept: conversations, and entries in each.
const MOST: usize = 10_000;
/// How long a title is, in characters.
const TITLE: usize = 80;

#[derive(Debug)]
struct Conversation {
    user: String,
    id: String,
    entries: Vec<Value>,
}

/// All conversations, the last changed last.
#[derive(Debug, Default)]
pub(super) struct History(Mutex<Vec<Conversation>>);

impl History {
    /// Adds an entry to a conversation, which begins with it where there is none.
    pub(super) fn append(&self, user: &str, id: &str, mut entry: Value) {
        let user = user.to_ascii_lowercase();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = all.iter().position(|it| it.user == user && it.id == id);
        let mut conversation = match at {
            Some(at) => all.remove(at),
            None => Conversation { user, id: id.to_owned(), entries: Vec::new() },
        };
        entry["at"] = clock::text(clock::now()).into();
        if conversation.entries.len() < MOST {
            conversation.entries.push(entry);
        }
        if all.len() >= MOST {
            all.remove(0);
        }
        all.push(conversation);
    }

    /// Somebody's conversations by their ids, the last changed first.
    fn of(&self, user: &str) -> Vec<(String, Vec<Value>)> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = all.iter().rev().filter(|it| it.user == user.to_ascii_lowercase());
        own.map(|it| (it.id.clone(), it.entries.clone())).collect()
    }

    fn find(&self, id: &str, mut may: impl FnMut(&str) -> bool) -> Option<Vec<Value>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().find(|it| it.id == id && may(&it.user)).map(|it| it.entries.clone())
    }
}

/// What somebody may read of a conversation.
fn entries(state: &State, user: &str, id: &str) -> Option<Vec<Value>> {
    let anybodys = state.has(Defect::HistoryOfOthers);
    state.history.find(&id.to_ascii_lowercase(), |whose| anybodys || whose == user.to_ascii_lowercase())
}

/// `/history`.
pub(super) fn list(state: &State, user: &str) -> Response<Body> {
    let mut conversations = BTreeMap::new();
    for (place, (id, entries)) in state.history.of(user).into_iter().enumerate() {
        let at = |entry: Option<&Value>| entry.map(|entry| entry["at"].clone()).unwrap_or_default();
        let title: String =
            entries.first().and_then(|first| first["text"].as_str()).unwrap_or_default().chars().take(TITLE).collect();
        let summary = json!({
            "conversation_id": id, "title": title, "created": at(entries.first()), "updated": at(entries.last()),
        });
        conversations.insert(place, summary);
    }
    answer::json(StatusCode::OK, &json!({ "conversations": conversations.into_values().collect::<Vec<_>>() }))
}

/// `/history/ID`.
pub(super) fn read(state: &State, user: &str, id: &str, query: Option<&str>) -> Response<Body> {
    let Some(entries) = entries(state, user, id) else { return not_found() };
    let number = |name: &str| {
        let mut pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        pairs.find(|(key, _)| key == name).and_then(|(_, value)| value.parse::<usize>().ok())
    };
    let total = entries.len();
    let end = number("before").unwrap_or(total).min(total);
    let first = end - number("limit").unwrap_or(ENTRIES).clamp(1, ENTRIES).min(end);
    let shown = &entries[first..end];
    let told = json!({ "conversation_id": id, "first": first, "total": total, "entries": shown });
    answer::json(StatusCode::OK, &told)
}

/// `/history/ID/export`.
pub(super) fn export(state: &State, user: &str, id: &str) -> Response<Body> {
    match entries(state, user, id) {
        Some(entries) => attachment(id, &lines(id, entries)),
        None => not_found(),
    }
}

/// `/history/export`.
pub(super) fn export_all(state: &State, user: &str) -> Response<Body> {
    let text: String = state.history.of(user).into_iter().map(|(id, entries)| lines(&id, entries)).collect();
    attachment("conversations", &text)
}

fn lines(id: &str, entries: Vec<Value>) -> String {
    let line = |mut entry: Value| {
        entry["conversation_id"] = id.into();
        format!("{entry}\n")
    };
    entries.into_iter().map(line).collect()
}

fn attachment(name: &str, text: &str) -> Response<Body> {
    let mut answer = answer::content(StatusCode::OK, "application/x-ndjson", text.to_owned());
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}.ndjson\"")) {
        answer.headers_mut().insert(CONTENT_DISPOSITION, value);
    }
    answer
}

fn not_found() -> Response<Body> {
    answer::error(StatusCode::NOT_FOUND, "not_found", "there is no such conversation")
}
