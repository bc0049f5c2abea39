//! Answers under way, and those that ended a moment ago. They belong to a conversation, not to a connection.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::chat::actions::proposals;
use crate::chat::defect::Defect;
use crate::chat::{State, clock};
use crate::random;

/// How long an answer that nobody follows goes on, and how long one that is over is kept.
const KEEP: Duration = Duration::from_secs(30);
/// How many one person may have under way.
const MOST: usize = 4;

/// One answer.
#[derive(Debug)]
pub(in crate::chat) struct Turn {
    pub(super) id: String,
    pub(super) conversation: String,
    pub(super) cancel: CancellationToken,
    said: Mutex<Vec<String>>,
    /// How much was said, and whether that is all.
    progress: watch::Sender<(usize, bool)>,
}

/// Why no answer begins.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Occupied {
    Conversation,
    Person,
    Random(String),
}

/// By person and conversation.
type Kept = HashMap<(String, String), Arc<Turn>>;

/// All of them.
#[derive(Debug, Default)]
pub(in crate::chat) struct Turns(Mutex<Kept>);

impl Turns {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn begin(&self, user: &str, conversation: &str) -> Result<Arc<Turn>, Occupied> {
        let id = random::uuid().map_err(|error: io::Error| Occupied::Random(error.to_string()))?;
        let mut kept = self.lock();
        let key = (user.to_owned(), conversation.to_owned());
        if kept.get(&key).is_some_and(|turn| !turn.has_ended()) {
            return Err(Occupied::Conversation);
        }
        if kept.iter().filter(|((whose, _), turn)| whose == user && !turn.has_ended()).count() >= MOST {
            return Err(Occupied::Person);
        }
        let turn = Arc::new(Turn {
            id,
            conversation: conversation.to_owned(),
            cancel: CancellationToken::new(),
            said: Mutex::default(),
            progress: watch::Sender::new((0, false)),
        });
        kept.insert(key, turn.clone());
        Ok(turn)
    }

    pub(super) fn find(&self, user: &str, conversation: &str) -> Option<Arc<Turn>> {
        self.lock().get(&(user.to_owned(), conversation.to_owned())).cloned()
    }

    pub(super) fn forget(&self, user: &str, turn: &Turn) {
        let mut kept = self.lock();
        let key = (user.to_owned(), turn.conversation.clone());
        if kept.get(&key).is_some_and(|it| it.id == turn.id) {
            kept.remove(&key);
        }
    }
}

impl Turn {
    pub(super) fn has_ended(&self) -> bool {
        self.progress.borrow().1
    }

    /// Says something to all who follow.
    fn say(&self, mut message: Value, is_end: bool) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        message["conversation_id"] = self.conversation.as_str().into();
        message["turn"] = self.id.as_str().into();
        message["seq"] = (said.len() + 1).into();
        said.push(message.to_string());
        self.progress.send_replace((said.len(), is_end));
    }

    /// Hands on what was said after the so manieth, and what will be, until all is said or nobody listens.
    pub(super) async fn follow(self: Arc<Self>, after: u64, to: tokio::sync::mpsc::Sender<String>) {
        let mut progress = self.progress.subscribe();
        let mut at = usize::try_from(after).unwrap_or(usize::MAX);
        loop {
            let (count, ended) = *progress.borrow_and_update();
            while at < count {
                let frame = self.said.lock().unwrap_or_else(PoisonError::into_inner)[at].clone();
                at += 1;
                if to.send(frame).await.is_err() {
                    return;
                }
            }
            if ended || progress.changed().await.is_err() {
                return;
            }
        }
    }

    /// Returns when nobody has followed for so long.
    async fn forsaken(&self) {
        loop {
            self.progress.closed().await;
            tokio::time::sleep(KEEP).await;
            if self.progress.receiver_count() == 0 {
                return;
            }
        }
    }
}

/// How an answer ended.
enum End {
    Complete,
    Cancelled,
    Abandoned,
}

/// Answers a question, keeps what was said, and forgets the turn after a while.
pub(super) async fn run(state: Arc<State>, user: String, turn: Arc<Turn>, message: String) {
    state.history.append(&user, &turn.conversation, json!({ "role": "user", "text": message }));
    let (text, actions) = proposals(&state, &format!("You said: {message}"));
    turn.say(json!({ "type": "started" }), false);
    let mut shown = String::new();
    let end = tokio::select! {
        () = speak(&state, &turn, &text, &mut shown) => End::Complete,
        () = turn.cancel.cancelled() => End::Cancelled,
        () = turn.forsaken() => End::Abandoned,
        () = state.closing.cancelled() => End::Abandoned,
    };
    let (read, written) = (words(&message).count(), words(&shown).count());
    let usage = json!({ "input_tokens": read, "output_tokens": written });
    state.counters.spend(&user, (read + written) as u64, clock::now());
    let entry = |outcome: &str| json!({ "role": "assistant", "text": shown, "outcome": outcome, "usage": usage });
    let (entry, last) = match end {
        End::Complete => {
            let mut entry = entry("complete");
            if !actions.is_empty() {
                entry["actions"] = actions.clone().into();
            }
            (entry, json!({ "type": "complete", "text": text, "usage": usage, "actions": actions, "saved": true }))
        }
        End::Cancelled => (entry("cancelled"), json!({ "type": "cancelled" })),
        End::Abandoned => {
            let message = "nobody came back for it in time, or the service ended";
            (entry("abandoned"), json!({ "type": "error", "code": "abandoned", "message": message }))
        }
    };
    state.history.append(&user, &turn.conversation, entry);
    turn.say(last, true);
    tokio::time::sleep(KEEP).await;
    state.turns.forget(&user, &turn);
}

async fn speak(state: &State, turn: &Turn, text: &str, shown: &mut String) {
    let held = state.has(Defect::AnswerAtOnce);
    let token = |word: &str| turn.say(json!({ "type": "token", "token": word }), false);
    for word in words(text) {
        tokio::time::sleep(state.word_delay).await;
        shown.push_str(word);
        if !held {
            token(word);
        }
    }
    if held {
        words(text).for_each(token);
    }
}

/// Words, each with the white space after it.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(char::is_whitespace)
}
