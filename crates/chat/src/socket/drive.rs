//! One turn from the question to the history: what the command does, told to all who follow, and kept.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::task::JoinHandle;

use super::live::Live;
use super::outgoing::Outgoing;
use crate::actions::{Proposal, Reader};
use crate::history::{Entry, HistoryError, Outcome, Role};
use crate::turn::{Happening, Order, Said, Turn, Usage};
use crate::{AppState, later};

/// The longest answer, in bytes, and in pieces.
const LONGEST_ANSWER: usize = 2 * 1024 * 1024;
const MOST_PIECES: usize = 200_000;

/// What is said where the command doesn't remember a conversation.
const SESSION_LOST: &str = "the command had lost this conversation; it began anew from what is written here";

/// How long a turn that was told to end may take for it.
const END_PATIENCE: Duration = Duration::from_secs(10);

/// How a turn ended.
enum End {
    Complete { text: String },
    Cancelled,
    Abandoned(&'static str),
    Failed { code: &'static str, message: String },
}

/// Runs a turn. What comes of it is in the history when this returns, or couldn't be kept there.
pub(super) async fn run(state: AppState, user: String, live: Arc<Live>, message: String) {
    let earlier = earlier(&state, &user, &live).await;
    let entry = Entry::new(SystemTime::now(), Role::User, message.as_str());
    if let Err(error) = state.history.append(&user, live.conversation, entry).await {
        // Nothing is asked that could be lost.
        tracing::warn!(%error, "a question can't be kept");
        let code = if matches!(error, HistoryError::Full) { "conversation_full" } else { "history" };
        live.say(Outgoing::error(code, error.to_string()));
    } else {
        let mut answer = Answer::new(&state);
        let end = follow(&state, &user, &live, (message, earlier), &mut answer).await;
        finish(&state, &user, &live, answer, end).await;
    }
    let (hub, keep) = (state.hub.clone(), state.hub.bounds.keep);
    tokio::spawn(async move {
        tokio::time::sleep(keep).await;
        hub.forget(&user, &live);
    });
}

/// What was said before, for a command that has no session to know it from.
async fn earlier(state: &AppState, user: &str, live: &Live) -> Vec<Said> {
    // Where it can't be read the question can't be kept either, and that is told.
    let entries = state.history.read(user, live.conversation).await.unwrap_or_default();
    entries.into_iter().map(|entry| Said { role: entry.role, text: entry.text }).collect()
}

async fn follow(
    state: &AppState,
    user: &str,
    live: &Arc<Live>,
    (prompt, earlier): (String, Vec<Said>),
    answer: &mut Answer,
) -> End {
    let conversation = live.conversation;
    let resume = state.store.conversation_session(user, conversation).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "the command's session can't be read; the conversation goes on without it");
        None
    });
    let mut turn = state.turns.start(Order { user: user.to_owned(), conversation, resume, prompt, earlier });
    let mut forsaken = pin!(live.forsaken(state.hub.bounds.keep));
    let end = loop {
        tokio::select! {
            happening = turn.happenings.recv() => {
                if let Some(end) = take(state, user, live, answer, happening).await {
                    break end;
                }
                if answer.is_too_long() {
                    let message = "the answer is longer than answers may be".to_owned();
                    break End::Failed { code: "answer_too_long", message };
                }
            }
            () = live.cancel.cancelled() => break End::Cancelled,
            () = &mut forsaken => break End::Abandoned("nobody came back for it in time"),
            () = state.ending.cancelled() => break End::Abandoned("the service ended"),
        }
    };
    wind_up(&mut turn, answer).await;
    end
}

/// Tells what happened, and says whether it was the end.
async fn take(
    state: &AppState,
    user: &str,
    live: &Live,
    answer: &mut Answer,
    happening: Option<Happening>,
) -> Option<End> {
    match happening {
        Some(Happening::Queued { place }) => live.say(Outgoing::Queued { place }),
        Some(Happening::Started) => live.say(Outgoing::Started),
        Some(Happening::SessionLost) => {
            answer.note = Some(SESSION_LOST);
            live.say(Outgoing::Notice { code: "session_lost", message: SESSION_LOST.to_owned() });
        }
        Some(Happening::Session(session)) => {
            // The first piece of the answer comes right behind it, and doesn't wait for the disk.
            let (store, user, conversation) = (state.store.clone(), user.to_owned(), live.conversation);
            answer.remembered = Some(tokio::spawn(async move {
                if let Err(error) = store.remember(&user, conversation, session).await {
                    tracing::warn!(%error, "the command's session can't be kept");
                }
            }));
        }
        Some(Happening::Token(token)) => answer.push(live, &token),
        Some(Happening::Used(usage)) => answer.used = Some(usage),
        Some(Happening::Finished { text, usage }) => {
            answer.used = Some(usage);
            return Some(End::Complete { text });
        }
        Some(Happening::Cancelled) => return Some(End::Cancelled),
        Some(Happening::Failed(error)) => return Some(End::Failed { code: error.code(), message: error.to_string() }),
        None => {
            let message = "the command ended without a word".to_owned();
            return Some(End::Failed { code: "command_ended", message });
        }
    }
    None
}

