//! Changing the stack while it stands: the edge takes other routes and the forge other settings, and nothing restarts.

use std::sync::PoisonError;

use async_trait::async_trait;
use scenario::model::Service;
use verdict::evidence::Trouble;

use super::running::Double;
use super::{Embedded, configuration, facts, routing, site, trouble};
use crate::stack::applications::{Applications, Known};
use crate::stack::change::verify;
use crate::stack::{Application, Change, ChangeError, Changeable, Changed, Site, StackOptions};

#[async_trait]
impl Changeable for Embedded {
    fn current(&self) -> Change {
        let StackOptions { mode, environment, routes, .. } = self.options.clone();
        Change { mode, environment, routes }
    }

    async fn change(&mut self, change: &Change) -> Result<Changed, ChangeError> {
        let options = change.applied_to(&self.options);
        let routed = self.routes(&options).map_err(ChangeError::harmless)?;
        self.apply(&routed, &options, &self.application).map_err(ChangeError::harmless)?;
        let forge = forge_url(&routed);
        let (moved, result) = self.applications(&forge).move_all(&self.routed, &routed).await;
        let application = self.renewed(moved.iter().map(|(_, application)| application));
        let result = match result {
            Ok(()) => self.told(&routed, &options, &application).await,
            Err(why) => Err(trouble(Service::Forge, format!("its OAuth applications can't be updated: {why}"))),
        };
        if let Err(trouble) = result {
            let not_put_back = self.put_back(&moved).await.err();
            return Err(ChangeError { trouble, not_put_back });
        }
        self.site = Site { ca_pem: self.site.ca_pem.take(), ..site(&routed, options.mode, &self.forge) };
        self.facts = facts(&self.site, &self.forge);
        (self.options, self.routed, self.application) = (options, routed, application);
        let applications = moved.into_iter().map(|(_, application)| application).collect();
        Ok(Changed { restarted: Vec::new(), applications })
    }
}

impl Embedded {
    /// The routes to the same services from the same origin.
    fn routes(&self, options: &StackOptions) -> Result<routes::Site, Trouble> {
        configuration::refuse_unknown(options)?;
        let upstreams = self.routed.routes.iter().filter_map(|route| match &route.action {
            routes::Action::Forward(forward) => Some((route.service.clone(), forward.upstream.to_string())),
            routes::Action::Redirect { .. } | routes::Action::Respond { .. } => None,
        });
        let site = routes::Site::standard(self.routed.origin.clone(), routing(options.mode), &upstreams.collect())
            .map_err(|error| trouble(Service::Edge, format!("the routes are wrong: {error}")))?;
        Ok(routes::Site { tls: self.routed.tls.clone(), ..site })
    }

    /// The applications at the forge, which has this public URL.
    fn applications<'a>(&'a self, forge: &'a str) -> Applications<'a> {
        Applications { forge, way: &self.way, owner: (&self.forge.user, &self.forge.password) }
    }

    /// The CI's application, with what the forge has changed of it.
    fn renewed<'a>(&'a self, mut changed: impl Iterator<Item = &'a Application>) -> Application {
        changed.find(|now| now.client_id == self.application.client_id).unwrap_or(&self.application).clone()
    }

    /// Tells all of them, and checks from outside that they agree.
    async fn told(
        &self,
        routed: &routes::Site,
        options: &StackOptions,
        application: &Application,
    ) -> Result<(), Trouble> {
        self.apply(routed, options, application)?;
        verify(routed, &self.way).await
    }

    /// Where this fails, nothing is changed.
    fn apply(&self, routed: &routes::Site, options: &StackOptions, application: &Application) -> Result<(), Trouble> {
        let forge = configuration::forge(routed, options)?;
        let ci = configuration::ci(routed, options, application, &self.agent_secret)?;
        let agent_of = |options: &StackOptions| options.environment.get(&Service::CiAgent).cloned();
        let is_told_otherwise = agent_of(options) != agent_of(&self.options);
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
        if let Some(agent) = agent {
            running.doubles.insert(Service::CiAgent, Double::CiAgent(agent));
        }
        Ok(())
    }

    async fn put_back(&mut self, moved: &[(Known, Application)]) -> Result<(), Trouble> {
        self.apply(&self.routed, &self.options, &self.application)?;
        let forge = forge_url(&self.routed);
        let put_back = self.applications(&forge).put_back(moved).await;
        let back = put_back
            .map_err(|why| trouble(Service::Forge, format!("its OAuth applications can't be put back: {why}")))?;
        self.application = self.renewed(back.iter());
        self.apply(&self.routed, &self.options, &self.application)?;
        // Whatever it was told meanwhile.
        let agent = self.agents.start(&self.routed, &self.options, &self.agent_secret)?;
        if let Some(running) = self.running.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            running.doubles.insert(Service::CiAgent, Double::CiAgent(agent));
        }
        Ok(())
    }
}

fn forge_url(routed: &routes::Site) -> String {
    routed.service_url(Service::Forge.as_str()).unwrap_or_default()
}
