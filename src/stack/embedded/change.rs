//! Changing the stack while it stands: the edge takes other routes and the forge other settings, and nothing restarts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use async_trait::async_trait;
use scenario::model::Service;
use verdict::evidence::Trouble;

use super::running::Double;
use super::{Embedded, chatting, configuration, facts, routing, site, trouble};
use crate::stack::api::Way;
use crate::stack::applications::{Applications, Bringing, Known, Registered, renewed};
use crate::stack::change::{Check, verify};
use crate::stack::{Application, Change, ChangeError, Changeable, Changed, Site, Stack, StackOptions};

#[async_trait]
impl Changeable for Embedded {
    fn current(&self) -> Change {
        let StackOptions { mode, environment, routes, .. } = self.options.clone();
        Change { mode, environment, routes }
    }

    async fn change(&mut self, change: &Change) -> Result<Changed, ChangeError> {
        self.carry_out(change.applied_to(&self.options), &BTreeSet::new(), Check::Outside).await
    }

    fn options(&self) -> &StackOptions {
        &self.options
    }

    fn routes(&self) -> &routes::Site {
        &self.routed
    }

    async fn reshape(&mut self, options: &StackOptions, renew: &BTreeSet<Service>) -> Result<Changed, ChangeError> {
        self.carry_out(options.clone(), renew, Check::Nothing).await
    }
}

impl Embedded {
    async fn carry_out(
        &mut self,
        options: StackOptions,
        renew: &BTreeSet<Service>,
        check: Check,
    ) -> Result<Changed, ChangeError> {
        let routed = self.routes_of(&options).map_err(ChangeError::harmless)?;
        let before = self.starts().await;
        self.apply(&routed, &options, &self.registered).map_err(ChangeError::harmless)?;
        let mut moved = Vec::new();
        match self.finish(&routed, &options, renew, check, &mut moved).await {
            Ok(registered) => {
                self.site = Site { ca_pem: self.site.ca_pem.take(), ..site(&routed, options.mode, &self.forge) };
                self.facts = facts(&self.site, &self.forge, &options);
                (self.options, self.routed, self.registered) = (options, routed, registered);
                let applications = moved.into_iter().map(|(_, application)| application).collect();
                let after = self.starts().await;
                let is_anew = |service: &Service| before.get(service).is_some_and(|start| start != &after[service]);
                Ok(Changed { restarted: after.keys().copied().filter(is_anew).collect(), applications })
            }
            Err(trouble) => {
                let not_put_back = self.put_back(&moved).await.err();
                Err(ChangeError { trouble, not_put_back })
            }
        }
    }

    /// What takes time: who runs, what the forge knows of the others, and who is told of that. `moved` has the applications
    /// that were changed, however it ends.
    async fn finish(
        &self,
        routed: &routes::Site,
        options: &StackOptions,
        renew: &BTreeSet<Service>,
        check: Check,
        moved: &mut Vec<(Known, Application)>,
    ) -> Result<Registered, Trouble> {
        self.run_only(routed, options).await?;
        let (forge, way) = self.past_the_edge();
        let from = (&self.routed, &self.options.applications);
        let work = Bringing::between(from, (routed, &options.applications), renew);
        let (done, result) = self.applications(&forge, &way).bring(&work).await;
        *moved = done;
        result.map_err(|why| trouble(Service::Forge, format!("its OAuth applications can't be updated: {why}")))?;
        let registered = renewed(&self.registered, moved.iter().map(|(_, application)| application));
        self.apply(routed, options, &registered)?;
        let applications = self.applications(&forge, &way);
        let rotated = applications.rotate_again(&self.options.applications, &options.applications, moved).await;
        rotated.map_err(|why| trouble(Service::Forge, format!("its OAuth applications can't be updated: {why}")))?;
        if check == Check::Outside {
            verify(routed, &self.way).await?;
        }
        Ok(registered)
    }

    /// The forge's address and the way there, whatever the edge does.
    fn past_the_edge(&self) -> (String, Way) {
        let address = self.addresses[&Service::Forge];
        (format!("http://{address}"), Way { address, tls: None })
    }

