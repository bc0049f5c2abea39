//! A CI: what Woodpecker 3.17 answers to browsers, programs, webhooks and its agents, as far as recorded contracts and its
//! documentation tell.
//!
//! It serves under the path of `WOODPECKER_HOST`, and answers everything else with the dashboard's index, as the real one does: an edge that strips the
//! prefix, or a host without it, gives `200 text/html` for scripts, for the API and for the health check alike.
//!
//! **Not Woodpecker's**: agents speak a small HTTP protocol of our own ([`agent`]) instead of gRPC, and run nothing: a step
//! is done as soon as an agent has it. Nothing is kept over a restart. Of a pipeline file it reads the steps' names, `when: event` and `when:
//! branch`. Parts of the API that it lacks answer `501`.

pub mod agent;
mod agents;
mod answer;
mod api;
mod dashboard;
mod model;
mod queue;
mod remote;
mod requests;
mod route;
mod session;
mod settings;
mod sign_in;
mod start;
mod store;
mod token;
mod workflow;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use http::Response;
use serve::{Log, Server};
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::outbound::Outbound;
pub use model::VERSION;
use remote::Remote;
pub use settings::{ForgeKind, ForgeSettings, SettingError, Settings};
use store::Store;

/// A CI server that is running. Dropping it frees its ports.
#[derive(Debug)]
pub struct Ci {
    server: Server,
    agents: Server,
    log: Log,
    state: Arc<RwLock<Arc<State>>>,
}

impl Ci {
    /// Serves browsers, programs and webhooks at one listener, agents at another.
    ///
    /// # Errors
    /// A listener has no address; the operating system has no random bytes.
    pub fn start(
        settings: Settings,
        outbound: Outbound,
        listener: TcpListener,
        agent_listener: TcpListener,
        log: Log,
    ) -> io::Result<Self> {
        let state = State {
            settings,
            outbound,
            store: Arc::new(Store::new()?),
            log: log.clone(),
            work: Arc::default(),
            renewing: Arc::default(),
        };
        state.info(&format!("starting Woodpecker server with version '{VERSION}' (a double)"));
        let state = Arc::new(RwLock::new(Arc::new(state)));
        let current = state.clone();
        let server = Server::start(listener, move |request, _| {
            let state = current.read().unwrap_or_else(PoisonError::into_inner).clone();
            async move {
                let (method, path) = (request.method().clone(), request.uri().path().to_owned());
                let answer: Response<serve::Body> = requests::answer(&state, request).await;
                state.log.access(method.as_str(), &path, answer.status().as_u16());
                answer
            }
        })?;
        let current = state.clone();
        let agents = Server::start(agent_listener, move |request, _| {
            let state = current.read().unwrap_or_else(PoisonError::into_inner).clone();
            async move { agents::answer(&state, request).await }
        })?;
        Ok(Self { server, agents, log, state })
    }

    /// Where browsers, programs and webhooks come.
    pub fn addr(&self) -> SocketAddr {
        self.server.address()
    }

    /// Where agents come.
    pub fn agent_addr(&self) -> SocketAddr {
        self.agents.address()
    }

    /// What it logged.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Takes other settings, as a restart with them on the same database does. Requests under way are answered by the old ones.
    pub fn reconfigure(&self, settings: Settings) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        *state = Arc::new(State { settings, ..State::clone(&state) });
    }

    /// Stops it, letting requests under way finish for as long as `grace`.
    pub async fn shutdown(mut self, grace: Duration) {
        self.pause(grace).await;
    }

    /// Stops it as [`Self::shutdown`] does, for [`Self::resume`]: it forgets nothing.
    pub async fn pause(&mut self, grace: Duration) {
        // Agents that wait for work are told at once that there is none.
        self.state.read().unwrap_or_else(PoisonError::into_inner).work.notify_waiters();
        tokio::join!(self.server.pause(grace), self.agents.pause(grace));
    }

    /// Starts it again, as a restart on the same data does.
    ///
    /// # Errors
    /// A listener has no address.
    pub fn resume(&mut self, listener: TcpListener, agent_listener: TcpListener) -> io::Result<()> {
        self.server.resume(listener)?;
        self.agents.resume(agent_listener)
    }
}

/// What requests share.
#[derive(Debug, Clone)]
struct State {
    settings: Settings,
    outbound: Outbound,
    store: Arc<Store>,
    log: Log,
    /// There is work for agents.
    work: Arc<Notify>,
    /// Held while a token for the forge is renewed: a refresh token may be good for one time.
    renewing: Arc<tokio::sync::Mutex<()>>,
}

impl State {
    fn remote(&self) -> Remote<'_> {
        Remote { settings: &self.settings.forge, outbound: &self.outbound }
    }

    /// Notes what went wrong, in the shape of Woodpecker's log.
    fn error(&self, message: &str, error: &str) {
        self.log.line(log_line("error", message, error));
    }

    fn info(&self, message: &str) {
        self.log.line(log_line("info", message, ""));
    }
}

/// A line of a log: JSON, as Woodpecker writes it where no terminal reads along, without the time.
pub fn log_line(level: &str, message: &str, error: &str) -> String {
    let line = if error.is_empty() {
        serde_json::json!({ "level": level, "message": message })
    } else {
        serde_json::json!({ "level": level, "error": error, "message": message })
    };
    line.to_string()
}
