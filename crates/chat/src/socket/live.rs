//! A turn under way, as those who follow it see it: everything that was said in it, kept once for all of them.
//!
//! A follower reads at its own pace. Who lags behind gets several pieces of the answer in one frame, so that nobody's slowness costs
//! memory or holds the turn up.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::outgoing::{Outgoing, Place, frame};

/// How many pieces a follower may be behind before it gets several in one frame.
const LAG: usize = 64;

/// The longest piece that is made of several, in bytes.
const LONGEST_PIECE: usize = 16 * 1024;

/// A turn and what was said in it.
#[derive(Debug)]
pub struct Live {
    /// The turn.
    pub turn: Uuid,
    /// The conversation that it belongs to.
    pub conversation: Uuid,
    /// Ends the turn.
    pub cancel: CancellationToken,
    said: Mutex<Said>,
    /// How much was said, and whether that is all.
    progress: watch::Sender<(usize, bool)>,
    joined: Notify,
}

/// What was said, small: of a piece of the answer only where it ends.
#[derive(Debug, Default)]
struct Said {
    text: String,
    events: Vec<Event>,
}

#[derive(Debug)]
enum Event {
    /// The piece ends at this place of the text; it begins where the one before it ended.
    Piece(usize),
    Other(Box<Outgoing>, usize),
}

impl Event {
    fn end(&self) -> usize {
        match self {
            Self::Piece(end) | Self::Other(_, end) => *end,
        }
    }
}

impl Live {
    /// A turn in which nothing was said yet.
    pub fn new(turn: Uuid, conversation: Uuid) -> Self {
        Self {
            turn,
            conversation,
            cancel: CancellationToken::new(),
            said: Mutex::default(),
            progress: watch::Sender::new((0, false)),
            joined: Notify::new(),
        }
    }

    fn said(&self) -> MutexGuard<'_, Said> {
        // Nothing under the lock can panic halfway.
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says something to all who follow. After an end nothing more is said.
    pub fn say(&self, outgoing: Outgoing) {
        let ends = outgoing.ends_turn();
        let count = {
            let mut said = self.said();
            if self.progress.borrow().1 {
                return;
            }
            match outgoing {
                Outgoing::Token { token } => {
                    said.text.push_str(&token);
                    let end = said.text.len();
                    said.events.push(Event::Piece(end));
                }
                other => {
                    let end = said.text.len();
                    said.events.push(Event::Other(Box::new(other), end));
                }
            }
            said.events.len()
        };
        self.progress.send_replace((count, ends));
    }

    /// Whether the turn is over.
    pub fn has_ended(&self) -> bool {
        self.progress.borrow().1
    }

    /// Follows the turn from what was said after the so manieth.
    pub fn follow(self: &std::sync::Arc<Self>, after: u64) -> Follower {
        let progress = self.progress.subscribe();
        self.joined.notify_waiters();
        let at = usize::try_from(after).unwrap_or(usize::MAX).min(self.said().events.len());
        Follower { live: self.clone(), progress, at }
    }

    /// Returns when nobody has followed the turn for so long.
    pub async fn forsaken(&self, patience: std::time::Duration) {
        loop {
            // Asked for before looking, so that nobody joins unseen in between.
            let joined = self.joined.notified();
            self.progress.closed().await;
            if tokio::time::timeout(patience, joined).await.is_err() && self.progress.receiver_count() == 0 {
                return;
            }
        }
    }

    /// What is said as the next after so many, and how many that makes.
    fn next(&self, at: usize) -> Option<(Utf8Bytes, usize)> {
        let said = self.said();
        let event = said.events.get(at)?;
        let from = at.checked_sub(1).map_or(0, |before| said.events[before].end());
        let (outgoing, count) = match event {
            Event::Other(outgoing, _) => (outgoing.as_ref().clone(), at + 1),
            Event::Piece(end) => {
                let (mut end, mut count) = (*end, at + 1);
                if said.events.len() - at > LAG {
                    while let Some(Event::Piece(next)) =
                        said.events.get(count).filter(|next| next.end() - from <= LONGEST_PIECE)
                    {
                        (end, count) = (*next, count + 1);
                    }
                }
                (Outgoing::Token { token: said.text[from..end].to_owned() }, count)
            }
        };
        drop(said);
        let place = Place { turn: self.turn, seq: count as u64 };
        Some((frame(&outgoing, Some(self.conversation), Some(place)), count))
    }
}

/// Somebody who follows a turn.
#[derive(Debug)]
pub struct Follower {
    live: std::sync::Arc<Live>,
    progress: watch::Receiver<(usize, bool)>,
    at: usize,
}

impl Follower {
    /// The turn.
    pub fn live(&self) -> &Live {
        &self.live
    }

    /// The next frame, as soon as there is one; nothing after the turn's end.
    pub async fn next(&mut self) -> Option<Utf8Bytes> {
        loop {
            let (count, ended) = *self.progress.borrow_and_update();
            if self.at < count {
                let (frame, at) = self.live.next(self.at)?;
                self.at = at;
                return Some(frame);
            }
            if ended || self.progress.changed().await.is_err() {
                return None;
            }
        }
    }
}
