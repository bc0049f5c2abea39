//! A chat to be.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use serve::{Log, Server};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::defect::Defect;
use super::settings::Settings;
use super::{Chat, State, requests};
use crate::outbound::Outbound;

/// How long a word takes unless said otherwise.
const WORD_DELAY: Duration = Duration::from_millis(30);

/// A chat to be.
#[derive(Debug, Clone)]
pub struct Builder {
    settings: Settings,
    defects: BTreeSet<Defect>,
    word_delay: Duration,
    outbound: Outbound,
    log: Log,
}

impl Builder {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            settings,
            defects: BTreeSet::new(),
            word_delay: WORD_DELAY,
            outbound: Outbound::default(),
            log: Log::default(),
        }
    }

    /// Builds it with a mistake.
    #[must_use]
    pub fn defect(mut self, defect: Defect) -> Self {
        self.defects.insert(defect);
        self
    }

    /// Builds it with several.
    #[must_use]
    pub fn defects(mut self, defects: impl IntoIterator<Item = Defect>) -> Self {
        self.defects.extend(defects);
        self
    }

    /// How long each word of an answer takes.
    #[must_use]
    pub fn word_delay(mut self, delay: Duration) -> Self {
        self.word_delay = delay;
        self
    }

    /// How calls to the forge and the CI go out; by the system's resolver and certificates unless said otherwise.
    #[must_use]
    pub fn outbound(mut self, outbound: Outbound) -> Self {
        self.outbound = outbound;
        self
    }

    /// Where it logs.
    #[must_use]
    pub fn log(mut self, log: Log) -> Self {
        self.log = log;
        self
    }

    /// Its settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Serves at the listener.
    ///
    /// # Errors
    /// The listener has no address.
    pub fn serve(self, listener: TcpListener) -> io::Result<Chat> {
        let Self { settings, defects, word_delay, outbound, log } = self;
        let state = State {
            settings,
            defects,
            word_delay,
            outbound,
            log: log.clone(),
            sessions: Arc::default(),
            attempts: Arc::default(),
            counters: Arc::default(),
            history: Arc::default(),
            turns: Arc::default(),
            done: Arc::default(),
            closing: CancellationToken::new(),
        };
        let state = Arc::new(RwLock::new(Arc::new(state)));
        let current = state.clone();
        let server = Server::start(listener, move |request, _| {
            let state = current.read().unwrap_or_else(PoisonError::into_inner).clone();
            async move {
                let (method, path) = (request.method().clone(), request.uri().path().to_owned());
                let answer = requests::answer(&state, request).await;
                state.log.access(method.as_str(), &path, answer.status().as_u16());
                answer
            }
        })?;
        Ok(Chat { server, log, state })
    }
}
