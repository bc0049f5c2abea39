//! The stack as it stands.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use async_trait::async_trait;
use futures_util::future::join_all;
use scenario::Secret;
use scenario::model::Service;
use tokio_util::sync::{CancellationToken, DropGuard};
use verdict::evidence::{ServiceFacts, ServiceKind, StackFacts, StackKind, Trouble};

use super::inside::{Container, address, log_lines, started};
use super::listening;
use super::order::Raised;
use super::plan::{HOST, Plan, service_named};
use super::ready::check;
use super::standing::Standing;
use crate::images::Choice;
use crate::stack::bootstrap::Forge;
use crate::stack::{Arrivals, Changeable, Direct, Late, Site, Stack, StackOptions, mode_fact};

/// The real programs, in containers.
pub struct Containers {
    /// When this goes, nobody comes any more. Before anything else does: nothing is started that is about to be removed.
    _on_their_way: DropGuard,
    called_off: CancellationToken,
    pub(super) arrivals: Arrivals,
    pub(super) standing: Standing,
    pub(super) plan: Plan,
    pub(super) options: StackOptions,
    pub(super) images: BTreeMap<Service, Choice>,
    pub(super) forge: Option<Forge>,
    site: Site,
    pub(super) facts: StackFacts,
}

impl Containers {
    /// What stands, with what it says of itself.
    pub(super) fn new(
        standing: Standing,
        raised: Raised,
        options: &StackOptions,
        images: &BTreeMap<Service, Choice>,
        called_off: CancellationToken,
    ) -> Self {
        let Raised { plan, forge, versions, followers, mut arrivals } = raised;
        let services = plan.services.iter().map(|(name, spec)| {
            let service = service_named(name);
            let choice = service.and_then(|service| images.get(&service));
            let is_double = choice.is_some_and(|choice| choice.is_double);
            ServiceFacts {
                name: name.clone(),
                kind: if is_double { ServiceKind::Double } else { ServiceKind::Image },
                image: Some(choice.map_or(&spec.image, |choice| &choice.image).clone()),
                version: match service {
                    Some(Service::Forge) => forge.as_ref().map(|forge| forge.version.clone()),
                    _ => versions.get(name).cloned(),
                },
            }
        });
        let services = services.collect();
        let site = site(&plan, options, forge.as_ref());
        let mode = mode_fact(options.mode);
        let facts = StackFacts { kind: StackKind::Containers, mode, base_url: site.base_url.clone(), services };
        for follower in followers {
            arrivals.note(Late::Service(follower.service), follower.arrive(called_off.clone()));
        }
        let _on_their_way = called_off.clone().drop_guard();
        let (options, images) = (options.clone(), images.clone());
        Self { _on_their_way, called_off, arrivals, standing, plan, options, images, forge, site, facts }
    }

    /// What was found standing, with what is known of it.
    pub(super) fn found(
        standing: Standing,
        (plan, forge): (Plan, Option<Forge>),
        options: StackOptions,
        images: BTreeMap<Service, Choice>,
        facts: StackFacts,
    ) -> Self {
        let site = site(&plan, &options, forge.as_ref());
        let (arrivals, called_off) = (Arrivals::default(), CancellationToken::new());
        let _on_their_way = called_off.clone().drop_guard();
        Self { _on_their_way, called_off, arrivals, standing, plan, options, images, forge, site, facts }
    }

    /// It stands by another plan now.
    pub(super) fn become_of(&mut self, plan: Plan, options: StackOptions) {
        self.site = site(&plan, &options, self.forge.as_ref());
        self.facts.mode = mode_fact(options.mode);
        (self.plan, self.options) = (plan, options);
    }

    /// Who owns what is at the forge.
    pub(super) fn owner(&self) -> Option<(&str, &Secret)> {
        self.forge.as_ref().map(|forge| (forge.user.as_str(), &forge.password))
    }

    /// With `--keep`: from now on nothing removes the stack, and these commands do. What a later run of the program needs to know of
    /// it is written down.
    ///
    /// # Errors
    /// That can't be; the stack is not kept then.
    pub(crate) async fn keep_if_asked(&self) -> Result<Option<String>, Trouble> {
        if !self.options.keep {
            return Ok(None);
        }
        self.remember().await?;
        self.standing.keep();
        Ok(Some(self.standing.run.removal_commands()))
    }

    /// The commands that remove it, for people.
    pub fn removal_commands(&self) -> String {
        self.standing.run.removal_commands()
    }

    /// The run's id: the value of the label `edge-smoke.run` on everything of it.
    pub fn run_id(&self) -> &str {
        &self.standing.run.id
    }
}

