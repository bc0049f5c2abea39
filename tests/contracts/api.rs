//! The REST calls that were recorded (`api.json`), made again in their order. The recorder's user, repository, identifiers
//! and origin are mapped to ours.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use edge_smoke::engine::http::target::Origin;
use edge_smoke::engine::http::{Address, Connector, Outgoing};
use edge_smoke::engine::visitor::Visitor;
use edge_smoke::stack::{Product, Site, StackOptions};
use regex::Regex;
use scenario::model::{Mode, Service};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::recording::{RECORDED_ORIGIN, folder};
use crate::shapes::at_recorded_origin;
use crate::walk;

/// Our repository in place of the recorder's `demo`, which the stack has one of already.
const REPOSITORY: &str = "contract";
/// What a signed token looks like.
const SIGNED: &str = r"^eyJ[\w-]+\.[\w-]+\.[\w-]+$";

/// One recorded call, or what was looked at.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Row {
    /// What it is about.
    pub(crate) what: String,
    #[serde(default)]
    request: String,
    #[serde(default)]
    body: Value,
    #[serde(default)]
    status: u16,
    /// Fields of the answer with their values.
    #[serde(default)]
    values: BTreeMap<String, Value>,
    /// Fields of the answer with their types, as Python names them.
    #[serde(default)]
    response_fields: BTreeMap<String, String>,
    response_text: Option<String>,
    /// `list of 1`.
    response: Option<String>,
    /// The webhook's events.
    #[serde(default)]
    events: BTreeSet<String>,
    /// The webhook's URL.
    url: Option<String>,
}

impl Row {
    /// It is about the CI, alone or together with the forge.
    pub(crate) fn needs_ci(&self) -> bool {
        !self.what.starts_with("forge: ") || self.url.is_some() || self.request.contains(" /ci/")
    }
}

/// All rows, in order.
pub(crate) fn rows() -> Vec<Row> {
    let path = folder().join("api.json");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// As the recorder's stack was: its forge delivered no hooks to an address that isn't public, which is what it does where
/// nobody says otherwise; and nothing took the pipelines on.
pub(crate) fn options() -> StackOptions {
    let mut options = StackOptions::new(Mode::Subpath);
    let unset = BTreeMap::from([("GITEA__webhook__ALLOWED_HOST_LIST".to_owned(), None)]);
    options.environment.insert(Service::Forge, unset);
    options.stop.insert(Service::CiAgent);
    options
}

/// What differs, by what the call was about.
pub(crate) type Differences = BTreeMap<String, Vec<String>>;

/// Makes the calls, and gives the differences of each.
///
/// # Errors
/// No answer at all, in words; a call that isn't recorded but has to be made, and failed.
pub(crate) async fn replay(site: &Site, forge: Product) -> Result<Differences, String> {
    let has_ci = site.services.contains_key(&Service::Ci);
    let mut caller = Caller::new(site, forge, has_ci).await?;
    let mut seen = BTreeMap::new();
    for row in rows().iter().filter(|row| has_ci || !row.needs_ci()) {
        let differences = if row.url.is_some() { caller.webhook(row).await? } else { caller.call(row).await? };
        seen.insert(row.what.clone(), differences);
    }
    Ok(seen)
}

/// Who makes the calls, and what they have learnt.
struct Caller<'a> {
    site: &'a Site,
    forge: Product,
    origin: Origin,
    /// With no cookies.
    anonymous: Visitor,
    /// Signed in at the CI.
    browser: Option<Visitor>,
    user: String,
    basic: String,
    csrf: String,
    bearer: String,
    forge_repository: i64,
    ci_repository: i64,
}

impl<'a> Caller<'a> {
    async fn new(site: &'a Site, forge: Product, has_ci: bool) -> Result<Self, String> {
        let origin = Origin::parse(&site.base_url).map_err(|error| error.to_string())?;
        let connector =
            Connector::new(site.resolve.clone(), site.ca_pem.as_deref()).map_err(|error| error.to_string())?;
        let browser = if has_ci { Some(walk::signed_in(site).await?) } else { None };
        let user = site.variables.get("user").cloned().unwrap_or_default();
        let password = site.secrets.get("password").map_or("", |password| password.expose());
        let basic = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
        let anonymous = Visitor::new(connector);
        let (csrf, bearer) = (String::new(), String::new());
        Ok(Self {
            site,
            forge,
            origin,
            anonymous,
            browser,
            user,
            basic,
            csrf,
            bearer,
            forge_repository: 0,
            ci_repository: 0,
        })
    }

