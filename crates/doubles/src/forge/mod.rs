//! A forge: what Gitea 1.26 and Forgejo answer to a browser that signs in, as far as recorded contracts and their documentation tell.
//!
//! It serves at the root of its listener and puts the path of its `ROOT_URL` before every address that it hands out, as the real ones do: an edge
//! that strips the prefix and a `ROOT_URL` that has it fit together, and every other pair breaks as it breaks with the real ones.

mod answer;
mod assets;
mod cookies;
mod pages;
pub mod repositories;
mod requests;
mod sessions;
mod settings;

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use serve::{Log, Server};
use tokio::net::TcpListener;

use repositories::Repositories;
use sessions::Sessions;
pub use settings::{Flavour, SettingError, Settings};

/// A forge that is running. Dropping it frees its port.
#[derive(Debug)]
pub struct Forge {
    server: Server,
    log: Log,
    state: Arc<RwLock<Arc<State>>>,
}

impl Forge {
    /// A forge to be.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Where it listens.
    pub fn addr(&self) -> std::net::SocketAddr {
        self.server.address()
    }

    /// What it logged.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Its repositories.
    pub fn repositories(&self) -> Repositories {
        self.state.read().unwrap_or_else(PoisonError::into_inner).repositories.clone()
    }

    /// Takes the settings of another builder, as a restart with other settings does. Its users, sessions and repositories stay; users of
    /// the builder come in addition. Requests under way are answered by the old settings.
    pub fn reconfigure(&self, builder: Builder) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let mut users = state.users.clone();
        users.extend(builder.users);
        *state = Arc::new(State {
            settings: builder.settings,
            users,
            sessions: state.sessions.clone(),
            repositories: state.repositories.clone(),
        });
    }

    /// Stops it, letting requests under way finish for as long as `grace`.
    pub async fn shutdown(self, grace: Duration) {
        self.server.shutdown(grace).await;
    }
}

/// A forge to be.
#[derive(Debug, Clone, Default)]
pub struct Builder {
    settings: Settings,
    users: BTreeMap<String, Password>,
}

impl Builder {
    /// Which of the forges it answers as; Forgejo unless said otherwise.
    #[must_use]
    pub fn flavour(mut self, flavour: Flavour) -> Self {
        self.settings.flavour = flavour;
        self
    }

    /// The URL that the forge believes browsers use (`ROOT_URL`).
    ///
    /// # Errors
    /// Not an http or https URL.
    pub fn root_url(self, url: &str) -> Result<Self, SettingError> {
        self.setting("GITEA__server__ROOT_URL", url)
    }

    /// A setting as the official images take it from the environment (`GITEA__server__ROOT_URL`, `FORGEJO__…`).
    ///
    /// # Errors
    /// A setting that the double doesn't know, or a value that the setting can't have.
    pub fn setting(mut self, name: &str, value: &str) -> Result<Self, SettingError> {
        self.settings.set(name, value)?;
        Ok(self)
    }

    /// Somebody who can sign in.
    #[must_use]
    pub fn user(mut self, name: &str, password: &str) -> Self {
        self.users.insert(name.to_lowercase(), Password { name: name.to_owned(), password: password.to_owned() });
        self
    }

    /// Serves at the listener.
    ///
    /// # Errors
    /// The listener has no address.
    pub fn serve(self, listener: TcpListener) -> io::Result<Forge> {
        let log = Log::default();
        let state = State {
            settings: self.settings,
            users: self.users,
            sessions: Arc::default(),
            repositories: Repositories::default(),
        };
        let state = Arc::new(RwLock::new(Arc::new(state)));
        let (current, lines) = (state.clone(), log.clone());
        let server = Server::start(listener, move |request, _| {
            let forge = current.read().unwrap_or_else(PoisonError::into_inner).clone();
            let lines = lines.clone();
            async move {
                let (method, path) = (request.method().clone(), request.uri().path().to_owned());
                let answer = requests::answer(&forge, request).await;
                lines.access(method.as_str(), &path, answer.status().as_u16());
                answer
            }
        })?;
        Ok(Forge { server, log, state })
    }
}

/// What requests share.
#[derive(Debug)]
struct State {
    settings: Settings,
    /// By name in lower case.
    users: BTreeMap<String, Password>,
    sessions: Arc<Sessions>,
    repositories: Repositories,
}

impl State {
    /// The user with this password, by the name's own spelling.
    fn check(&self, name: &str, password: &str) -> Option<&str> {
        let user = self.users.get(&name.to_lowercase())?;
        (user.password == password).then_some(user.name.as_str())
    }
}

#[derive(Clone)]
struct Password {
    name: String,
    password: String,
}

impl std::fmt::Debug for Password {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Password").field("name", &self.name).finish_non_exhaustive()
    }
}