fn site(plan: &Plan, options: &StackOptions, forge: Option<&Forge>) -> Site {
    let urls = plan.services.keys().filter_map(|name| Some((service_named(name)?, plan.site.service_url(name)?)));
    let variables = forge.iter().flat_map(|forge| [("user", &forge.user), ("repo", &forge.repository)]);
    Site {
        base_url: plan.site.origin.to_string(),
        mode: options.mode,
        services: urls.collect(),
        resolve: vec![(HOST.to_owned(), IpAddr::V4(Ipv4Addr::LOCALHOST))],
        ca_pem: plan.ground.authority.as_ref().map(|authority| authority.ca_pem.clone()),
        variables: variables.map(owned).collect(),
        secrets: secrets(plan, forge),
    }
}

/// What scenarios may use, and what nobody is to read in what services say.
fn secrets(plan: &Plan, forge: Option<&Forge>) -> BTreeMap<String, Secret> {
    let password = forge.map(|forge| ("password", forge.password.clone()));
    let has_gate = plan.site.gate_secret().is_some();
    let gate = has_gate.then(|| ("gate_secret", plan.ground.gate_secret().clone()));
    let token = plan.registered.as_ref().and_then(|registered| registered.chat_token.clone());
    let token = token.map(|token| ("chat_token", token));
    [password, gate, token].into_iter().flatten().map(|(name, secret)| (name.to_owned(), secret)).collect()
}

fn owned((name, value): (&str, &String)) -> (String, String) {
    (name.to_owned(), value.clone())
}

#[async_trait]
impl Stack for Containers {
    fn facts(&self) -> StackFacts {
        self.facts.clone()
    }

    fn site(&self) -> &Site {
        &self.site
    }

    async fn direct(&self, service: Service) -> Option<Direct> {
        let upstream = self.plan.site.upstream(service.as_str())?;
        let container = self.standing.container(service.as_str())?;
        let ip = address(&self.standing.docker, &container).await?;
        Some(Direct { authority: upstream.to_string(), ip })
    }

    async fn other_ports(&self, service: Service) -> Vec<Direct> {
        let Some(id) = self.standing.container(service.as_str()) else { return Vec::new() };
        let Some(ip) = address(&self.standing.docker, &id).await else { return Vec::new() };
        let own = match service {
            Service::Edge => Some(self.plan.site.listens().1),
            _ => self.plan.site.upstream(service.as_str()).map(|upstream| upstream.port),
        };
        let ports = listening::ports(&Container { docker: &self.standing.docker, id: &id }).await;
        let others = ports.into_iter().filter(|port| Some(*port) != own);
        others.map(|port| Direct { authority: format!("{service}:{port}"), ip }).collect()
    }

    async fn logs(&self, service: Service, lines: usize) -> Vec<String> {
        match self.standing.container(service.as_str()) {
            Some(container) => log_lines(&self.standing.docker, &container, lines).await,
            None => Vec::new(),
        }
    }

    fn arrivals(&self) -> Arrivals {
        self.arrivals.clone()
    }

    async fn troubles(&self) -> Vec<Trouble> {
        let checks = self.plan.services.iter().map(|(name, spec)| async move {
            let container = self.standing.container(name)?;
            check(&self.standing.docker, name, &container, spec.healthcheck.is_some()).await
        });
        let mut troubles: Vec<Trouble> = join_all(checks).await.into_iter().flatten().collect();
        // Who ended is said to have ended, and not besides that it never came.
        let known: BTreeSet<_> = troubles.iter().filter_map(|trouble| trouble.service.clone()).collect();
        let is_new = |trouble: &Trouble| trouble.service.as_ref().is_none_or(|service| !known.contains(service));
        troubles.extend(self.arrivals.troubles().into_iter().filter(is_new));
        troubles
    }

    async fn starts(&self) -> BTreeMap<Service, String> {
        let asked = self.plan.services.keys().map(|name| async move {
            // Who may start again until it is ready isn't started anew by that.
            let service = service_named(name).filter(|service| !self.arrivals.is_on_its_way(*service))?;
            let container = self.standing.container(name)?;
            Some((service, started(&self.standing.docker, &container).await?))
        });
        join_all(asked).await.into_iter().flatten().collect()
    }

    fn changeable(&mut self) -> Option<&mut dyn Changeable> {
        Some(self)
    }

    async fn down(&self) -> Result<(), Trouble> {
        if !self.options.keep {
            self.called_off.cancel();
        }
        self.standing.remove().await
    }

    async fn remove(&self) -> Result<(), Trouble> {
        self.called_off.cancel();
        self.standing.release();
        self.standing.remove().await
    }
}
