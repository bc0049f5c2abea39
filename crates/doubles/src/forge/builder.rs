//! A forge to be.

use std::fmt;
use std::io;
use std::sync::{Arc, PoisonError, RwLock};

use serve::{Log, Server};
use tokio::net::TcpListener;

use super::settings::{Flavour, SettingError, Settings};
use super::stores::Stores;
use super::users::Users;
use super::webhooks::{self, Deliveries};
use super::{Forge, State, requests};
use crate::outbound::Outbound;

/// A forge to be.
#[derive(Debug, Clone, Default)]
pub struct Builder {
    pub(super) settings: Settings,
    users: Vec<NewUser>,
    pub(super) outbound: Option<Outbound>,
}

#[derive(Clone)]
struct NewUser {
    name: String,
    password: String,
}

impl fmt::Debug for NewUser {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("NewUser").field("name", &self.name).finish_non_exhaustive()
    }
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

    /// Somebody who can sign in, and who administers the forge, as the first user of a real one does. Others are made through the API.
    #[must_use]
    pub fn user(mut self, name: &str, password: &str) -> Self {
        self.users.push(NewUser { name: name.to_owned(), password: password.to_owned() });
        self
    }

    /// How webhooks go out; by the system's resolver and certificates unless said otherwise.
    #[must_use]
    pub fn outbound(mut self, outbound: Outbound) -> Self {
        self.outbound = Some(outbound);
        self
    }

    /// Serves at the listener.
    ///
    /// # Errors
    /// The listener has no address, or the operating system no random bytes.
    pub fn serve(self, listener: TcpListener) -> io::Result<Forge> {
        let log = Log::default();
        let stores = Arc::new(Stores::new()?);
        self.add_users(&stores.users);
        let deliveries = Arc::new(Deliveries::start(self.outbound.unwrap_or_default()));
        let state = State { settings: self.settings, stores, deliveries, log: log.clone() };
        let repositories = state.stores.repositories.clone();
        let state = Arc::new(RwLock::new(Arc::new(state)));
        // Weak, for the repositories are part of the state.
        let listening = Arc::downgrade(&state);
        repositories.on_push(move |push| {
            let Some(state) = listening.upgrade() else { return };
            let forge = state.read().unwrap_or_else(PoisonError::into_inner).clone();
            webhooks::pushed(&forge, push).iter().for_each(|event| forge.tell(&push.repository, event));
        });
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

    /// Makes the builder's users, or gives those that are there already the builder's passwords.
    pub(super) fn add_users(&self, users: &Users) {
        for NewUser { name, password } in &self.users {
            if !users.set_password(name, password) {
                users.add(name, &format!("{}@edge.test", name.to_lowercase()), password, true);
            }
        }
    }
}
