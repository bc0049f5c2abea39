//! The forge's OAuth applications, whose redirect URIs go with the routes.

use std::collections::{BTreeMap, BTreeSet};

use routes::settings;
use scenario::Secret;
use scenario::model::Service;
use serde_json::{Value, json};
use verdict::evidence::Trouble;

use super::addresses;
use super::api::{Answer, Api, Way};

/// Where a user's applications are.
const PATH: &str = "/api/v1/user/applications/oauth2";

/// The services that sign people in at the forge, and are known there by an application each.
pub(crate) const SIGNING_IN: [Service; 2] = [Service::Ci, Service::Chat];

/// The applications that services have at the forge.
pub(crate) type Registered = BTreeMap<Service, Application>;

/// The same with what the forge has changed of them.
pub(crate) fn renewed<'a>(
    registered: &Registered,
    changed: impl IntoIterator<Item = &'a Application> + Clone,
) -> Registered {
    let now = |before: &Application| {
        changed.clone().into_iter().find(|now| now.client_id == before.client_id).unwrap_or(before).clone()
    };
    registered.iter().map(|(service, before)| (*service, now(before))).collect()
}

/// How the forge knows a service's OAuth application otherwise than it should. What is `None` stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ApplicationChange {
    /// Where browsers may be sent back to. `${edge}`, `${ci}` and so on stand for the public addresses.
    pub redirect_uris: Option<Vec<String>>,
    /// What the service takes for its client id, where it isn't the one that the forge gave.
    pub client_id: Option<String>,
    /// What the service takes for its secret, where it isn't the one that the forge gave.
    pub client_secret: Option<String>,
    /// The application is updated once its service was told its secret: the forge has another since.
    pub rotate_secret: bool,
}

/// Where the forge is to let browsers be sent back to, for a service: what the changes say, else what goes with the routes.
pub(crate) fn redirect_uris(
    service: Service,
    site: &routes::Site,
    changes: &BTreeMap<Service, ApplicationChange>,
) -> Vec<String> {
    match changes.get(&service).and_then(|change| change.redirect_uris.as_ref()) {
        Some(uris) => uris.iter().map(|uri| addresses::fill(uri, site)).collect(),
        None => settings::for_site(site).oauth_redirect_uris.remove(service.as_str()).unwrap_or_default(),
    }
}

/// What a service is told of its application: what the changes say, else what the forge gave.
pub(crate) fn told(
    service: Service,
    application: &Application,
    changes: &BTreeMap<Service, ApplicationChange>,
) -> Application {
    let mut told = application.clone();
    if let Some(change) = changes.get(&service) {
        told.client_id = change.client_id.clone().unwrap_or(told.client_id);
        told.client_secret = change.client_secret.clone().map_or(told.client_secret, Secret::new);
    }
    told
}

/// Changes of applications that the stack registers for nobody are a mistake, not a wish to be ignored.
///
/// # Errors
/// The first such service.
pub(crate) fn refuse_unknown(
    changes: &BTreeMap<Service, ApplicationChange>,
    registered: &[Service],
) -> Result<(), Trouble> {
    match changes.keys().find(|service| !registered.contains(service)) {
        None => Ok(()),
        Some(service) => Err(Trouble {
            service: Some(service.to_string()),
            message: "this stack registers no OAuth application for it".to_owned(),
            help: Some("leave the application out, or use a stack that has the service".to_owned()),
            log: Vec::new(),
        }),
    }
}

/// An OAuth application as the forge has it after a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// Its name.
    pub name: String,
    /// Its identifier.
    pub client_id: String,
    /// Its secret: every change of an application makes a new one, which whoever uses it must be told.
    pub client_secret: Secret,
    /// Where browsers may be sent back to.
    pub redirect_uris: Vec<String>,
}

/// An application whose redirect URIs go with the routes, and what they were.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    id: i64,
    name: String,
    confidential: Value,
    redirect_uris: Vec<String>,
}

/// The forge, and who may change the applications there.
pub(crate) struct Applications<'a> {
    /// The forge's public URL.
    pub(crate) forge: &'a str,
    /// How it is reached.
    pub(crate) way: &'a Way,
    /// Their owner.
    pub(crate) owner: (&'a str, &'a Secret),
}

