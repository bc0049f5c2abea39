//! Changing the stack while it stands: a service whose settings change gets a new container on the volumes of the old
//! one, one whose files change is restarted with the new ones, and the others go on.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use async_trait::async_trait;
use bollard::errors::Error;
use bollard::query_parameters::{
    RemoveContainerOptionsBuilder, RestartContainerOptionsBuilder, StopContainerOptionsBuilder,
    WaitContainerOptionsBuilder,
};
use futures_util::StreamExt;
use futures_util::future::{join_all, select_all};
use scenario::model::Service;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use verdict::evidence::Trouble;

use super::bring::{fill_files, mounts};
use super::compose::model::ServiceSpec;
use super::engine::refused;
use super::inside::log_lines;
use super::launch::{LaunchError, launch};
use super::pass_on::{wait_for_an_answer, wait_for_ci, wait_for_edge};
use super::plan::{Inputs, Plan, Registered, meddlers, service_named};
use super::ready::{Awaited, TROUBLE_LOG_LINES};
use super::stack::Containers;
use crate::stack::api::Way;
use crate::stack::applications::{Application, Applications, Bringing, Known};
use crate::stack::change::{Check, verify};
use crate::stack::{Change, ChangeError, Changeable, Changed, Stack, StackOptions};

/// How long a service may take to end by itself, in seconds.
const STOP_WITHIN: i32 = 10;
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

/// What is to be done to get from one plan to another, by the services' names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Work {
    /// Their settings change.
    recreate: BTreeSet<String>,
    /// Their files change.
    refill: BTreeSet<String>,
}

impl Work {
    fn between(from: &Plan, to: &Plan) -> Result<Self, Trouble> {
        let mut work = Self::default();
        for (name, spec) in &to.services {
            let Some(before) = from.services.get(name) else { continue };
            if before != spec {
                work.recreate.insert(name.clone());
            }
            if from.filled_mounts(name, before)? != to.filled_mounts(name, spec)? {
                work.refill.insert(name.clone());
            }
        }
        Ok(work)
    }

    fn leave_out(&mut self, services: &BTreeSet<Service>) {
        for service in services {
            self.recreate.remove(service.as_str());
            self.refill.remove(service.as_str());
        }
    }

    fn all(&self) -> impl Iterator<Item = &str> {
        self.recreate.union(&self.refill).map(String::as_str)
    }

