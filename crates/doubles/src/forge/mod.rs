//! A forge: what Gitea 1.26 and Forgejo answer to browsers, OAuth clients, API clients and git, as far as recorded contracts, their
//! documentation and experiments with them tell.
//!
//! It serves at the root of its listener and puts the path of its `ROOT_URL` before every address that it hands out, as the real ones do: an edge
//! that strips the prefix and a `ROOT_URL` that has it fit together, and every other pair breaks as it breaks with the real ones.

mod answer;
mod api;
mod assets;
mod auth;
mod body;
mod builder;
mod clock;
mod cookies;
mod cross_origin;
mod health;
mod internal;
mod links;
mod oauth;
mod pages;
mod query;
mod records;
mod registry;
pub mod repositories;
mod repository_pages;
mod requests;
mod sessions;
mod settings;
mod shapes;
mod signing;
mod stores;
mod tokens;
mod users;
mod visit;
mod webhooks;

use std::io;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use serve::{Log, Server};
use tokio::net::TcpListener;

pub use builder::Builder;
use repositories::{Repositories, RepositoryFacts};
pub use settings::{Flavour, SettingError, Settings};
use stores::Stores;
pub use webhooks::Delivery;
use webhooks::{Deliveries, Event};

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
        self.current().stores.repositories.clone()
    }

    /// What became of a repository's webhooks, by webhook, the oldest delivery first; also on the page
    /// `/OWNER/NAME/settings/hooks/ID`.
    pub fn deliveries(&self, owner: &str, name: &str) -> Vec<Delivery> {
        let state = self.current();
        let Some(facts) = state.stores.repositories.get(owner, name) else { return Vec::new() };
        state.stores.records.get(facts.id).hooks.into_iter().flat_map(|hook| hook.deliveries).collect()
    }

    /// Takes the settings of another builder, as a restart with other settings does. Its users, sessions, applications and
    /// repositories stay; users of the builder come in addition. Requests under way are answered by the old settings.
    pub fn reconfigure(&self, builder: Builder) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        builder.add_users(&state.stores.users);
        if let Some(outbound) = builder.outbound {
            state.deliveries.set_outbound(outbound);
        }
        *state = Arc::new(State { settings: builder.settings, ..State::clone(&state) });
    }

    /// Stops it, letting requests under way finish for as long as `grace`.
    pub async fn shutdown(self, grace: Duration) {
        self.server.shutdown(grace).await;
    }

    /// Stops it as [`Self::shutdown`] does, for [`Self::resume`]: it forgets nothing.
    pub async fn pause(&mut self, grace: Duration) {
        self.server.pause(grace).await;
    }

    /// Starts it again, as a restart on the same data does.
    ///
    /// # Errors
    /// The listener has no address.
    pub fn resume(&mut self, listener: TcpListener) -> io::Result<()> {
        self.server.resume(listener)
    }

    fn current(&self) -> Arc<State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What requests share.
#[derive(Debug, Clone)]
struct State {
    settings: Settings,
    stores: Arc<Stores>,
    deliveries: Arc<Deliveries>,
    log: Log,
}

impl State {
    /// Tells the repository's webhooks.
    fn tell(&self, repository: &RepositoryFacts, event: &Event) {
        for order in event.orders(self, repository) {
            let hook = order.hook.id;
            if !self.deliveries.send(self, order) {
                self.log.line(format!("webhook {hook}: too many deliveries wait, this one is dropped"));
            }
        }
    }
}
