//! Changing the stack while it stands: the edge takes other routes and the forge other settings, and nothing restarts.

use std::sync::PoisonError;

use async_trait::async_trait;
use scenario::Secret;
use scenario::model::Service;
use verdict::evidence::Trouble;

use super::alter::served;
use super::{Embedded, USER, configuration, facts, routing, site, trouble};
use crate::stack::applications::Applications;
use crate::stack::change::verify;
use crate::stack::{Change, ChangeError, Changeable, Changed, Site, StackOptions};

#[async_trait]
impl Changeable for Embedded {
    fn current(&self) -> Change {
        let StackOptions { mode, environment, routes, .. } = self.options.clone();
        Change { mode, environment, routes }
    }

    async fn change(&mut self, change: &Change) -> Result<Changed, ChangeError> {
        let options = change.applied_to(&self.options);
        let routed = self.routes(&options).map_err(ChangeError::harmless)?;
        let password = self.site.secrets.get("password").cloned().unwrap_or_else(|| Secret::new(""));
        self.apply(&routed, &options).map_err(ChangeError::harmless)?;
        let url = routed.service_url("forge").unwrap_or_default();
        let applications = Applications { forge: &url, way: &self.way, owner: (USER, &password) };
        let (moved, result) = applications.move_all(&self.routed, &routed).await;
        let result = match result {
            Ok(()) => verify(&routed, &self.way).await,
            Err(why) => Err(trouble(Service::Forge, format!("its OAuth applications can't be updated: {why}"))),
        };
        if let Err(trouble) = result {
            let not_put_back = self.put_back(&applications, &moved).await.err();
            return Err(ChangeError { trouble, not_put_back });
        }
        self.site = Site { ca_pem: self.site.ca_pem.take(), ..site(&routed, options.mode, password) };
        self.facts = facts(&self.site, &options);
        (self.options, self.routed) = (options, routed);
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

    /// Where this fails, nothing is changed.
    fn apply(&self, routed: &routes::Site, options: &StackOptions) -> Result<(), Trouble> {
        let forge = configuration::forge(routed, options)?;
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(running) = running.as_ref() else {
            return Err(trouble(Service::Edge, "the stack is down".to_owned()));
        };
        let served = served(routed, options)?;
        running.edge.replace(served).map_err(|error| trouble(Service::Edge, error.to_string()))?;
        if let Some(running) = &running.forge {
            running.reconfigure(forge);
        }
        Ok(())
    }

    async fn put_back(
        &self,
        applications: &Applications<'_>,
        moved: &[(crate::stack::applications::Known, crate::stack::Application)],
    ) -> Result<(), Trouble> {
        self.apply(&self.routed, &self.options)?;
        let url = self.routed.service_url("forge").unwrap_or_default();
        let before = Applications { forge: &url, ..*applications };
        let put_back = before.put_back(moved).await;
        put_back.map_err(|why| trouble(Service::Forge, format!("its OAuth applications can't be put back: {why}")))?;
        Ok(())
    }
}
