//! The turns under way and those that ended a moment ago, by person and conversation.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use uuid::Uuid;

use super::live::Live;

/// How long things may take, and how many there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// How long a turn that nobody follows goes on, and how long one that ended is kept.
    pub keep: Duration,
    /// How often a client is asked whether it is there.
    pub ping: Duration,
    /// How long a client may be silent.
    pub silence: Duration,
    /// How long a client may take to read one frame.
    pub write: Duration,
    /// How many turns one person may have under way.
    pub turns: usize,
    /// How many sockets there may be.
    pub sockets: usize,
    /// How many of them may be one person's: windows that are open, and some that nobody is at any more.
    pub sockets_of_one: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            keep: seconds(30),
            ping: seconds(20),
            silence: seconds(50),
            write: seconds(20),
            turns: 4,
            sockets: 4096,
            sockets_of_one: 32,
        }
    }
}

/// Why no turn begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occupied {
    /// The conversation's turn is under way.
    Conversation,
    /// The person has as many under way as [`Bounds::turns`] says.
    Person,
}

type Turns = HashMap<(String, Uuid), Arc<Live>>;

/// All turns. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Hub {
    turns: Arc<Mutex<Turns>>,
    /// How long things may take, and how many there may be.
    pub bounds: Bounds,
}

impl Hub {
    /// No turns yet, within these bounds.
    pub fn new(bounds: Bounds) -> Self {
        Self { bounds, ..Self::default() }
    }

    fn turns(&self) -> MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a turn. One that ended makes room for it.
    ///
    /// # Errors
    /// There is no room for another.
    pub fn begin(&self, user: &str, conversation: Uuid) -> Result<Arc<Live>, Occupied> {
        let mut turns = self.turns();
        let under_way = |live: &Arc<Live>| !live.has_ended();
        let key = (user.to_owned(), conversation);
        if turns.get(&key).is_some_and(under_way) {
            return Err(Occupied::Conversation);
        }
        if turns.iter().filter(|((whose, _), live)| whose == user && under_way(live)).count() >= self.bounds.turns {
            return Err(Occupied::Person);
        }
        let live = Arc::new(Live::new(Uuid::new_v4(), conversation));
        turns.insert(key, live.clone());
        Ok(live)
    }

    /// The turn of somebody's conversation, if it is kept.
    pub fn find(&self, user: &str, conversation: Uuid) -> Option<Arc<Live>> {
        self.turns().get(&(user.to_owned(), conversation)).cloned()
    }

    /// Forgets a turn, unless another has taken its place.
    pub fn forget(&self, user: &str, live: &Live) {
        let mut turns = self.turns();
        let key = (user.to_owned(), live.conversation);
        if turns.get(&key).is_some_and(|kept| kept.turn == live.turn) {
            turns.remove(&key);
        }
    }

    /// How many turns are kept.
    pub fn len(&self) -> usize {
        self.turns().len()
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.turns().is_empty()
    }
}
