//! A site that somebody else runs: looked at, never changed.

mod probe;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;
use scenario::model::{Mode, Service};
use verdict::evidence::{ServiceFacts, ServiceKind, StackFacts, Trouble};

use super::{Direct, Site, Stack};
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
    /// The routing mode; `None`: to be found out.
    pub mode: Option<Mode>,
    /// Services that must be there: their scenarios run, and fail, also where nothing answers.
    pub required: BTreeSet<Service>,
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
    notice: Option<String>,
}

impl External {
    /// Reaches the site, and sees its mode and which of the services that are asked for are there.
    ///
    /// # Errors
    /// The base URL is none, or nothing answers there.
    pub async fn reach(options: ExternalOptions, asked: &BTreeSet<Service>) -> Result<Self, Trouble> {
        let origin = Origin::parse(&options.base_url).map_err(|error| {
            let help = "give the origin alone, such as https://example.org: prefixes are known from the mode";
            trouble(format!("--base-url: {error}"), help.to_owned())
        })?;
        let connector = Connector::new(options.resolve.clone(), options.ca_pem.as_deref())
            .map_err(|error| trouble(error.to_string(), error.help()))?;
        let visit = Visit { connector, origin };
        visit.look(&visit.origin.to_string()).await.map_err(|error| trouble(error.to_string(), error.help()))?;
        let asked: BTreeSet<Service> = asked.iter().copied().filter(|service| *service != Service::Edge).collect();
        let (mode, found) = match options.mode {
            Some(mode) => (mode, visit.services(mode, &asked).await),
            // Nothing that is asked for depends on it.
            None if asked.is_empty() => (Mode::Subpath, BTreeSet::new()),
            None => visit.mode(&asked).await,
        };
        let there: BTreeSet<Service> = asked
            .iter()
            .copied()
            .filter(|service| found.contains(service) || options.required.contains(service))
            .collect();
        let base_url = visit.origin.to_string();
        let facts = StackFacts {
            kind: verdict::evidence::StackKind::External,
            mode: super::mode_fact(mode),
            base_url: base_url.clone(),
            services: [Service::Edge].into_iter().chain(there.iter().copied()).map(fact).collect(),
        };
        let services =
            there.iter().map(|service| (*service, probe::service_url(&visit.origin, mode, service.as_str()))).collect();
        let site = Site {
            base_url,
            mode,
            services,
            resolve: options.resolve,
            ca_pem: options.ca_pem,
            variables: BTreeMap::new(),
            secrets: BTreeMap::new(),
        };
        let notice = (!asked.is_empty()).then(|| notice(&visit.origin, mode, options.mode.is_none(), &found));
        Ok(Self { site, facts, notice })
    }

    /// What was seen, for people; `None` where nothing was looked for.
    pub fn notice(&self) -> Option<&str> {
        self.notice.as_deref()
    }
}

fn trouble(message: String, help: String) -> Trouble {
    Trouble { service: Some(Service::Edge.as_str().to_owned()), message, help: Some(help), log: Vec::new() }
}

/// `subpath mode, as http://h/forge/ answers`, and what is there.
fn notice(origin: &Origin, mode: Mode, was_looked_for: bool, found: &BTreeSet<Service>) -> String {
    let names: Vec<&str> = found.iter().map(|service| service.as_str()).collect();
    let there = match names.as_slice() {
        [] => "none of the services that the scenarios ask for answers here".to_owned(),
        names => format!("here: {}", names.join(", ")),
    };
    let by = found.iter().find(|service| **service != Service::Staging || mode == Mode::Subpath);
    match by.filter(|_| was_looked_for) {
        Some(service) => {
            let url = probe::service_url(origin, mode, service.as_str());
            format!("{mode} mode, as {url}/ answers; {there}")
        }
        None => format!("{mode} mode; {there}"),
    }
}

/// A first look around.
struct Visit {
    connector: Connector,
    origin: Origin,
}

impl Visit {
    /// The mode that the site is in, and the services that are there. Where nothing tells, it is subpath.
    async fn mode(&self, asked: &BTreeSet<Service>) -> (Mode, BTreeSet<Service>) {
        // Also what no scenario asks for shows which mode it is.
        let telling = [Service::Forge, Service::Ci, Service::Chat, Service::Staging];
        let looked_for: BTreeSet<Service> = asked.iter().copied().chain(telling).collect();
        let below = self.services(Mode::Subpath, &looked_for).await;
        // No name is below an IP address.
        if !below.is_empty() || self.origin.is_address() {
            return (Mode::Subpath, below);
        }
        let beside = self.services(Mode::Subdomain, &looked_for).await;
        // The project's own host answers in either mode.
        match beside.iter().any(|service| *service != Service::Staging) {
            true => (Mode::Subdomain, beside),
            false => (Mode::Subpath, below),
        }
    }

    /// Those of the services that are there in this mode.
    async fn services(&self, mode: Mode, asked: &BTreeSet<Service>) -> BTreeSet<Service> {
        let made_up = probe::service_url(&self.origin, mode, probe::MADE_UP);
        let urls = asked.iter().map(|service| probe::service_url(&self.origin, mode, service.as_str()));
        let looks = urls.chain([made_up]).map(|url| async move { self.look(&format!("{url}/")).await });
        let mut answers = join_all(looks).await;
        let made_up = answers.pop().and_then(Result::ok);
        let is_there = |service: Service, answer: Result<Received, HttpError>| match answer {
            Ok(_) if mode == Mode::Subdomain && service == Service::Staging => true,
            Ok(answer) => {
                let moved = mode == Mode::Subpath && probe::has_moved(&self.origin, service, &answer);
                !moved && probe::is_there(service, &answer, made_up.as_ref())
            }
            // In subdomain mode the service has no host here.
            Err(HttpError::Resolve { .. }) => false,
            // Something that breaks where a made-up address is answered is there; its journeys say what it does.
            Err(_) => made_up.is_some(),
        };
        let answered = asked.iter().copied().zip(answers);
        answered.filter_map(|(service, answer)| is_there(service, answer).then_some(service)).collect()
    }

    async fn look(&self, url: &str) -> Result<Received, HttpError> {
        let address =
            Address::parse(url, &self.origin).map_err(|error| HttpError::Request { reason: error.to_string() })?;
        let headers = vec![("User-Agent".to_owned(), crate::engine::visitor::USER_AGENT.as_bytes().to_vec())];
        let request = Outgoing { method: "GET".to_owned(), address, headers, body: bytes::Bytes::new() };
        let mut client = Client::new(self.connector.clone());
        tokio::time::timeout(PROBE_TIMEOUT, client.send(&request))
            .await
            .unwrap_or(Err(HttpError::Timeout { after: PROBE_TIMEOUT }))
    }
}

fn fact(service: Service) -> ServiceFacts {
    ServiceFacts { name: service.as_str().to_owned(), kind: ServiceKind::Url, image: None, version: None }
}

#[async_trait]
impl Stack for External {
    fn facts(&self) -> StackFacts {
        self.facts.clone()
    }

    fn site(&self) -> &Site {
        &self.site
    }

    async fn direct(&self, _service: Service) -> Option<Direct> {
        None
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
