//! A site that somebody else runs: looked at, never changed.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use scenario::model::{Mode, Service};
use verdict::evidence::{ServiceFacts, ServiceKind, StackFacts, Trouble};

use super::{Site, Stack};
use crate::engine::http::client::Received;
use crate::engine::http::target::Origin;
use crate::engine::http::{Address, Client, Connector, HttpError, Outgoing};

/// How long a first look at an address may take.
const PROBE_TIMEOUT: Duration = Duration::from_secs(10);

/// What is known of the site before anything was asked.
#[derive(Debug, Clone)]
pub struct ExternalOptions {
    /// The origin that browsers use.
    pub base_url: String,
    /// The routing mode.
    pub mode: Mode,
    /// Names that are looked up here first.
    pub resolve: Vec<(String, IpAddr)>,
    /// Certificates to trust besides the system's, in PEM.
    pub ca_pem: Option<String>,
}

/// A site that was reached.
#[derive(Debug)]
pub struct External {
    site: Site,
    facts: StackFacts,
}

impl External {
    /// Reaches the site, and sees which of the services that are asked for are there.
    ///
    /// # Errors
    /// The base URL is none, or nothing answers there.
    pub async fn reach(options: ExternalOptions, asked: &BTreeSet<Service>) -> Result<Self, Trouble> {
        let trouble = |message: String, help: String| Trouble {
            service: Some(Service::Edge.as_str().to_owned()),
            message,
            help: Some(help),
            log: Vec::new(),
        };
        let origin = Origin::parse(&options.base_url).map_err(|error| {
            let help = "give the origin alone, such as https://example.org: prefixes are known from the mode";
            trouble(format!("--base-url: {error}"), help.to_owned())
        })?;
        let connector = Connector::new(options.resolve.clone(), options.ca_pem.as_deref())
            .map_err(|error| trouble(error.to_string(), error.help()))?;
        look(&connector, &origin.to_string()).await.map_err(|error| trouble(error.to_string(), error.help()))?;
        let mut services = BTreeMap::new();
        let mut facts = vec![fact(Service::Edge)];
        for service in asked.iter().copied() {
            let Some(url) = service_url(&origin, options.mode, service) else { continue };
            let is_there = match look(&connector, &format!("{url}/")).await {
                Ok(response) if service == Service::Echo => is_echo(&response),
                Ok(response) => is_routed(&response),
                // A name of its own that doesn't resolve: in subdomain mode the service has no host here.
                Err(HttpError::Resolve { .. }) => false,
                Err(error) => return Err(trouble(format!("{service} at {url}/: {error}"), error.help())),
            };
            if is_there {
                services.insert(service, url);
                facts.push(fact(service));
            }
        }
        let base_url = origin.to_string();
        let facts = StackFacts {
            kind: verdict::evidence::StackKind::External,
            mode: super::mode_fact(options.mode),
            base_url: base_url.clone(),
            services: facts,
        };
        let site = Site {
            base_url,
            mode: options.mode,
            services,
            resolve: options.resolve,
            ca_pem: options.ca_pem,
            variables: BTreeMap::new(),
            secrets: BTreeMap::new(),
        };
        Ok(Self { site, facts })
    }
}

fn fact(service: Service) -> ServiceFacts {
    ServiceFacts { name: service.as_str().to_owned(), kind: ServiceKind::Url, image: None, version: None }
}

/// Where a service is by convention: its prefix, or its name below the site's.
fn service_url(origin: &Origin, mode: Mode, service: Service) -> Option<String> {
    match (service, mode) {
        (Service::Edge, _) => None,
        (Service::Staging, Mode::Subdomain) => Some(origin.to_string()),
        (_, Mode::Subdomain) => {
            Some(Origin { host: format!("{service}.{}", origin.host), ..origin.clone() }.to_string())
        }
        (_, Mode::Subpath) => Some(format!("{origin}/{service}")),
    }
}

async fn look(connector: &Connector, url: &str) -> Result<Received, HttpError> {
    let base =
        Origin::parse("http://invalid.invalid").map_err(|error| HttpError::Request { reason: error.to_string() })?;
    let address = Address::parse(url, &base).map_err(|error| HttpError::Request { reason: error.to_string() })?;
    let headers = vec![("User-Agent".to_owned(), crate::engine::visitor::USER_AGENT.as_bytes().to_vec())];
    let request = Outgoing { method: "GET".to_owned(), address, headers, body: bytes::Bytes::new() };
    let mut client = Client::new(connector.clone());
    tokio::time::timeout(PROBE_TIMEOUT, client.send(&request))
        .await
        .unwrap_or(Err(HttpError::Timeout { after: PROBE_TIMEOUT }))
}

/// Whether a route leads there: an edge without one answers 404, or (Caddy) 200 with nothing at all. A 502 has a route.
fn is_routed(response: &Received) -> bool {
    let is_empty = response.body.is_empty() && response.header("content-type").is_none();
    response.status != 404 && !(response.status == 200 && is_empty)
}

/// Whether it is our echo that answers: what somebody else has at this address is no mirror, whatever it says.
fn is_echo(response: &Received) -> bool {
    let document: serde_json::Value = serde_json::from_slice(&response.body).unwrap_or_default();
    document["service"] == doubles::echo::request::NAME
}

#[async_trait]
impl Stack for External {
    fn facts(&self) -> StackFacts {
        self.facts.clone()
    }

    fn site(&self) -> &Site {
        &self.site
    }

    async fn logs(&self, _service: Service, _lines: usize) -> Vec<String> {
        Vec::new()
    }

    async fn troubles(&self) -> Vec<Trouble> {
        Vec::new()
    }

    async fn down(&self) -> Result<(), Trouble> {
        Ok(())
    }
}
