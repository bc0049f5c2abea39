//! Webhooks: what the forge tells the CI of a push.

pub(super) mod denied;
pub(super) mod misdirected;

use url::Url;

use super::case::Symptom;
use super::view::{body, is_below, log, public_url, service_of, status};
use crate::evidence::{Evidence, Exchange, StackFacts};

/// The path of Woodpecker's webhooks, below its address.
const HOOK_PATH: &str = "/api/hook";

/// A push that didn't become a pipeline, and the webhook that should have told of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Untold {
    /// Where the webhook leads, without its query.
    hook: String,
    /// Where browsers reach what it should lead to.
    public: String,
}

impl Untold {
    /// The symptom as one: the CI was asked for the pipelines of a repository again and again, and none came; and the
    /// same journey saw the webhook that the repository has.
    fn of(symptom: &Symptom<'_>, stack: &StackFacts) -> Option<Self> {
        let last = symptom.last_exchange()?;
        let is_list = path_of(last).ends_with("/pipelines") && last.request.method == "GET";
        let is_of_ci = service_of(&last.request.url, stack) == Some("ci");
        let is_empty = status(last) == Some(200) && body(last).trim() == "[]";
        let waited = symptom.step.is_some_and(|step| step.attempts > 1);
        if !(is_list && is_of_ci && is_empty && waited) {
            return None;
        }
        let history = symptom.history();
        let lists = history.iter().rev().filter(|exchange| {
            path_of(exchange).ends_with("/hooks") && service_of(&exchange.request.url, stack) == Some("forge")
        });
        let hook = lists.filter_map(|exchange| hook_url(body(exchange))).next()?;
        Some(Self { hook, public: format!("{}{HOOK_PATH}", public_url("ci", stack)) })
    }

    /// The webhook leads to the CI as far as its address tells: to its public one; or below its prefix on a host that only
    /// containers may know, if the forge says that it may not call that host, and not that it isn't there.
    fn is_directed(&self, evidence: &Evidence) -> bool {
        if is_below(&self.hook, &self.public) {
            return true;
        }
        let (Ok(hook), Ok(public)) = (Url::parse(&self.hook), Url::parse(&self.public)) else { return false };
        hook.host_str() != public.host_str()
            && is_below(hook.path(), public.path())
            && delivery(evidence).is_some_and(is_denial)
    }
}

/// The forge's last word on a webhook that it could not deliver.
fn delivery(evidence: &Evidence) -> Option<&str> {
    log(evidence, "forge").filter(|line| line.contains("webhook") && line.to_lowercase().contains("deliver")).last()
}

/// The forge's list of allowed hosts says no (`deny 'HOST(ADDRESS)'`).
fn is_denial(line: &str) -> bool {
    line.contains("deny") || line.contains("ALLOWED_HOST_LIST")
}

fn path_of(exchange: &Exchange) -> String {
    super::view::path_of(&exchange.request.url)
}

/// The address of the first webhook in the forge's list that leads to a hook of Woodpecker's kind.
fn hook_url(list: &str) -> Option<String> {
    let urls = list.match_indices("\"url\"").filter_map(|(at, name)| {
        let rest = list[at + name.len()..].trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
        rest.split('"').next().map(|url| url.replace("\\u0026", "&").replace("\\/", "/"))
    });
    let mut bare = urls.map(|url| url.split('?').next().unwrap_or_default().to_owned());
    bare.find(|url| Url::parse(url).is_ok_and(|url| url.path().ends_with(HOOK_PATH)))
}
