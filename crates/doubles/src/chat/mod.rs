//! A chat: what the chat service answers to browsers, to the edge's gate and on its socket, with no command behind it: questions come back as
//! `You said: …`, word by word. Nothing is on a disk.
//!
//! It takes the service's settings, and shares no line with it: what one gets wrong the other doesn't. [`Defect`]s are mistakes that it can
//! be built with.

mod actions;
mod answer;
mod builder;
mod clock;
mod cookies;
mod defect;
mod gate;
mod history;
mod limits;
mod page;
mod place;
mod refusal;
mod requests;
mod sessions;
mod settings;
mod sign_in;
mod socket;
mod verify;

use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use serve::{Log, Server};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::outbound::Outbound;

pub use builder::Builder;
pub use defect::Defect;
pub use limits::Limits;
pub use place::Mode;
pub use settings::{CiSettings, Settings, SettingsError};

/// A chat that is running. Dropping it frees its port and closes its sockets.
#[derive(Debug)]
pub struct Chat {
    server: Server,
    log: Log,
    state: Arc<RwLock<Arc<State>>>,
}

impl Chat {
    /// A chat to be, by its settings.
    pub fn builder(settings: Settings) -> Builder {
        Builder::new(settings)
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.server.address()
    }

    /// What it logged.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Takes other settings, as a restart with them on the same disk does: sessions, counters and conversations stay, sockets are closed.
    pub fn reconfigure(&self, settings: Settings) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.closing.cancel();
        *state = Arc::new(State { settings, closing: CancellationToken::new(), ..State::clone(&state) });
    }

    /// Stops it, letting requests under way finish for as long as `grace`.
    pub async fn shutdown(mut self, grace: Duration) {
        self.pause(grace).await;
    }

    /// Stops it as [`Self::shutdown`] does, for [`Self::resume`]: it forgets nothing.
    pub async fn pause(&mut self, grace: Duration) {
        self.current().closing.cancel();
        self.server.pause(grace).await;
    }

    /// Starts it again, as a restart on the same disk does.
    ///
    /// # Errors
    /// The listener has no address.
    pub fn resume(&mut self, listener: TcpListener) -> io::Result<()> {
        self.reconfigure(self.current().settings.clone());
        self.server.resume(listener)
    }

    fn current(&self) -> Arc<State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Chat {
    fn drop(&mut self) {
        self.current().closing.cancel();
    }
}

/// What requests share.
#[derive(Debug, Clone)]
struct State {
    settings: Settings,
    defects: BTreeSet<Defect>,
    /// How long a word of an answer takes.
    word_delay: Duration,
    outbound: Outbound,
    log: Log,
    sessions: Arc<sessions::Sessions>,
    attempts: Arc<sign_in::Attempts>,
    counters: Arc<limits::Counters>,
    history: Arc<history::History>,
    turns: Arc<socket::Turns>,
    done: Arc<actions::Done>,
    /// Cancelled when the server ends: sockets outlive their requests.
    closing: CancellationToken,
}

impl State {
    fn has(&self, defect: Defect) -> bool {
        self.defects.contains(&defect)
    }

    /// Whether somebody may use the service.
    fn allows(&self, user: &str) -> bool {
        self.has(Defect::StrangersAdmitted) || self.settings.allowed.contains(&user.to_ascii_lowercase())
    }
}
