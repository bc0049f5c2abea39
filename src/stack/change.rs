//! Changing a stack of ours while it stands.
//!
//! A change is rendered before anything is touched, then carried out, then verified from outside; where that fails,
//! everything is put back.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use routes::change::RouteChanges;
use scenario::model::{Mode, Service};
use verdict::evidence::Trouble;

use super::api::{Api, Way};
use super::applications::Application;
use super::{Stack, StackOptions};

/// Settings by service, on top of the stack's own; `None` unsets.
pub type Environment = BTreeMap<Service, BTreeMap<String, Option<String>>>;

/// What a stack is to become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The routing mode.
    pub mode: Mode,
    /// Settings on top of those that go with the mode, in place of those that the stack was started with.
    pub environment: Environment,
    /// Changes of the routes, in place of those that the stack was started with.
    pub routes: RouteChanges,
}

impl Change {
    /// The options of the stack that it is to become.
    pub(crate) fn applied_to(&self, options: &StackOptions) -> StackOptions {
        let Change { mode, environment, routes } = self.clone();
        StackOptions { mode, environment, routes, ..options.clone() }
    }
}

/// What a change came to.
#[derive(Debug, Clone, Default)]
pub struct Changed {
    /// The services that were restarted.
    pub restarted: Vec<Service>,
    /// The forge's OAuth applications whose redirect URIs were changed, with the secrets that they have since.
    pub applications: Vec<Application>,
}

/// Why a change didn't come about.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangeError {
    /// What went wrong.
    pub trouble: Trouble,
    /// Why not everything could be put back; `None` where the stack stands as before.
    pub not_put_back: Option<Trouble>,
}

impl ChangeError {
    /// Nothing had been touched, or everything is as before.
    pub(crate) fn harmless(trouble: Trouble) -> Self {
        Self { trouble, not_put_back: None }
    }
}

/// A stack that can be changed while it stands.
#[async_trait]
pub trait Changeable: Stack {
    /// What it is.
    fn current(&self) -> Change;

    /// Makes it something else: renders, applies, updates the redirect URIs of OAuth applications, restarts what must
    /// restart, and verifies from outside. Afterwards [`Stack::site`] and [`Stack::facts`] are those of the new one.
    /// After an error they are those of before, and so is the stack unless the error says otherwise.
    ///
    /// Where the future is dropped, the stack may be left halfway: take it down.
    ///
    /// # Errors
    /// A setting that can't be; a service that doesn't come up again, or that disagrees with the edge about its address.
    async fn change(&mut self, change: &Change) -> Result<Changed, ChangeError>;

    /// How it was asked to be, with all that is wrong with it.
    fn options(&self) -> &StackOptions;

    /// The routes that it should have, whatever is wrong with them.
    fn routes(&self) -> &routes::Site;

    /// Makes it what these options say, whatever is wrong with it then: nothing is checked from outside but that the services
    /// which restart come up. The applications of the services in `renew` get a new secret, which the service is told.
    /// Images, TLS and the kind of forge stay.
    ///
    /// Where the future is dropped, the stack may be left halfway: take it down.
    ///
    /// # Errors
    /// A setting that can't be; a service that doesn't come up again. Then the stack is as before unless the error says otherwise.
    async fn reshape(&mut self, options: &StackOptions, renew: &BTreeSet<Service>) -> Result<Changed, ChangeError>;

    /// Moves it to a routing mode.
    ///
    /// # Errors
    /// As [`Changeable::change`].
    async fn switch(&mut self, mode: Mode) -> Result<Changed, ChangeError> {
        let change = Change { mode, ..self.current() };
        self.change(&change).await
    }
}

/// Whether what a change came to is looked at from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Check {
    /// It must be well: see [`verify`].
    Outside,
    /// Something may be wrong on purpose.
    Nothing,
}

