//! The rooms together, from the listener to the end.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use http::Request;
use hyper::body::Incoming;
use serve::{Server, boxed};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::client::Client;
use crate::config::Config;
use crate::history::History;
use crate::limits::Limits;
use crate::socket::Hub;
use crate::state::{Store, StoreError};
use crate::turn::Turns;

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
    /// Cancelled when the service is about to end: sockets say so and close.
    pub closing: CancellationToken,
    /// What the service waits for before it ends, and no longer than its grace: turns under way.
    pub tasks: TaskTracker,
    /// Cancelled when the grace is over: turns end, and note so in the history.
    pub ending: CancellationToken,
    /// The turns under way, as their followers see them.
    pub hub: Hub,
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

/// A chat service that is running. Dropping it frees its port and closes its connections at once.
#[derive(Debug)]
pub struct Chat {
    server: Server,
    state: AppState,
}

impl Chat {
    /// Serves at the listener.
    ///
    /// # Errors
    /// A folder that can't be used; a listener without an address.
    pub fn start(config: Config, listener: TcpListener) -> Result<Self, StartError> {
        let state = AppState {
            store: Store::open(&config.state_dir)?,
            history: History::open(config.history_dir.clone()).map_err(StartError::History)?,
            limits: Limits::new(config.limits),
            turns: Turns::new(config.turn.clone()),
            client: Client::new(config.outbound.clone()),
            closing: CancellationToken::new(),
            tasks: TaskTracker::new(),
            ending: CancellationToken::new(),
            hub: Hub::default(),
            config: Arc::new(config),
        };
        let router = Router::new().route("/health", get(async || "ok\n")).with_state(state.clone());
        let server = Server::start(listener, move |request: Request<Incoming>, _| {
            let router = router.clone();
            async move {
                match router.oneshot(request).await {
                    Ok(answer) => answer.map(boxed),
                    Err(never) => match never {},
                }
            }
        })?;
        Ok(Self { server, state })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.server.address()
    }

    /// Stops: no new connections, sockets are told, and turns under way get `grace` to finish.
    pub async fn shutdown(self, grace: Duration) {
        self.state.closing.cancel();
        self.state.tasks.close();
        self.server.shutdown(grace).await;
    }
}
