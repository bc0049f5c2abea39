//! What is to be done to get from one plan to another.

use std::collections::BTreeSet;

use scenario::model::Service;
use verdict::evidence::Trouble;

use crate::stack::containers::plan::Plan;

/// What is to be done to get from one plan to another, by the services' names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Work {
    /// Their settings change.
    pub(super) recreate: BTreeSet<String>,
    /// Their files change.
    pub(super) refill: BTreeSet<String>,
}

impl Work {
    pub(super) fn between(from: &Plan, to: &Plan) -> Result<Self, Trouble> {
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

    pub(super) fn leave_out(&mut self, services: &BTreeSet<Service>) {
        for service in services {
            self.recreate.remove(service.as_str());
            self.refill.remove(service.as_str());
        }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &str> {
        self.recreate.union(&self.refill).map(String::as_str)
    }

    /// What of it concerns these services, and the rest.
    pub(super) fn split(&self, names: &BTreeSet<&str>) -> (Self, Self) {
        let part = |of: &BTreeSet<String>, is_in: bool| {
            of.iter().filter(|name| names.contains(name.as_str()) == is_in).cloned().collect()
        };
        let [these, others] = [true, false]
            .map(|is_in| Self { recreate: part(&self.recreate, is_in), refill: part(&self.refill, is_in) });
        (these, others)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeMap;

    use scenario::Secret;
    use scenario::model::Mode;

    use super::*;
    use crate::images::{CATALOG, Choice, Origin};
    use crate::stack::Product;
    use crate::stack::StackOptions;
    use crate::stack::applications::Application;
    use crate::stack::authority::Authority;
    use crate::stack::containers::plan::Ground;
    use crate::stack::containers::plan::{Inputs, Registered};

    pub(in crate::stack::containers::change) fn planned(
        mode: Mode,
        setting: Option<(Service, &str)>,
        ground: &Ground,
        secret: &str,
    ) -> Plan {
        let own = setting.map(|(service, name)| (service, BTreeMap::from([(name.to_owned(), Some("x".to_owned()))])));
        let environment = own.into_iter().collect();
        let tls = ground.authority.is_some();
        let options = StackOptions { tls, environment, ..StackOptions::new(mode) };
        let choice =
            |service: Service| Choice { image: format!("own/{service}:1"), origin: Origin::Override, is_double: false };
        let images = CATALOG.iter().map(|entry| (entry.service, choice(entry.service))).collect();
        let names = crate::stack::containers::SERVICES.iter().map(ToString::to_string).collect();
        let inputs = Inputs { names: &names, options: &options, images: &images, ground: ground.clone() };
        let ci = Application {
            name: "ci".to_owned(),
            client_id: "id".to_owned(),
            client_secret: Secret::new(secret),
            redirect_uris: Vec::new(),
        };
        let chat = Application { name: "chat".to_owned(), client_secret: Secret::new("same"), ..ci.clone() };
        let applications = [(Service::Ci, ci), (Service::Chat, chat)].into();
        let chat_token = Some(Secret::new("token"));
        inputs.plan(Some(Registered { product: Product::Gitea, applications, chat_token })).unwrap()
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
                (planned(Mode::Subdomain, None, "a"), names(&["chat", "ci", "forge"]), names(&["edge"])),
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
    fn who_signs_people_in_is_renewed_after_the_forge() {
        let ground = Ground::new(4321, None).unwrap();
        let (from, to) = (planned(Mode::Subpath, None, &ground, "a"), planned(Mode::Subdomain, None, &ground, "a"));
        let late = to.after_the_forge();
        assert_eq!(late, BTreeSet::from(["chat", "ci", "ci-agent"]));
        assert_eq!(to.following(), BTreeSet::from(["ci-agent"]), "nobody reaches it, and nobody waits for it");
        let (late, early) = Work::between(&from, &to).unwrap().split(&late);
        assert_eq!((late.all().collect(), early.all().collect()), (vec!["chat", "ci"], vec!["edge", "forge"]));
    }
}