/// What the forge's applications are to become.
pub(crate) struct Bringing<'a> {
    from: &'a routes::Site,
    to: &'a routes::Site,
    wanted: BTreeMap<Service, Vec<String>>,
    renew: &'a BTreeSet<Service>,
}

impl<'a> Bringing<'a> {
    /// From one site with its changes of applications to another.
    pub(crate) fn between(
        (from, before): (&'a routes::Site, &BTreeMap<Service, ApplicationChange>),
        (to, after): (&'a routes::Site, &BTreeMap<Service, ApplicationChange>),
        renew: &'a BTreeSet<Service>,
    ) -> Self {
        let changed = |service: &&Service| redirect_uris(**service, to, before) != redirect_uris(**service, to, after);
        let services: BTreeSet<Service> = before.keys().chain(after.keys()).copied().collect();
        let wanted = services.iter().filter(changed).map(|service| (*service, redirect_uris(*service, to, after)));
        Self { wanted: wanted.collect(), from, to, renew }
    }

    /// Nobody needs to ask the forge anything.
    fn is_nothing(&self) -> bool {
        self.from == self.to && self.wanted.is_empty() && self.renew.is_empty()
    }
}

impl Applications<'_> {
    fn api(&self) -> Api<'_> {
        Api { base: self.forge, way: self.way, credentials: Some(self.owner) }
    }

    /// Makes an application that can keep a secret.
    ///
    /// # Errors
    /// The forge's answer, in words.
    pub(crate) async fn create(&self, name: &str, redirect_uris: Vec<String>) -> Result<Application, String> {
        let wanted = json!({ "name": name, "redirect_uris": redirect_uris, "confidential_client": true });
        let answer = self.api().post(PATH, &wanted).await?;
        application(name, redirect_uris, &answer, 201)
            .ok_or_else(|| format!("the forge answered {} to POST {PATH}; expected 201 with the secret", answer.status))
    }

    /// Makes the applications of these services: with the redirect URIs that go with the routes, unless the changes say others.
    ///
    /// # Errors
    /// The service, and the forge's answer.
    pub(crate) async fn register(
        &self,
        services: &[Service],
        site: &routes::Site,
        changes: &BTreeMap<Service, ApplicationChange>,
    ) -> Result<Registered, String> {
        let mut registered = Registered::new();
        // One after the other, so that the forge's log is the same each time.
        for service in services {
            let application = self.create(service.as_str(), redirect_uris(*service, site, changes)).await;
            let application =
                application.map_err(|why| format!("it registers no OAuth application for the {service}: {why}"))?;
            registered.insert(*service, application);
        }
        Ok(registered)
    }

    /// All of the owner's applications; none where the forge has no such thing.
    ///
    /// # Errors
    /// The forge's answer, in words.
    pub(crate) async fn list(&self) -> Result<Vec<Known>, String> {
        let answer = self.api().get(PATH).await?;
        if answer.status == 404 {
            return Ok(Vec::new());
        }
        let list = answer.json().filter(|_| answer.status == 200);
        let list = list.as_ref().and_then(Value::as_array).ok_or_else(|| unexpected("GET", PATH, &answer))?;
        list.iter().map(|item| known(item).ok_or_else(|| unexpected("GET", PATH, &answer))).collect()
    }

    /// Gives an application other redirect URIs.
    ///
    /// # Errors
    /// The forge's answer, in words.
    pub(crate) async fn update(&self, known: &Known, redirect_uris: &[String]) -> Result<Application, String> {
        let path = format!("{PATH}/{}", known.id);
        let wanted = json!({
            "name": known.name, "redirect_uris": redirect_uris, "confidential_client": known.confidential,
        });
        let answer = self.api().patch(&path, &wanted).await?;
        application(&known.name, redirect_uris.to_vec(), &answer, 200).ok_or_else(|| {
            format!("the forge answered {} to PATCH {path}; expected 200 with the secret", answer.status)
        })
    }