/// Checks from outside that the edge passes requests on as the routes say, and that the services agree with it about
/// their addresses.
///
/// # Errors
/// What was found, what was expected, and the setting that is stale.
pub(crate) async fn verify(site: &routes::Site, way: &Way) -> Result<(), Trouble> {
    if let Some(url) = site.service_url("forge") {
        expect_ok(Service::Forge, &url, "/api/healthz", way).await?;
        let path = "/.well-known/openid-configuration";
        let answer = expect_ok(Service::Forge, &url, path, way).await?;
        let document = answer.json().unwrap_or_default();
        // Forgejo's has a slash at its end, Gitea's has none.
        let issuer = document.get("issuer").and_then(serde_json::Value::as_str).unwrap_or_default();
        if issuer.trim_end_matches('/') != url {
            return Err(Trouble {
                service: Some(Service::Forge.to_string()),
                message: format!("the forge takes {issuer} for its address, and browsers reach it at {url}/"),
                help: Some(format!("its setting GITEA__server__ROOT_URL is stale: set it to {url}/, or don't set it")),
                log: Vec::new(),
            });
        }
    }
    if let Some(url) = site.service_url("ci") {
        ci_agrees(&url, site.service_url("forge").as_deref(), way).await?;
    }
    if let Some(url) = site.service_url("chat") {
        let settings = ("EDGE_TUNNEL_FQDN", "FORGE_PUBLIC_URL");
        let client =
            Client { service: Service::Chat, url: &url, login: "/login", callback: "/oauth/callback", settings };
        client.agrees(site.service_url("forge").as_deref(), way).await?;
    }
    if let Some(url) = site.service_url("staging") {
        expect_ok(Service::Staging, &url, "/", way).await?;
    }
    if let Some(url) = site.service_url("echo") {
        expect_ok(Service::Echo, &url, "/", way).await?;
    }
    Ok(())
}

/// Checks that the CI takes the address by which browsers reach it for its own. At any other path it answers 200 with its
/// dashboard, so that statuses alone say nothing.
async fn ci_agrees(url: &str, forge: Option<&str>, way: &Way) -> Result<(), Trouble> {
    let host = format!("its setting WOODPECKER_HOST is stale: set it to {url}, or don't set it");
    let trouble = |message: String, help: String| {
        Err(Trouble { service: Some(Service::Ci.to_string()), message, help: Some(help), log: Vec::new() })
    };
    let api = Api { base: url, way, credentials: None };
    let failed = |why| Trouble { service: Some(Service::Ci.to_string()), message: why, help: None, log: Vec::new() };
    let health = api.get("/healthz").await.map_err(failed)?;
    if health.status != 204 {
        return trouble(format!("{url}/healthz should have answered 204: answered {}", health.excerpt()), host);
    }
    let settings = ("WOODPECKER_HOST", "WOODPECKER_FORGEJO_URL");
    let client = Client { service: Service::Ci, url, login: "/authorize", callback: "/authorize", settings };
    client.agrees(forge, way).await
}

/// Who signs people in at the forge.
struct Client<'a> {
    service: Service,
    /// Its public URL.
    url: &'a str,
    /// Where a sign-in begins, and where the browser comes back to.
    login: &'a str,
    callback: &'a str,
    /// The settings with its own address and with the forge's.
    settings: (&'a str, &'a str),
}

impl Client<'_> {
    /// Checks that it sends browsers to the forge, and has them sent back to itself.
    async fn agrees(&self, forge: Option<&str>, way: &Way) -> Result<(), Trouble> {
        let Self { service, url, login, callback, settings: (own, other) } = self;
        let trouble = |message: String, setting: &str, value: &str| {
            let help = format!("its setting {setting} is stale: set it to {value}, or don't set it");
            Err(Trouble { service: Some(service.to_string()), message, help: Some(help), log: Vec::new() })
        };
        let sign_in = (Api { base: url, way, credentials: None }).get(login).await;
        let sign_in = sign_in.map_err(|why| Trouble {
            service: Some(service.to_string()),
            message: why,
            help: None,
            log: Vec::new(),
        })?;
        let to = sign_in.location.as_deref().unwrap_or_default();
        let Some(forge) = forge else { return Ok(()) };
        if !to.starts_with(&format!("{forge}/login/oauth/authorize?")) {
            let message = format!("{url}{login} sends browsers to {to}, and the forge is at {forge}/");
            return trouble(message, other, forge);
        }
        let callback = format!("{url}{callback}");
        let mut asked = url::Url::parse(to).ok().into_iter().flat_map(|to| {
            let pairs: Vec<(String, String)> = to.query_pairs().into_owned().collect();
            pairs
        });
        match asked.find(|(name, _)| name == "redirect_uri").map(|(_, value)| value) {
            Some(asked) if asked != callback => {
                let message = format!("{url}{login} asks for browsers to be sent back to {asked}, not to {callback}");
                trouble(message, own, url)
            }
            _ => Ok(()),
        }
    }
}

async fn expect_ok(service: Service, url: &str, path: &str, way: &Way) -> Result<super::api::Answer, Trouble> {
    let found = match (Api { base: url, way, credentials: None }).get(path).await {
        Ok(answer) if answer.status == 200 => return Ok(answer),
        Ok(answer) => format!("answered {}", answer.excerpt()),
        Err(why) => why,
    };
    let message = format!("{url}{path} should have answered 200: {found}");
    Err(Trouble { service: Some(service.to_string()), message, help: None, log: Vec::new() })
}
