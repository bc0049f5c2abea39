//! What a plan is made of: what is known beforehand, and what only the forge can tell.

use std::collections::{BTreeMap, BTreeSet};

use scenario::model::Service;
use scenario::{Diagnostic, Secret, Source};
use verdict::evidence::Trouble;

use super::super::compose;
use super::super::compose::model::Compose;
use super::{Plan, mistake, plan};
use crate::images::{Choice, entry};
use crate::stack::applications::{self, SIGNING_IN};
use crate::stack::authority::Authority;
use crate::stack::bootstrap::{MAX_REQUESTS_PER_HOUR, TALKATIVE, USER};
use crate::stack::{Product, StackOptions, random};

/// How long the secret is that the CI and its agent share.
const SECRET_LENGTH: usize = 32;
/// The file that describes the stack.
const COMPOSE: &str = include_str!("../../../../fixtures/compose.yml");

/// What a stack keeps from its beginning to its end.
#[derive(Debug, Clone)]
pub(crate) struct Ground {
    /// The port of loopback where the edge listens.
    pub(crate) port: u16,
    /// Who vouches for the edge, where it speaks https.
    pub(crate) authority: Option<Authority>,
    /// What the CI and its agent know of each other.
    agent_secret: Secret,
    /// What the edge and the chat know of each other.
    gate_secret: Secret,
}

impl Ground {
    /// At this port, with secrets of its own.
    ///
    /// # Errors
    /// There are no random bytes.
    pub(crate) fn new(port: u16, authority: Option<Authority>) -> Result<Self, random::Unavailable> {
        let secret = || random::text(random::ALPHANUMERIC, SECRET_LENGTH).map(Secret::new);
        Ok(Self { port, authority, agent_secret: secret()?, gate_secret: secret()? })
    }

    /// That of a stack that stands.
    pub(crate) fn restored(port: u16, authority: Option<Authority>, agent_secret: Secret, gate_secret: Secret) -> Self {
        Self { port, authority, agent_secret, gate_secret }
    }

    /// What the CI and its agent know of each other.
    pub(crate) fn agent_secret(&self) -> &Secret {
        &self.agent_secret
    }

    /// What the edge and the chat know of each other.
    pub(crate) fn gate_secret(&self) -> &Secret {
        &self.gate_secret
    }
}

/// What is known once the forge is set up, and those who sign people in there are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Registered {
    /// Which forge it is.
    pub(crate) product: Product,
    /// The applications there.
    pub(crate) applications: applications::Registered,
    /// What the chat opens issues with.
    pub(crate) chat_token: Option<Secret>,
}

/// What a plan is made of.
#[derive(Debug)]
pub(crate) struct Inputs<'a> {
    /// The services by name.
    pub(crate) names: &'a BTreeSet<String>,
    /// How the stack is to be.
    pub(crate) options: &'a StackOptions,
    /// What the services run from.
    pub(crate) images: &'a BTreeMap<Service, Choice>,
    /// What it keeps.
    pub(crate) ground: Ground,
}

impl Inputs<'_> {
    /// The plan. Before the forge is set up nobody is `registered` there, and those who sign people in are told nothing of it.
    ///
    /// # Errors
    /// An application for a service that isn't there. The compose file can't be read, or the routes are impossible: mistakes of
    /// ours, which its tests keep out.
    pub(crate) fn plan(&self, registered: Option<Registered>) -> Result<Plan, Trouble> {
        applications::refuse_unknown(&self.options.applications, &self.signing_in())?;
        let compose = read(&|variable| self.variable(variable, registered.as_ref()))?;
        plan(self, compose, registered)
    }

    /// The services that sign people in at the forge.
    pub(crate) fn signing_in(&self) -> Vec<Service> {
        SIGNING_IN.into_iter().filter(|service| self.names.contains(service.as_str())).collect()
    }

    /// The value of a variable of the compose file; `None` leaves it its default.
    fn variable(&self, name: &str, registered: Option<&Registered>) -> Option<String> {
        let is_gitea = registered.is_some_and(|registered| registered.product == Product::Gitea);
        let application = |service: Service| {
            let application = registered?.applications.get(&service)?;
            Some(applications::told(service, application, &self.options.applications))
        };
        match name {
            "EDGE_PORT" => Some(self.ground.port.to_string()),
            "CI_FORGEJO" => Some((!is_gitea).to_string()),
            "CI_GITEA" => Some(is_gitea.to_string()),
            "CI_OAUTH_CLIENT_ID" => Some(application(Service::Ci)?.client_id),
            "CI_OAUTH_CLIENT_SECRET" => Some(application(Service::Ci)?.client_secret.expose().to_owned()),
            "CHAT_OAUTH_CLIENT_ID" => Some(application(Service::Chat)?.client_id),
            "CHAT_OAUTH_CLIENT_SECRET" => Some(application(Service::Chat)?.client_secret.expose().to_owned()),
            "CHAT_FORGE_TOKEN" => Some(registered?.chat_token.as_ref()?.expose().to_owned()),
            "DISINTO_CHAT_ALLOWED_USERS" => Some(format!("{USER},{TALKATIVE}")),
            "CHAT_MAX_REQUESTS_PER_HOUR" => Some(MAX_REQUESTS_PER_HOUR.to_owned()),
            "FORWARD_AUTH_SECRET" => Some(self.ground.gate_secret.expose().to_owned()),
            "CI_AGENT_SECRET" | "CI_GRPC_SECRET" => Some(self.ground.agent_secret.expose().to_owned()),
            _ => {
                let is_its = |service: &Service| entry(*service).is_some_and(|entry| entry.variable == name);
                self.images.iter().find(|(service, _)| is_its(service)).map(|(_, choice)| choice.image.clone())
            }
        }
    }
}

/// The file that describes the stack, with its variables filled in.
pub(super) fn read(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Compose, Trouble> {
    compose::read(&Source::new("fixtures/compose.yml", COMPOSE), lookup).map_err(|diagnostics| {
        let text: Vec<String> = diagnostics.iter().map(|diagnostic: &Diagnostic| diagnostic.render(false)).collect();
        mistake(text.join("\n"))
    })
}
