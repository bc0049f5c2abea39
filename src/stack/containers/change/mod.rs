//! Changing the stack while it stands: a service whose settings change gets a new container on the volumes of the old
//! one, one whose files change is restarted with the new ones, and the others go on.
//!
//! - `work`: what is to be done to get from one plan to another
//! - `renew`: doing it, and waiting until it is done

mod renew;
mod work;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use async_trait::async_trait;
use scenario::model::Service;
use tokio::net::TcpStream;
use verdict::evidence::Trouble;

use super::plan::{Inputs, Plan, Registered, service_named};
use super::stack::Containers;
use crate::stack::api::Way;
use crate::stack::applications::{Application, Applications, Bringing, Known, renewed};
use crate::stack::change::{Check, verify};
use crate::stack::{Arrivals, Change, ChangeError, Changeable, Changed, Stack, StackOptions};
use renew::Passes;
use work::Work;

/// How long it may take to be connected to a container, where its address can be reached at all.
const REACHED_WITHIN: Duration = Duration::from_secs(1);

#[async_trait]
impl Changeable for Containers {
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
        &self.plan.site
    }

    async fn reshape(&mut self, options: &StackOptions, renew: &BTreeSet<Service>) -> Result<Changed, ChangeError> {
        self.carry_out(options.clone(), renew, Check::Nothing).await
    }
}

/// What is to become of a stack.
struct Next<'a> {
    options: &'a StackOptions,
    renew: &'a BTreeSet<Service>,
    check: Check,
}

impl Containers {
    async fn carry_out(
        &mut self,
        options: StackOptions,
        renew: &BTreeSet<Service>,
        check: Check,
    ) -> Result<Changed, ChangeError> {
        // Whatever became of them: from here on it is the change that says what they are.
        self.arrivals.settled().await;
        self.arrivals = Arrivals::default();
        let next = self.planned(&options, self.plan.registered.clone()).map_err(ChangeError::harmless)?;
        let mut work = self.work(&next, &options).map_err(ChangeError::harmless)?;
        let mut moved = Vec::new();
        match self.become_by(&mut work, &Next { options: &options, renew, check }, &next, &mut moved).await {
            Ok(next) => self.become_of(next, options),
            Err(trouble) => {
                let mut not_put_back = self.put_back(&work, check, &options, &moved).await.err();
                if not_put_back.is_none() {
                    not_put_back = self.remember_if_kept().await.err();
                }
                return Err(ChangeError { trouble, not_put_back });
            }
        }
        if let Err(trouble) = self.remember_if_kept().await {
            return Err(ChangeError { not_put_back: Some(trouble.clone()), trouble });
        }
        let restarted = work.all().filter_map(service_named).collect();
        Ok(Changed { restarted, applications: moved.into_iter().map(|(_, application)| application).collect() })
    }

    /// What is to be done to get to this plan: who is stopped by then needs nothing, and who was gets a new container.
    fn work(&self, next: &Plan, options: &StackOptions) -> Result<Work, Trouble> {
        let mut work = Work::between(&self.plan, next)?;
        work.recreate.extend(self.options.stop.iter().map(ToString::to_string));
        work.leave_out(&options.stop);
        Ok(work)
    }

    /// The same services with the same images at the same address, with these options.
    fn planned(&self, options: &StackOptions, registered: Option<Registered>) -> Result<Plan, Trouble> {
        let names = self.plan.services.keys().cloned().collect();
        let inputs = Inputs { names: &names, options, images: &self.images, ground: self.plan.ground.clone() };
        inputs.plan(registered)?.altered(options)
    }