    async fn call(&mut self, row: &Row) -> Result<Vec<String>, String> {
        self.prepare(row).await?;
        let (status, text) = self.send(row, &self.ours(&row.request), &row.body).await?;
        self.learn(row, &text);
        let mut found = Vec::new();
        if status != row.status {
            found.push(format!("status: recorded {}, observed {status} with {text:.300}", row.status));
        }
        let answer: Value = serde_json::from_str(&text).unwrap_or_default();
        found.extend(self.differences(row, &answer, &text));
        Ok(found)
    }

    /// What the recorder did without noting it.
    async fn prepare(&mut self, row: &Row) -> Result<(), String> {
        match row.what.as_str() {
            "personal token" => {
                self.csrf = self.web_config("WOODPECKER_CSRF").await?;
                Ok(())
            }
            "forge: create a pull request" => {
                let path = format!("/forge/api/v1/repos/{}/{REPOSITORY}/contents/feature.txt", self.user);
                let body = json!({ "message": "f", "content": "eA==", "branch": "main", "new_branch": "feat" });
                let (status, text) = self.send(row, &format!("POST {path}"), &body).await?;
                if status == 201 { Ok(()) } else { Err(format!("the branch can't be made: {status} {text}")) }
            }
            _ => Ok(()),
        }
    }

    /// Our request in place of the recorded one.
    fn ours(&self, request: &str) -> String {
        let request =
            request.replace("/alice/", &format!("/{}/", self.user)).replace("/demo", &format!("/{REPOSITORY}"));
        let request = request.replace("forge_remote_id=1", &format!("forge_remote_id={}", self.forge_repository));
        request.replace("/ci/api/repos/1/", &format!("/ci/api/repos/{}/", self.ci_repository))
    }

    async fn send(&mut self, row: &Row, request: &str, body: &Value) -> Result<(u16, String), String> {
        let (method, target) = request.split_once(' ').ok_or_else(|| format!("{}: no request", row.what))?;
        let address = Address::parse(target, &self.origin).map_err(|error| format!("{target}: {error}"))?;
        let mut headers = vec![("Accept".to_owned(), b"application/json".to_vec())];
        let content = match body {
            Value::Null => Bytes::new(),
            body => {
                headers.push(("Content-Type".to_owned(), b"application/json".to_vec()));
                let content = base64_filled(body).to_string().replace("\"demo\"", &format!("\"{REPOSITORY}\""));
                Bytes::from(content)
            }
        };
        // Who calls goes by what the row says.
        let mut by_cookie = false;
        match row.what.as_str() {
            what if what.ends_with("with no token") => {}
            what if what.starts_with("forge: ") && target.starts_with("/forge/") => {
                headers.push(("Authorization".to_owned(), self.basic.clone().into_bytes()));
            }
            "who am I (cookie)" | "personal token without CSRF header" => by_cookie = true,
            "personal token" => {
                by_cookie = true;
                headers.push(("X-CSRF-TOKEN".to_owned(), self.csrf.clone().into_bytes()));
            }
            _ => headers.push(("Authorization".to_owned(), format!("Bearer {}", self.bearer).into_bytes())),
        }
        let visitor = if by_cookie { self.browser.as_mut() } else { Some(&mut self.anonymous) };
        let visitor = visitor.ok_or("nobody is signed in")?;
        let request = Outgoing { method: method.to_owned(), address, headers, body: content };
        visitor.hops.clear();
        visitor.navigate(request, None).await.map_err(|obstacle| format!("{}: {obstacle:?}", row.what))?;
        let response = visitor.page.as_ref().map(|page| &page.response).ok_or("no answer")?;
        Ok((response.status, String::from_utf8_lossy(&response.body).into_owned()))
    }

    /// Identifiers and tokens for later calls.
    fn learn(&mut self, row: &Row, text: &str) {
        let id = || serde_json::from_str::<Value>(text).ok().and_then(|answer| answer.get("id")?.as_i64());
        match row.what.as_str() {
            "personal token" => self.bearer = text.trim().to_owned(),
            "forge: create repo" => self.forge_repository = id().unwrap_or_default(),
            "ci: activate repo" => self.ci_repository = id().unwrap_or_default(),
            _ => {}
        }
    }

    fn differences(&self, row: &Row, answer: &Value, text: &str) -> Vec<String> {
        let mut found = Vec::new();
        for (name, recorded) in &row.values {
            let observed = answer.get(name).unwrap_or(&Value::Null);
            // The recorder's first of all was 1.
            let is_same = match name.as_str() {
                "id" => observed.is_i64(),
                _ => self.mapped(observed) == *recorded,
            };
            if !is_same {
                found.push(format!("{name}: recorded {recorded}, observed {observed}"));
            }
        }
        for (name, kind) in &row.response_fields {
            match answer.get(name) {
                Some(value) if is_a(value, kind) => {}
                // The recorder's forge was Gitea, which has `null` where Forgejo has a list of nothing.
                Some(Value::Array(items))
                    if self.forge == Product::Forgejo && kind == "NoneType" && items.is_empty() => {}
                other => found.push(format!("{name}: recorded a value of type {kind}, observed {other:?}")),
            }
        }
        match row.response_text.as_deref() {
            None => {}
            Some("<jwt as plain text>") if is_signed(text.trim()) => {}
            Some(recorded) if recorded == text => {}
            Some(recorded) => found.push(format!("text: recorded {recorded:?}, observed {text:.300?}")),
        }
        if let Some(recorded) = &row.response {
            let items = answer.as_array().map(|items| self.of_this_repository(items));
            let observed = items.map_or_else(|| "no list".to_owned(), |count| format!("list of {count}"));
            if observed != *recorded {
                found.push(format!("answer: recorded {recorded}, observed {observed}"));
            }
        }
        found
    }

