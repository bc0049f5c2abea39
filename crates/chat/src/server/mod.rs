//! The rooms together, from the listener to the end.

mod handle;
mod health;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::any;
use http::StatusCode;
use serve::{Log, Server};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::client::Client;
use crate::config::Config;
use crate::history::{self, History};
use crate::limits::Limits;
use crate::socket::{self, Hub, Seats};
use crate::state::{Store, StoreError};
use crate::turn::Turns;
use crate::{actions, answer, gate, page, sign_in};

/// The most content of a request, in bytes. An action's payload fits by far.
const CONTENT: usize = 256 * 1024;

/// How long what was cancelled at the end may take to write down that it was.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// What every handler may use.
#[derive(Debug, Clone)]
pub struct AppState {
    /// The settings.
    pub config: Arc<Config>,
    /// What survives a restart.
    pub store: Store,
    /// What was said.
    pub history: History,
    /// How much one person may ask for.
    pub limits: Limits,
    /// The command.
    pub turns: Turns,
    /// Requests to other services.
    pub client: Client,
    /// Cancelled when the service is about to end: nothing new begins, and people are told. Turns under way go on.
    pub closing: CancellationToken,
    /// Cancelled when the time for that is over: what is still under way is cancelled, and written down as such.
    pub ending: CancellationToken,
    /// What the service waits for before it ends: turns and sockets run as tasks of this tracker.
    pub tasks: TaskTracker,
    /// The turns under way, as those who follow them see them.
    pub hub: Hub,
    /// How many sockets there are, and may be.
    pub seats: Seats,
}

/// Why the service doesn't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The state's folder.
    #[error("CHAT_STATE_DIR: {0}")]
    State(#[from] StoreError),
    /// The history's folder.
    #[error("CHAT_HISTORY_DIR: {0}")]
    History(io::Error),
    /// The listener.
    #[error("the chat can't listen: {0}")]
    Listen(#[from] io::Error),
}

/// A chat service that is running. Dropping it frees its port, closes its connections and cancels its turns at once.
#[derive(Debug)]
pub struct Chat {
    server: Server,
    state: AppState,
    log: Log,
}

impl Chat {
    /// Serves at the listener.
    ///
    /// # Errors
    /// A folder that can't be used; a listener without an address.
    pub fn start(config: Config, listener: TcpListener) -> Result<Self, StartError> {
        let store = Store::open(&config.state_dir)?;
        let state = AppState {
            history: History::open(config.history_dir.clone()).map_err(StartError::History)?,
            limits: Limits::new(config.limits, store.clone()),
            turns: Turns::new(config.turn.clone()),
            client: Client::new(config.outbound.clone(), config.patience),
            closing: CancellationToken::new(),
            ending: CancellationToken::new(),
            tasks: TaskTracker::new(),
            hub: Hub::new(config.bounds),
            seats: Seats::new(config.bounds),
            config: Arc::new(config),
            store,
        };
        let log = Log::default();
        let (router, known, lines) = (router().with_state(state.clone()), state.clone(), log.clone());
        let server = Server::start(listener, move |request, _| {
            handle::handle(known.clone(), router.clone(), lines.clone(), request)
        })?;
        Ok(Self { server, state, log })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.server.address()
    }

    /// The last requests that it answered.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Stops: nothing new begins, people are told, and turns under way get `grace` to finish. What hasn't then is cancelled.
    pub async fn shutdown(mut self, grace: Duration) {
        self.state.closing.cancel();
        self.state.tasks.close();
        let (tasks, ending) = (self.state.tasks.clone(), self.state.ending.clone());
        let turns = async move {
            if tokio::time::timeout(grace, tasks.wait()).await.is_err() {
                tracing::warn!(tasks = tasks.len(), "what is still under way is cancelled");
                ending.cancel();
                // Whoever doesn't end now ends with the process.
                let _ = tokio::time::timeout(LAST_WORDS, tasks.wait()).await;
            }
        };
        tokio::join!(turns, self.server.pause(grace));
    }
}

impl Drop for Chat {
    fn drop(&mut self) {
        self.state.closing.cancel();
        self.state.ending.cancel();
    }
}

/// The rooms' routes, as the service knows them itself: without a prefix, and behind [`gate::admit`].
fn router() -> Router<AppState> {
    Router::new()
        .route("/auth/verify", any(gate::verify))
        .merge(sign_in::routes())
        .merge(history::routes())
        .merge(socket::routes())
        .merge(actions::routes())
        .merge(page::routes())
        .fallback(async || answer::error(StatusCode::NOT_FOUND, "not_found", "there is nothing here"))
        .layer(DefaultBodyLimit::max(CONTENT))
}