/// Ends a turn's command, and waits until it is gone and has said what it cost.
async fn wind_up(turn: &mut Turn, answer: &mut Answer) {
    turn.cancel.cancel();
    let over = async {
        while let Some(happening) = turn.happenings.recv().await {
            match happening {
                Happening::Used(usage) | Happening::Finished { usage, .. } => answer.used = Some(usage),
                _ => {}
            }
        }
    };
    if tokio::time::timeout(END_PATIENCE, over).await.is_err() {
        tracing::error!("a turn goes on although it was told to end");
    }
}

async fn finish(state: &AppState, user: &str, live: &Live, mut answer: Answer, end: End) {
    let remembered = answer.remembered.take();
    let now = SystemTime::now();
    let (used, note) = (answer.used, answer.note.map(str::to_owned));
    let (text, actions) = answer.end(state, &end);
    let mut entry = Entry::new(now, Role::Assistant, text.as_str());
    entry.actions.clone_from(&actions);
    entry.usage = used;
    if let Some(usage) = used {
        // Who cancels pays for what came.
        state.limits.spend(user, usage.input_tokens.saturating_add(usage.output_tokens), now).await;
    }
    let (outcome, reason) = match &end {
        End::Complete { .. } => (Outcome::Complete, note),
        End::Cancelled => (Outcome::Cancelled, note),
        End::Abandoned(why) => (Outcome::Abandoned, Some((*why).to_owned())),
        End::Failed { message, .. } => (Outcome::Failed, Some(message.clone())),
    };
    (entry.outcome, entry.reason) = (Some(outcome), reason);
    let saved = later::append(state, user, live.conversation, entry).await;
    if let Some(remembered) = remembered {
        // The next turn goes on with it. A task that panicked has said so.
        let _ = remembered.await;
    }
    live.say(match end {
        End::Complete { .. } => Outgoing::Complete { text, usage: used.unwrap_or_default(), actions, saved },
        End::Cancelled => Outgoing::Cancelled,
        End::Abandoned(why) => Outgoing::error("abandoned", why),
        End::Failed { code, message } => Outgoing::error(code, message),
    });
}

/// The answer as it comes.
struct Answer {
    reader: Reader,
    /// Everything that came, and what of it was shown.
    raw: String,
    shown: String,
    pieces: usize,
    used: Option<Usage>,
    /// The command's session, on its way to the disk.
    remembered: Option<JoinHandle<()>>,
    /// What is to be known of it besides.
    note: Option<&'static str>,
}

impl Answer {
    fn new(state: &AppState) -> Self {
        Self {
            reader: reader(state),
            raw: String::new(),
            shown: String::new(),
            pieces: 0,
            used: None,
            remembered: None,
            note: None,
        }
    }

    /// Takes a piece, and tells what of it can be shown.
    fn push(&mut self, live: &Live, token: &str) {
        self.raw.push_str(token);
        let token = self.reader.push(token);
        if !token.is_empty() {
            self.shown.push_str(&token);
            self.pieces += 1;
            live.say(Outgoing::Token { token });
        }
    }

    fn is_too_long(&self) -> bool {
        self.raw.len() > LONGEST_ANSWER || self.pieces > MOST_PIECES
    }

    /// The answer's text, and what it proposes. Nothing is proposed by half an answer.
    fn end(self, state: &AppState, end: &End) -> (String, Vec<Proposal>) {
        let (text, actions) = match end {
            End::Complete { text } if *text != self.raw => reader(state).read(text),
            End::Complete { .. } => {
                let (rest, actions) = self.reader.finish();
                (self.shown + &rest, actions)
            }
            _ => (self.shown, Vec::new()),
        };
        (text, actions.into_iter().map(Proposal::new).collect())
    }
}

fn reader(state: &AppState) -> Reader {
    let settings = state.config.actions.clone();
    Reader::new(move |action| settings.offer(action))
}
