//! Walks a stack as the recorder did, and notes what it sees in the same form.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use edge_smoke::engine::http::target::{Origin, form_urlencoded};
use edge_smoke::engine::http::{Address, Connector, Outgoing};
use edge_smoke::engine::visitor::{Hop, Obstacle, Visitor};
use edge_smoke::stack::Site;
use regex::Regex;
use scenario::model::{Follow, Service};
use scraper::{Html, Selector};
use verdict::evidence::SetCookie;

use crate::recording::{Asset, Cookie, Entry, Exchange, Recording};
use crate::shapes::at_recorded_origin;

/// As far as the recorder followed.
const FOLLOW: Follow = Follow { max_hops: 10 };
/// A state that nobody signed.
const FORGED: &str = "eyJhbGciOiJIUzI1NiJ9.eyJmb3JnZWQiOnRydWV9.c2lnbmVkYnlub2JvZHlhdGFsbA";

/// The CI's addresses that the recorder asked for, signed out.
const CI_SIGNED_OUT: &[&str] = &[
    "/ci/",
    "/ci/login",
    "/ci/nosuch",
    "/ci/web-config.js",
    "/ci/healthz",
    "/ci/version",
    "/ci/api/user",
    "/ci/api/repos",
    "/ci/assets/nope.js",
    "/ci/assets/custom.css",
    "/ci/assets/custom.js",
    "/ci/logout",
    "/ci/swagger/index.html",
];

/// Walks the whole stack: the forge alone, and the CI where there is one.
///
/// # Errors
/// No answer at all, in words.
pub(crate) async fn walk(site: &Site) -> Result<Recording, String> {
    let mut walk = Walk::new(site)?;
    walk.forge().await?;
    if site.services.contains_key(&Service::Ci) {
        walk.ci_signed_out().await?;
        // Another browser.
        walk.visitor = Visitor::new(connector(site)?);
        walk.sign_in().await?;
        walk.callbacks().await?;
    }
    Ok(walk.seen)
}

/// A browser that has signed in at the CI.
///
/// # Errors
/// No answer at all, in words.
pub(crate) async fn signed_in(site: &Site) -> Result<Visitor, String> {
    let mut walk = Walk::new(site)?;
    walk.sign_in().await?;
    Ok(walk.visitor)
}

struct Walk<'a> {
    site: &'a Site,
    origin: Origin,
    visitor: Visitor,
    seen: Recording,
}

fn connector(site: &Site) -> Result<Connector, String> {
    Connector::new(site.resolve.clone(), site.ca_pem.as_deref()).map_err(|error| error.to_string())
}

impl<'a> Walk<'a> {
    fn new(site: &'a Site) -> Result<Self, String> {
        let origin = Origin::parse(&site.base_url).map_err(|error| error.to_string())?;
        Ok(Self { site, origin, visitor: Visitor::new(connector(site)?), seen: Recording::new() })
    }

    fn note(&mut self, name: &str, entry: Entry) {
        self.seen.insert(name.to_owned(), entry);
    }

    async fn forge(&mut self) -> Result<(), String> {
        for (name, target) in [
            ("root", "/"),
            ("forge home", "/forge/"),
            ("forge protected page, signed out", "/forge/user/settings"),
            ("forge login page", "/forge/user/login"),
        ] {
            let exchanges = self.get(target).await?;
            self.note(name, Entry::Exchanges(exchanges));
        }
        let fields = self.hidden_fields();
        self.note("forge login page hidden fields", Entry::Names(names(&fields)));
        let references = self.references();
        let assets = self.assets(references).await?;
        self.note("forge login page assets", Entry::Assets(assets));
        let exchanges = self.post("/forge/user/login", &credentials(fields, &self.user(), "wrong")).await?;
        self.note("forge wrong password", Entry::Exchanges(exchanges));
        let exchanges = self.get("/forge/api/v1/version").await?;
        self.note("forge api version", Entry::Exchanges(exchanges));
        let exchanges = self.get("/forge/.well-known/openid-configuration").await?;
        self.note("forge openid configuration", Entry::Exchanges(exchanges));
        let document = at_recorded_origin(&self.text(), &self.site.base_url);
        if let Ok(document) = serde_json::from_str(&document) {
            self.note("forge openid endpoints", Entry::Document(document));
        }
        Ok(())
    }

