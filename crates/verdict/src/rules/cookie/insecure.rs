//! `cookie/insecure`: a session cookie lacks an attribute that protects it.

use std::collections::BTreeMap;

use super::super::case::{Candidate, Case, Symptom};
use super::super::view::{Given, called, covers, given};
use super::super::{Needs, Rule};
use super::{is_changed_on_the_way, leave_it_alone, observed, root_path};
use crate::evidence::{SetCookie, StackFacts};
use crate::finding::{Class, Severity};
use crate::fix::{Change, Fix};

pub(in super::super) static RULE: Rule = Rule {
    code: "cookie/insecure",
    class: Class::Security,
    severity: Severity::Error,
    title: "A session cookie lacks an attribute that protects it",
    explain: "Without HttpOnly a script on any page of the origin reads the session; without Secure it travels in the clear \
              once; without SameSite it goes along with requests of other sites; with a Domain, or a Path above its \
              service's prefix, it goes to others as well.",
    told_by: "The cookie was set, and accepted, without the attribute that was expected of it. A cookie that isn't there \
              at all is another matter. Where the service sets it well past the edge, something on the way changes it.",
    remedy: "Set the attribute at the service: for Forgejo and Gitea GITEA__session__COOKIE_SECURE and \
             GITEA__session__SAME_SITE.",
    references: &["RFC 6265, section 4.1.2", "Gitea and Forgejo, configuration: session"],
    needs: Needs::A_STACK,
    find,
};

/// Attributes, as the engine names them in a failure.
const ATTRIBUTES: [&str; 5] = ["HttpOnly", "Secure", "SameSite", "Path", "Domain"];

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(stack) = &case.evidence.stack else { return Vec::new() };
    let mut cookies: BTreeMap<(&str, &str, &str), (Given<'_>, Vec<usize>)> = BTreeMap::new();
    for (id, symptom) in case.open() {
        let Some((attribute, given)) = lacking(symptom, stack) else { continue };
        cookies.entry((given.service, &given.cookie.name, attribute)).or_insert((given, Vec::new())).1.push(id);
    }
    let candidate = |((service, name, attribute), (given, explains)): ((&str, &str, &str), (Given<'_>, Vec<usize>))| {
        let who = called(service);
        let what = match attribute {
            "Path" => format!("for {}, more than its own {}", given.path(), root_path(service, stack)),
            "Domain" => "with a Domain, so that it goes to other hosts as well".to_owned(),
            other => format!("without {other}"),
        };
        let is_well = |cookie: &SetCookie| !lacks(cookie, attribute, &given, stack);
        let fix = match is_changed_on_the_way(case.evidence, &given, is_well) {
            true => leave_it_alone(&given),
            false => fix(service, name, attribute),
        };
        Candidate {
            cause: format!("The {who} sets its cookie {name} {what}."),
            fix: Some(fix),
            observations: observed(&[given]),
            explains,
        }
    };
    cookies.into_iter().map(candidate).collect()
}

fn fix(service: &str, name: &str, attribute: &str) -> Fix {
    let who = called(service);
    let setting = match (service, attribute) {
        ("forge", "Secure") => ("GITEA__session__COOKIE_SECURE", "true"),
        ("forge", "SameSite") => ("GITEA__session__SAME_SITE", "lax"),
        _ => {
            return Fix::advice(match attribute {
                "Path" => format!("Have the {who} set {name} with its own prefix as Path."),
                "Domain" => format!("Have the {who} set {name} without a Domain."),
                other => format!("Have the {who} set {name} with {other}."),
            });
        }
    };
    let change =
        Change::Setting { service: service.to_owned(), name: setting.0.to_owned(), value: Some(setting.1.to_owned()) };
    Fix::apply(format!("Have the {who} set {name} with {attribute}."), vec![change])
}

/// The attribute that the failure is about, and the cookie that lacks it.
fn lacking<'a>(symptom: &Symptom<'a>, stack: &'a StackFacts) -> Option<(&'static str, Given<'a>)> {
    let message = symptom.failure?.message.as_str();
    let attribute =
        ATTRIBUTES.iter().copied().find(|attribute| message.starts_with(&format!("{attribute} of cookie `")))?;
    let name = message.split('`').nth(1)?;
    let set = given(&symptom.history(), stack);
    let last = set.into_iter().rfind(|given| given.cookie.name == name && given.cookie.refused.is_none())?;
    lacks(last.cookie, attribute, &last, stack).then_some((attribute, last))
}

fn lacks(cookie: &SetCookie, attribute: &str, given: &Given<'_>, stack: &StackFacts) -> bool {
    match attribute {
        "HttpOnly" => !cookie.http_only,
        "Secure" => !cookie.secure && given.exchange.request.url.starts_with("https://"),
        "SameSite" => cookie.same_site.as_deref().is_none_or(|value| value.eq_ignore_ascii_case("none")),
        "Domain" => cookie.domain.is_some(),
        _ => {
            let root = root_path(given.service, stack);
            let path = cookie.path.as_deref().unwrap_or(&root);
            covers(path, &root) && path.trim_end_matches('/') != root.trim_end_matches('/')
        }
    }
}