    /// Items that aren't about another repository than the one that the recorder had.
    fn of_this_repository(&self, items: &[Value]) -> usize {
        let ours = format!("{}/{REPOSITORY}", self.user);
        items.iter().filter(|item| item.get("full_name").is_none_or(|name| *name == ours)).count()
    }

    /// Our value as the recorder would have seen it.
    fn mapped(&self, value: &Value) -> Value {
        let Value::String(text) = value else { return value.clone() };
        let text = at_recorded_origin(text, &self.site.base_url);
        let text = text.replace(&format!("{}/{REPOSITORY}", self.user), "alice/demo");
        Value::String(if text == self.user { "alice".to_owned() } else { text })
    }

    /// The webhook at the forge.
    async fn webhook(&mut self, row: &Row) -> Result<Vec<String>, String> {
        let path = format!("/forge/api/v1/repos/{}/{REPOSITORY}/hooks", self.user);
        let (_, text) = self.send(row, &format!("GET {path}"), &Value::Null).await?;
        let hooks: Value = serde_json::from_str(&text).map_err(|error| format!("{error}: {text:.300}"))?;
        let url = |hook: &Value| Some(hook.get("config")?.get("url")?.as_str()?.to_owned());
        let prefix = format!("{RECORDED_ORIGIN}/ci/api/hook?access_token=");
        let hook = hooks.as_array().into_iter().flatten().find_map(|hook| {
            let url = at_recorded_origin(&url(hook)?, &self.site.base_url);
            let token = url.strip_prefix(&prefix)?;
            Some((hook, is_signed(token)))
        });
        let Some((hook, has_token)) = hook else { return Ok(vec![format!("no hook at {prefix}…: {text:.600}")]) };
        let mut found = Vec::new();
        if !has_token {
            found.push("the hook's token is not signed".to_owned());
        }
        let events = hook.get("events").and_then(Value::as_array).into_iter().flatten();
        let events: BTreeSet<String> = events.filter_map(|event| Some(event.as_str()?.to_owned())).collect();
        if events != row.events {
            found.push(format!("events: recorded {:?}, observed {events:?}", row.events));
        }
        Ok(found)
    }

    /// A value of the CI's `web-config.js`, as the signed-in browser gets it.
    async fn web_config(&mut self, name: &str) -> Result<String, String> {
        let browser = self.browser.as_mut().ok_or("nobody is signed in")?;
        let address = Address::parse("/ci/web-config.js", &self.origin).map_err(|error| error.to_string())?;
        let request = Outgoing { method: "GET".to_owned(), address, headers: Vec::new(), body: Bytes::new() };
        browser.navigate(request, None).await.map_err(|obstacle| format!("{obstacle:?}"))?;
        let body = browser.page.as_ref().map(|page| page.response.body.clone()).unwrap_or_default();
        let text = String::from_utf8_lossy(&body).into_owned();
        let pattern = Regex::new(&format!("{name} = \"([^\"]+)\"")).map_err(|error| error.to_string())?;
        let found = pattern.captures(&text).map(|found| found[1].to_owned());
        found.ok_or_else(|| format!("no {name} in web-config.js: {text:.600}"))
    }
}

/// Whether a value is of a type, by Python's name for it.
fn is_a(value: &Value, kind: &str) -> bool {
    match kind {
        "int" => value.is_i64(),
        "str" => value.is_string(),
        "bool" => value.is_boolean(),
        "dict" => value.is_object(),
        "NoneType" => value.is_null(),
        _ => false,
    }
}

fn is_signed(token: &str) -> bool {
    Regex::new(SIGNED).is_ok_and(|pattern| pattern.is_match(token))
}

/// The recorder wrote `<base64>` for a pipeline file.
fn base64_filled(body: &Value) -> Value {
    let mut body = body.clone();
    if let Some(content) = body.get_mut("content").filter(|content| *content == "<base64>") {
        *content = STANDARD.encode("steps:\n  - name: a\n    image: alpine\n    commands: [\"true\"]\n").into();
    }
    body
}