    /// What of it concerns these services, and the rest.
    fn split(&self, names: &BTreeSet<&str>) -> (Self, Self) {
        let part = |of: &BTreeSet<String>, is_in: bool| {
            of.iter().filter(|name| names.contains(name.as_str()) == is_in).cloned().collect()
        };
        let [these, others] = [true, false]
            .map(|is_in| Self { recreate: part(&self.recreate, is_in), refill: part(&self.refill, is_in) });
        (these, others)
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
        let told = self.planned(to.options, renewed(self.plan.registered.as_ref(), &applications))?;
        *work = self.work(&told, to.options)?;
        self.apply(&work.split(&late).0, &told, Passes::Ci, to.check).await?;
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
        let registered = renewed(self.plan.registered.as_ref(), &back.iter().collect::<Vec<_>>());
        self.plan = self.planned(&self.options.clone(), registered)?;
        self.apply(&late, &self.plan, Passes::Ci, check).await?;
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

    /// Makes the containers what the plan says, and waits until the edge passes requests on.
    async fn apply(&self, work: &Work, to: &Plan, passes: Passes, check: Check) -> Result<(), Trouble> {
        if (passes == Passes::Ci || check == Check::Nothing) && work.all().next().is_none() {
            return Ok(());
        }
        let steps = work.all().filter_map(|name| Some((name, to.services.get(name)?)));
        let results = join_all(steps.map(|(name, spec)| self.renew(name, spec, work, to))).await;
        results.into_iter().collect::<Result<(), Trouble>>()?;
        let never = CancellationToken::new();
        let stands = async {
            match passes {
                _ if check == Check::Nothing => self.ready(work, to, &never).await,
                Passes::Forge => wait_for_edge(&self.standing, to, &never).await,
                Passes::Ci => wait_for_ci(&self.standing, to, &never).await,
            }
        };
        tokio::select! {
            stands = stands => stands,
            trouble = self.end_of_one(work) => Err(trouble),
        }
    }

    /// What was renewed is ready, and the edge answers, be it well or not.
    async fn ready(&self, work: &Work, to: &Plan, stop: &CancellationToken) -> Result<(), Trouble> {
        for name in work.all() {
            let (Some(container), Some(spec)) = (self.standing.container(name), to.services.get(name)) else {
                continue;
            };
            let (docker, container, healthcheck) = (&self.standing.docker, &container, spec.healthcheck.as_ref());
            Awaited { docker, service: name, container, healthcheck, passage: None }.ready(stop).await?;
        }
        wait_for_an_answer(&self.standing, to, stop).await
    }

    async fn renew(&self, name: &str, spec: &ServiceSpec, work: &Work, to: &Plan) -> Result<(), Trouble> {
        if work.refill.contains(name) {
            fill_files(&self.standing, to, name, spec).await?;
        }
        if work.recreate.contains(name) { self.recreate(name, spec, to).await } else { self.restart(name).await }
    }

    /// A new container with these settings, on the volumes of the old one.
    async fn recreate(&self, name: &str, spec: &ServiceSpec, to: &Plan) -> Result<(), Trouble> {
        let docker = &self.standing.docker;
        if let Some(old) = self.standing.container(name) {
            let stop = StopContainerOptionsBuilder::new().t(STOP_WITHIN).build();
            gone_is_fine(docker.stop_container(&old, Some(stop)).await)
                .map_err(|error| refused(name, "its container can't be stopped", &error))?;
            // Nameless volumes go with it; those with a name stay, and so does what is on them.
            let remove = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
            gone_is_fine(docker.remove_container(&old, Some(remove)).await)
                .map_err(|error| refused(name, "its container can't be removed", &error))?;
        }
        let mounts = mounts(&self.standing.run, to, name, spec)?;
        let launched = launch(docker, &self.standing.run, name, spec, mounts).await;
        let container = launched.map_err(|error| match error {
            LaunchError::PortTaken(trouble) | LaunchError::Other(trouble) => trouble,
        })?;
        self.standing.note(name, container.clone());
        if meddlers::is_one(name) {
            // Whether its service is reached says nothing where the service has no check from outside.
            let healthcheck = spec.healthcheck.as_ref();
            let awaited = Awaited { docker, service: name, container: &container, healthcheck, passage: None };
            return awaited.ready(&CancellationToken::new()).await;
        }
        Ok(())
    }

    pub(super) async fn restart(&self, name: &str) -> Result<(), Trouble> {
        let Some(container) = self.standing.container(name) else { return Ok(()) };
        let restart = RestartContainerOptionsBuilder::new().t(STOP_WITHIN).build();
        let restarted = self.standing.docker.restart_container(&container, Some(restart)).await;
        restarted.map_err(|error| refused(name, "its container can't be restarted", &error))
    }

    /// Comes back as soon as one of the services that were renewed ends: it won't become ready any more.
    async fn end_of_one(&self, work: &Work) -> Trouble {
        let ends = work.all().filter_map(|name| {
            let container = self.standing.container(name)?;
            Some(Box::pin(async move {
                let condition = WaitContainerOptionsBuilder::new().condition("not-running").build();
                let mut ends = self.standing.docker.wait_container(&container, Some(condition));
                let code = match ends.next().await {
                    Some(Ok(answer)) => answer.status_code,
                    Some(Err(Error::DockerContainerWaitError { code, .. })) => code,
                    // The engine doesn't say: then the edge's silence will.
                    Some(Err(_)) | None => std::future::pending().await,
                };
                let log = log_lines(&self.standing.docker, &container, TROUBLE_LOG_LINES).await;
                let message = format!("it ended with exit code {code}");
                Trouble { service: Some(name.to_owned()), message, help: None, log }
            }))
        });
        let ends: Vec<_> = ends.collect();
        if ends.is_empty() { std::future::pending().await } else { select_all(ends).await.0 }
    }
}

/// To whom the edge must pass requests on, for a step of a change to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Passes {
    Forge,
    Ci,
}

/// What is known of the registered services, with what the forge has changed of their applications.
fn renewed(registered: Option<&Registered>, changed: &[&Application]) -> Option<Registered> {
    let registered = registered?;
    let ci = registered.ci.as_ref().map(|before| {
        let now = changed.iter().find(|application| application.client_id == before.client_id);
        now.map_or(before, |now| *now).clone()
    });
    Some(Registered { ci, ..registered.clone() })
}