    /// Gives the plan with what the forge said on the way. Whatever goes wrong, `moved` has the applications that were changed
    /// until then, and `work` what was to be done.
    async fn become_by(
        &self,
        work: &mut Work,
        to: &Next<'_>,
        next: &Plan,
        moved: &mut Vec<(Known, Application)>,
    ) -> Result<Plan, Trouble> {
        let late = next.after_the_forge();
        let (_, early) = work.split(&late);
        self.apply(&early, next, Passes::Forge, to.check).await?;
        let from = (&self.plan.site, &self.options.applications);
        let bringing = Bringing::between(from, (&next.site, &to.options.applications), to.renew);
        let (forge, way) = self.forge(next).await;
        if let Some(owner) = self.owner() {
            let (done, result) = Applications { forge: &forge, way: &way, owner }.bring(&bringing).await;
            *moved = done;
            result.map_err(|why| forge_trouble(format!("its OAuth applications can't be updated: {why}")))?;
        }
        let applications: Vec<&Application> = moved.iter().map(|(_, application)| application).collect();
        let told = self.planned(to.options, self.registered_anew(&applications))?;
        *work = self.work(&told, to.options)?;
        self.apply(&work.split(&late).0, &told, Passes::Clients, to.check).await?;
        if let Some(owner) = self.owner() {
            let (forge, way) = self.forge(&told).await;
            let (before, after) = (&self.options.applications, &to.options.applications);
            let rotated = Applications { forge: &forge, way: &way, owner }.rotate_again(before, after, moved).await;
            rotated.map_err(|why| forge_trouble(format!("its OAuth applications can't be updated: {why}")))?;
        }
        for service in to.options.stop.difference(&self.options.stop) {
            self.stop(*service).await?;
        }
        if to.check == Check::Outside {
            verify(&told.site, &told.way()).await?;
        }
        Ok(told)
    }

    /// What is known of the registered services, with what the forge has changed of their applications.
    fn registered_anew(&self, changed: &[&Application]) -> Option<Registered> {
        let registered = self.plan.registered.clone()?;
        Some(Registered { applications: renewed(&registered.applications, changed.iter().copied()), ..registered })
    }

    /// The forge's address, and the way there: past the edge, whatever that does, where containers can be reached from here.
    async fn forge(&self, plan: &Plan) -> (String, Way) {
        if !plan.edge_is_well()
            && let Some(direct) = self.direct(Service::Forge).await
            && let Some(port) = direct.authority.rsplit_once(':').and_then(|(_, port)| port.parse().ok())
        {
            let address = SocketAddr::new(direct.ip, port);
            if let Ok(Ok(_)) = tokio::time::timeout(REACHED_WITHIN, TcpStream::connect(address)).await {
                return (format!("http://{}", direct.authority), Way { address, tls: None });
            }
        }
        (plan.site.service_url(Service::Forge.as_str()).unwrap_or_default(), plan.way())
    }

    /// Whatever of the work was done, it is undone; who died meanwhile is replaced.
    async fn put_back(
        &mut self,
        work: &Work,
        check: Check,
        from: &StackOptions,
        moved: &[(Known, Application)],
    ) -> Result<(), Trouble> {
        let mut work = work.clone();
        work.recreate.extend(from.stop.iter().map(ToString::to_string));
        work.recreate.extend(self.troubles().await.into_iter().filter_map(|trouble| trouble.service));
        work.leave_out(&self.options.stop);
        let late: BTreeSet<String> = self.plan.after_the_forge().into_iter().map(str::to_owned).collect();
        let late = late.iter().map(String::as_str).collect();
        let (late, early) = work.split(&late);
        self.apply(&early, &self.plan, Passes::Forge, check).await?;
        let (forge, way) = self.forge(&self.plan).await;
        let mut back = Vec::new();
        if let Some(owner) = self.owner() {
            let put_back = Applications { forge: &forge, way: &way, owner }.put_back(moved).await;
            back = put_back.map_err(|why| forge_trouble(format!("its OAuth applications can't be put back: {why}")))?;
        }
        let registered = self.registered_anew(&back.iter().collect::<Vec<_>>());
        self.plan = self.planned(&self.options.clone(), registered)?;
        self.apply(&late, &self.plan, Passes::Clients, check).await?;
        if let Some(owner) = self.owner().filter(|_| !moved.is_empty()) {
            let applications = Applications { forge: &forge, way: &way, owner };
            let rotated = applications.rotate_again(&BTreeMap::new(), &self.options.applications, &[]).await;
            rotated.map_err(|why| forge_trouble(format!("its OAuth applications can't be put back: {why}")))?;
        }
        for service in self.options.stop.clone() {
            self.stop(service).await?;
        }
        Ok(())
    }
}

fn forge_trouble(message: String) -> Trouble {
    Trouble { service: Some(Service::Forge.to_string()), message, help: None, log: Vec::new() }
}