    /// Makes the applications what the next state says: redirect URIs move from one site's addresses to the other's, or become
    /// those that are wanted, and some get a new secret in any case. Gives the applications that it changed, with what they
    /// were; besides, why it didn't get to all.
    pub(crate) async fn bring(&self, work: &Bringing<'_>) -> (Vec<(Known, Application)>, Result<(), String>) {
        let mut done = Vec::new();
        if work.is_nothing() {
            return (done, Ok(()));
        }
        let addresses = Addresses::new(work.from, work.to);
        let known = match self.list().await {
            Ok(known) => known,
            Err(why) => return (done, Err(why)),
        };
        for application in known {
            let service = Service::PARTS.iter().find(|service| service.as_str() == application.name);
            let uris = match service.and_then(|service| work.wanted.get(service)) {
                Some(wanted) => wanted.clone(),
                None => application.redirect_uris.iter().map(|uri| addresses.moved(uri)).collect(),
            };
            if uris == application.redirect_uris && !service.is_some_and(|service| work.renew.contains(service)) {
                continue;
            }
            match self.update(&application, &uris).await {
                Ok(changed) => done.push((application, changed)),
                Err(why) => return (done, Err(why)),
            }
        }
        (done, Ok(()))
    }

    /// As [`Applications::rotate`], for those that their services know the secret of since a change: they weren't to be rotated
    /// before, or were `told` another one.
    ///
    /// # Errors
    /// The forge's answer, in words.
    pub(crate) async fn rotate_again(
        &self,
        before: &BTreeMap<Service, ApplicationChange>,
        after: &BTreeMap<Service, ApplicationChange>,
        told: &[(Known, Application)],
    ) -> Result<(), String> {
        let was_rotated = |service: &Service| before.get(service).is_some_and(|change| change.rotate_secret);
        let was_told = |service: &Service| told.iter().any(|(known, _)| known.name == service.as_str());
        let due = after.iter().filter(|(service, _)| !was_rotated(service) || was_told(service));
        self.rotate(&due.map(|(service, change)| (*service, change.clone())).collect()).await
    }

    /// Updates the applications that are to have another secret than their services know.
    ///
    /// # Errors
    /// The forge's answer, in words.
    pub(crate) async fn rotate(&self, changes: &BTreeMap<Service, ApplicationChange>) -> Result<(), String> {
        let names: Vec<&str> =
            changes.iter().filter(|(_, change)| change.rotate_secret).map(|(service, _)| service.as_str()).collect();
        if names.is_empty() {
            return Ok(());
        }
        for known in self.list().await?.iter().filter(|known| names.contains(&known.name.as_str())) {
            self.update(known, &known.redirect_uris).await?;
        }
        Ok(())
    }

    /// Gives the applications back the redirect URIs that they had. Their secrets are other ones all the same.
    ///
    /// # Errors
    /// The forge's answer, in words.
    pub(crate) async fn put_back(&self, changed: &[(Known, Application)]) -> Result<Vec<Application>, String> {
        let mut back = Vec::new();
        for (known, _) in changed {
            back.push(self.update(known, &known.redirect_uris).await?);
        }
        Ok(back)
    }
}

/// What the forge answered, where it is what was expected. Its words are for nobody else: they hold the secret.
fn application(name: &str, redirect_uris: Vec<String>, answer: &Answer, expected: u16) -> Option<Application> {
    let made = answer.json().filter(|_| answer.status == expected)?;
    let text = |field: &str| Some(made.get(field)?.as_str()?.to_owned());
    Some(Application {
        name: name.to_owned(),
        client_id: text("client_id")?,
        client_secret: Secret::new(text("client_secret")?),
        redirect_uris,
    })
}

fn known(item: &Value) -> Option<Known> {
    let uris = item.get("redirect_uris")?.as_array()?;
    Some(Known {
        id: item.get("id")?.as_i64()?,
        name: item.get("name")?.as_str()?.to_owned(),
        confidential: item.get("confidential_client").cloned().unwrap_or(Value::Bool(true)),
        redirect_uris: uris.iter().filter_map(|uri| Some(uri.as_str()?.to_owned())).collect(),
    })
}

fn unexpected(method: &str, path: &str, answer: &Answer) -> String {
    format!("the forge answered {} to {method} {path}; expected 200 with the applications", answer.excerpt())
}

/// Each service's public address before and after, for services that sign people in at the forge.
struct Addresses(Vec<(String, String)>);