/// Who isn't there needn't be stopped.
fn gone_is_fine(result: Result<(), Error>) -> Result<(), Error> {
    match result {
        Err(Error::DockerResponseServerError { status_code: 404 | 304, .. }) => Ok(()),
        other => other,
    }
}

fn forge_trouble(message: String) -> Trouble {
    Trouble { service: Some(Service::Forge.to_string()), message, help: None, log: Vec::new() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use scenario::Secret;
    use scenario::model::Mode;

    use super::super::plan::Ground;
    use super::*;
    use crate::images::{CATALOG, Choice, Origin};
    use crate::stack::Product;
    use crate::stack::authority::Authority;

    fn planned(mode: Mode, setting: Option<(Service, &str)>, ground: &Ground, secret: &str) -> Plan {
        let own = setting.map(|(service, name)| (service, BTreeMap::from([(name.to_owned(), Some("x".to_owned()))])));
        let environment = own.into_iter().collect();
        let tls = ground.authority.is_some();
        let options = StackOptions { tls, environment, ..StackOptions::new(mode) };
        let choice =
            |service: Service| Choice { image: format!("own/{service}:1"), origin: Origin::Override, is_double: false };
        let images = CATALOG.iter().map(|entry| (entry.service, choice(entry.service))).collect();
        let names = super::super::SERVICES.iter().map(ToString::to_string).collect();
        let inputs = Inputs { names: &names, options: &options, images: &images, ground: ground.clone() };
        let ci = Application {
            name: "ci".to_owned(),
            client_id: "id".to_owned(),
            client_secret: Secret::new(secret),
            redirect_uris: Vec::new(),
        };
        inputs.plan(Some(Registered { product: Product::Gitea, ci: Some(ci) })).unwrap()
    }

    #[test]
    fn only_what_a_change_concerns_is_renewed() {
        for authority in [None, Some(Authority::new("edge.test").unwrap())] {
            let ground = Ground::new(4321, authority).unwrap();
            let planned = |mode, setting, secret| planned(mode, setting, &ground, secret);
            let subpath = planned(Mode::Subpath, None, "a");
            let names = |names: &[&str]| -> BTreeSet<String> { names.iter().map(|&name| name.to_owned()).collect() };
            for (to, recreate, refill) in [
                (planned(Mode::Subpath, None, "a"), names(&[]), names(&[])),
                (planned(Mode::Subpath, None, "b"), names(&["ci"]), names(&[])),
                (planned(Mode::Subdomain, None, "a"), names(&["ci", "forge"]), names(&["edge"])),
                (planned(Mode::Subpath, Some((Service::Forge, "X")), "a"), names(&["forge"]), names(&[])),
                (planned(Mode::Subpath, Some((Service::Staging, "X")), "a"), names(&["staging"]), names(&[])),
            ] {
                let expected = Work { recreate, refill };
                let found = (Work::between(&subpath, &to).unwrap(), Work::between(&to, &subpath).unwrap());
                assert_eq!(found, (expected.clone(), expected));
            }
        }
    }

    #[test]
    fn the_ci_is_renewed_after_what_it_depends_on() {
        let ground = Ground::new(4321, None).unwrap();
        let (from, to) = (planned(Mode::Subpath, None, &ground, "a"), planned(Mode::Subdomain, None, &ground, "a"));
        let late = to.after_the_forge();
        assert_eq!(late, BTreeSet::from(["ci", "ci-agent"]));
        let (late, early) = Work::between(&from, &to).unwrap().split(&late);
        assert_eq!((late.all().collect(), early.all().collect()), (vec!["ci"], vec!["edge", "forge"]));
    }

    #[test]
    fn an_application_s_new_secret_takes_the_place_of_its_old_one() {
        let ground = Ground::new(4321, None).unwrap();
        let before = planned(Mode::Subpath, None, &ground, "a").registered.unwrap();
        let mut changed = before.ci.clone().unwrap();
        changed.client_secret = Secret::new("b");
        let other = Application { client_id: "other".to_owned(), ..changed.clone() };
        assert_eq!(renewed(Some(&before), &[&other]).as_ref(), Some(&before));
        assert_eq!(renewed(Some(&before), &[&other, &changed]).unwrap().ci, Some(changed));
        assert_eq!(renewed(None, &[]), None);
    }
}