    async fn ci_signed_out(&mut self) -> Result<(), String> {
        let mut answers = BTreeMap::new();
        for path in CI_SIGNED_OUT {
            let exchanges = self.request("GET", path, "", None).await?;
            answers.extend(exchanges.into_iter().map(|exchange| ((*path).to_owned(), exchange)));
        }
        self.note("ci signed out", Entry::Answers(answers));
        self.get("/ci/").await?;
        let references = self.references();
        let assets = self.assets(references).await?;
        self.note("ci index assets", Entry::Assets(assets));
        self.get("/ci/web-config.js").await?;
        let pattern = Regex::new(r#"WOODPECKER_ROOT_PATH = "([^"]*)""#).map_err(|error| error.to_string())?;
        let root_path = pattern.captures(&self.text()).map(|found| found[1].to_owned());
        self.note("ci web-config root path", Entry::Text(root_path));
        Ok(())
    }

    async fn sign_in(&mut self) -> Result<(), String> {
        let exchanges = self.get("/ci/authorize").await?;
        self.note("oauth: start at /ci/authorize, signed out", Entry::Exchanges(exchanges));
        // Wherever the dance has led, as long as it has left the CI.
        let path = self.path();
        let login = if path.starts_with("/ci") { "/forge/user/login".to_owned() } else { path };
        let password = self.site.secrets.get("password").map_or("", |password| password.expose()).to_owned();
        let fields = self.hidden_fields();
        let exchanges = self.post(&login, &credentials(fields, &self.user(), &password)).await?;
        self.note("oauth: sign in", Entry::Exchanges(exchanges));
        let consents = self.find("form[action$='/login/oauth/grant']", "action").pop().is_some();
        // Of whatever page it is: the recorder didn't look.
        let mut fields = self.hidden_fields();
        self.note("oauth: consent page hidden fields", Entry::Names(names(&fields)));
        if consents {
            let uri = fields.iter().find(|(name, _)| name == "redirect_uri").map(|(_, value)| value);
            let uri = uri.map(|uri| at_recorded_origin(uri, &self.site.base_url));
            self.note("oauth: consent redirect_uri", Entry::Text(uri));
            fields.push(("granted".to_owned(), "true".to_owned()));
            let exchanges = self.post("/forge/login/oauth/grant", &fields).await?;
            self.note("oauth: grant", Entry::Exchanges(exchanges));
        }
        for (name, target) in [
            ("oauth: signed-in user at the ci", "/ci/api/user"),
            ("oauth: second sign-in, already granted", "/ci/authorize"),
        ] {
            let exchanges = self.get(target).await?;
            self.note(name, Entry::Exchanges(exchanges));
        }
        Ok(())
    }

    async fn callbacks(&mut self) -> Result<(), String> {
        let forged = format!("/ci/authorize?code=a-code-that-nobody-gave&state={FORGED}");
        let denied = format!("/ci/authorize?error=access_denied&error_description=denied&state={FORGED}");
        for (name, target) in [
            ("oauth: callback with a forged state", forged.as_str()),
            ("oauth: callback with an error", &denied),
            ("ci logout", "/ci/logout"),
        ] {
            let exchanges = self.get(target).await?;
            self.note(name, Entry::Exchanges(exchanges));
        }
        Ok(())
    }

    fn user(&self) -> String {
        self.site.variables.get("user").cloned().unwrap_or_default()
    }

    async fn get(&mut self, target: &str) -> Result<Vec<Exchange>, String> {
        self.request("GET", target, "", Some(FOLLOW)).await
    }

    async fn post(&mut self, target: &str, fields: &[(String, String)]) -> Result<Vec<Exchange>, String> {
        self.request("POST", target, &form_urlencoded(fields), Some(FOLLOW)).await
    }

    async fn request(
        &mut self,
        method: &str,
        target: &str,
        form: &str,
        follow: Option<Follow>,
    ) -> Result<Vec<Exchange>, String> {
        let address = Address::parse(target, &self.origin).map_err(|error| format!("{target}: {error}"))?;
        let kind = ("Content-Type".to_owned(), b"application/x-www-form-urlencoded".to_vec());
        let headers = if method == "POST" { vec![kind] } else { Vec::new() };
        let request = Outgoing { method: method.to_owned(), address, headers, body: Bytes::from(form.to_owned()) };
        self.visitor.hops.clear();
        match self.visitor.navigate(request, follow).await {
            Ok(()) => Ok(self.visitor.hops.iter().filter_map(|hop| self.exchange(hop)).collect()),
            Err(Obstacle::Http(error)) => Err(format!("{method} {target}: {error}")),
            Err(obstacle) => Err(format!("{method} {target}: {obstacle:?}")),
        }
    }

    fn exchange(&self, hop: &Hop) -> Option<Exchange> {
        let response = hop.response.as_ref()?;
        let address = &hop.request.address;
        let url = if address.origin == self.origin { address.target.clone() } else { address.to_string() };
        let map = |text: &str| at_recorded_origin(text, &self.site.base_url);
        Some(Exchange {
            request: map(&format!("{} {url}", hop.request.method)),
            status: response.status,
            content_type: response.header("content-type"),
            location: response.header("location").as_deref().map(map),
            set_cookie: hop.set_cookies.iter().map(cookie).collect(),
            bytes: response.body.len(),
        })
    }

    fn path(&self) -> String {
        self.visitor.page.as_ref().map_or_else(String::new, |page| page.address.path().to_owned())
    }

    /// The last page's content.
    fn text(&self) -> String {
        let page = self.visitor.page.as_ref();
        page.map_or_else(String::new, |page| String::from_utf8_lossy(&page.response.body).into_owned())
    }

    /// The values of an attribute of what a selector finds on the last page.
    fn find(&self, selector: &str, attribute: &str) -> Vec<String> {
        let Ok(selector) = Selector::parse(selector) else { return Vec::new() };
        let page = Html::parse_document(&self.text());
        page.select(&selector).filter_map(|element| element.attr(attribute)).map(ToOwned::to_owned).collect()
    }

    fn hidden_fields(&self) -> Vec<(String, String)> {
        let selector = "input[type=hidden][name]";
        let values = self.find(&format!("{selector}[value]"), "value");
        self.find(&format!("{selector}[value]"), "name").into_iter().zip(values).collect()
    }

    /// What the last page loads.
    fn references(&self) -> BTreeSet<String> {
        let found = [("link[rel]", "href"), ("script[src]", "src"), ("img[src]", "src")];
        let found = found.iter().flat_map(|(selector, attribute)| self.find(selector, attribute));
        found.filter(|reference| !reference.starts_with("data:")).collect()
    }

    async fn assets(&mut self, references: BTreeSet<String>) -> Result<Vec<Asset>, String> {
        let mut assets = Vec::new();
        for reference in references {
            let exchanges = self.request("GET", &reference, "", None).await?;
            let reference = at_recorded_origin(&reference, &self.site.base_url);
            let asset = |exchange: Exchange| Asset {
                reference: reference.clone(),
                status: exchange.status,
                content_type: exchange.content_type,
            };
            assets.extend(exchanges.into_iter().map(asset));
        }
        Ok(assets)
    }
}

fn credentials(mut fields: Vec<(String, String)>, user: &str, password: &str) -> Vec<(String, String)> {
    fields.push(("user_name".to_owned(), user.to_owned()));
    fields.push(("password".to_owned(), password.to_owned()));
    fields
}

/// The names of the fields, sorted, each once.
fn names(fields: &[(String, String)]) -> Vec<String> {
    fields.iter().map(|(name, _)| name.clone()).collect::<BTreeSet<_>>().into_iter().collect()
}

fn cookie(set: &SetCookie) -> Cookie {
    let mut attrs = Vec::new();
    attrs.extend(set.domain.as_ref().map(|domain| format!("Domain={domain}")));
    attrs.extend(set.http_only.then(|| "HttpOnly".to_owned()));
    attrs.extend(set.path.as_ref().map(|path| format!("Path={path}")));
    attrs.extend(set.same_site.as_ref().map(|same_site| format!("SameSite={same_site}")));
    attrs.extend(set.secure.then(|| "Secure".to_owned()));
    Cookie { name: set.name.clone(), deleted: set.deleted, attrs }
}