impl Addresses {
    fn new(from: &routes::Site, to: &routes::Site) -> Self {
        let urls = |site: &routes::Site| -> BTreeMap<String, String> {
            // Of all services that there can be, for somebody may have registered one that isn't part of this stack.
            let all = routes::standard::SERVICES.iter().map(|name| ((*name).to_owned(), "any:1".to_owned())).collect();
            let Ok(full) = routes::Site::standard(site.origin.clone(), site.mode, &all) else { return BTreeMap::new() };
            let signing_in = settings::for_site(&full).oauth_redirect_uris.into_keys();
            signing_in.filter_map(|name| Some((name.clone(), full.service_url(&name)?))).collect()
        };
        let after = urls(to);
        Self(urls(from).into_iter().filter_map(|(name, url)| Some((url, after.get(&name)?.clone()))).collect())
    }

    /// The URI at the address that its service has afterwards; as it is where it is nobody's.
    fn moved(&self, uri: &str) -> String {
        let moved = self.0.iter().find_map(|(before, after)| {
            let rest = uri.strip_prefix(before.as_str())?;
            (rest.is_empty() || rest.starts_with('/')).then(|| format!("{after}{rest}"))
        });
        moved.unwrap_or_else(|| uri.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_application_is_registered_for_its_service_s_address_unless_another_is_given() {
        let upstreams = [("ci".to_owned(), "ci:8000".to_owned())].into();
        let origin = routes::Origin::parse("http://edge.test:1").unwrap();
        let site = routes::Site::standard(origin, routes::Mode::Subpath, &upstreams).unwrap();
        let uris = |change: Option<ApplicationChange>| {
            let changes = change.into_iter().map(|change| (Service::Ci, change)).collect();
            redirect_uris(Service::Ci, &site, &changes)
        };
        assert_eq!(uris(None), ["http://edge.test:1/ci/authorize"]);
        assert_eq!(uris(Some(ApplicationChange::default())), ["http://edge.test:1/ci/authorize"]);
        let other = ApplicationChange {
            redirect_uris: Some(vec!["${edge}/authorize".to_owned(), "http://x/".to_owned()]),
            ..ApplicationChange::default()
        };
        assert_eq!(uris(Some(other.clone())), ["http://edge.test:1/authorize", "http://x/"]);
        let changes = [(Service::Ci, other)].into();
        assert!(refuse_unknown(&changes, &[Service::Ci]).is_ok());
        assert_eq!(refuse_unknown(&changes, &[]).unwrap_err().service.as_deref(), Some("ci"));
    }

    #[test]
    fn an_application_s_new_secret_takes_the_place_of_its_old_one() {
        let application = |client_id: &str, secret: &str| Application {
            name: "any".to_owned(),
            client_id: client_id.to_owned(),
            client_secret: Secret::new(secret.to_owned()),
            redirect_uris: Vec::new(),
        };
        let before =
            Registered::from([(Service::Ci, application("1", "old")), (Service::Chat, application("2", "old"))]);
        let changed = [application("2", "new"), application("3", "other")];
        let after = renewed(&before, &changed);
        assert_eq!(after[&Service::Ci], before[&Service::Ci]);
        assert_eq!(after[&Service::Chat], changed[0]);
        assert_eq!(after.len(), 2);
    }

    #[test]
    fn redirect_uris_move_with_their_service_and_others_stay() {
        let site = |mode| {
            let origin = routes::Origin::parse("https://edge.test:4321").unwrap();
            routes::Site::standard(origin, mode, &BTreeMap::new()).unwrap()
        };
        let (subpath, subdomain) = (site(routes::Mode::Subpath), site(routes::Mode::Subdomain));
        let there = Addresses::new(&subpath, &subdomain);
        let back = Addresses::new(&subdomain, &subpath);
        for (before, after) in [
            ("https://edge.test:4321/ci/authorize", "https://ci.edge.test:4321/authorize"),
            ("https://edge.test:4321/chat/oauth/callback", "https://chat.edge.test:4321/oauth/callback"),
        ] {
            assert_eq!((there.moved(before).as_str(), back.moved(after).as_str()), (after, before));
        }
        for other in ["https://edge.test:4321/cinema", "http://edge.test:4321/ci/authorize", "https://ci.other.test/x"]
        {
            assert_eq!((there.moved(other).as_str(), back.moved(other).as_str()), (other, other));
        }
    }
}