    /// The routes to the same services from the same origin.
    fn routes_of(&self, options: &StackOptions) -> Result<routes::Site, Trouble> {
        configuration::refuse_unknown(options)?;
        let upstreams = self.routed.routes.iter().filter_map(|route| match &route.action {
            routes::Action::Forward(forward) => Some((route.service.clone(), forward.upstream.to_string())),
            routes::Action::Redirect { .. } | routes::Action::Respond { .. } => None,
        });
        let site = routes::Site::standard(self.routed.origin.clone(), routing(options.mode), &upstreams.collect())
            .map_err(|error| trouble(Service::Edge, format!("the routes are wrong: {error}")))?;
        let site = match self.routed.gate_secret() {
            Some(secret) => site.with_gate_secret(secret.clone()),
            None => site,
        };
        Ok(routes::Site { tls: self.routed.tls.clone(), ..site })
    }

    /// The applications at the forge, which is at this URL.
    fn applications<'a>(&'a self, forge: &'a str, way: &'a Way) -> Applications<'a> {
        Applications { forge, way, owner: (&self.forge.user, &self.forge.password) }
    }

    /// Where this fails, nothing is changed.
    fn apply(&self, routed: &routes::Site, options: &StackOptions, registered: &Registered) -> Result<(), Trouble> {
        let forge = configuration::forge(routed, options)?;
        let ci = configuration::ci(routed, options, registered, &self.agent_secret)?;
        let told = configuration::chat(routed, options, registered, &self.chat)?;
        let chat = chatting::read(told, self.chat.outbound.clone(), options)?;
        let agent_of = |options: &StackOptions| options.environment.get(&Service::CiAgent).cloned();
        let is_told_otherwise =
            agent_of(options) != agent_of(&self.options) && !options.stop.contains(&Service::CiAgent);
        let agent = is_told_otherwise.then(|| self.agents.start(routed, options, &self.agent_secret)).transpose()?;
        let served = self.served(routed, options)?;
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(running) = running.as_mut() else {
            return Err(trouble(Service::Edge, "the stack is down".to_owned()));
        };
        running.edge.replace(served).map_err(|error| trouble(Service::Edge, error.to_string()))?;
        if let Some(running) = running.forge() {
            running.reconfigure(forge);
        }
        if let Some(running) = running.ci() {
            running.reconfigure(ci);
        }
        let is_started_anew = running.chat().map(|running| running.reconfigure(chat)).transpose()?;
        if is_started_anew == Some(true) {
            *running.stops.entry(Service::Chat).or_default() += 1;
        }
        if let Some(agent) = agent {
            running.doubles.insert(Service::CiAgent, Double::CiAgent(Some(agent)));
        }
        Ok(())
    }

    /// Whatever was done, it is undone.
    async fn put_back(&mut self, moved: &[(Known, Application)]) -> Result<(), Trouble> {
        self.apply(&self.routed, &self.options, &self.registered)?;
        self.run_only(&self.routed, &self.options).await?;
        let (forge, way) = self.past_the_edge();
        let put_back = self.applications(&forge, &way).put_back(moved).await;
        let back = put_back
            .map_err(|why| trouble(Service::Forge, format!("its OAuth applications can't be put back: {why}")))?;
        self.registered = renewed(&self.registered, &back);
        self.apply(&self.routed, &self.options, &self.registered)?;
        let (wanted, none) = (&self.options.applications, BTreeMap::new());
        if !moved.is_empty() {
            let rotated = self.applications(&forge, &way).rotate_again(&none, wanted, &[]).await;
            rotated
                .map_err(|why| trouble(Service::Forge, format!("its OAuth applications can't be put back: {why}")))?;
        }
        if self.options.stop.contains(&Service::CiAgent) {
            return Ok(());
        }
        // Whatever it was told meanwhile.
        let agent = self.agents.start(&self.routed, &self.options, &self.agent_secret)?;
        if let Some(running) = self.running.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            running.doubles.insert(Service::CiAgent, Double::CiAgent(Some(agent)));
        }
        Ok(())
    }
}
