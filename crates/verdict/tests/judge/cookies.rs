//! Whose cookies go where.

use verdict::evidence::{Evidence, FailureKind, Mode, Outcome, SetCookie, StackKind};
use verdict::{Class, judge};

use crate::build::{SITE, evidence, journey, step};

/// A journey that passed, with an exchange at this path that set a cookie with this `Path`.
fn setting(path: &str, cookie_path: Option<&str>, deleted: bool) -> Evidence {
    let mut step = step("login", &format!("{SITE}{path}"), Some(200), FailureKind::Expectation, "");
    step.outcome = Outcome::Passed;
    step.failures.clear();
    let cookie = SetCookie {
        name: "session".into(),
        path: cookie_path.map(str::to_owned),
        domain: None,
        http_only: true,
        secure: false,
        same_site: None,
        deleted,
        refused: None,
    };
    step.trace[0].response.as_mut().expect("it was answered").set_cookies.push(cookie);
    evidence(StackKind::Containers, vec![journey("login", Outcome::Passed, vec![step])])
}

fn notes(evidence: &Evidence) -> Vec<String> {
    let findings = judge(evidence).findings;
    assert!(findings.iter().all(|finding| finding.class == Class::Note), "{findings:?}");
    findings.into_iter().map(|finding| finding.code).collect()
}

#[test]
fn a_cookie_for_the_whole_origin_from_below_a_prefix_is_a_note() {
    let evidence = setting("/ci/authorize", Some("/"), false);
    assert_eq!(notes(&evidence), ["cookie/for-the-whole-origin"]);
    let finding = &judge(&evidence).findings[0];
    assert!(finding.cause.contains("/ci sets the cookie session"), "{}", finding.cause);
    assert_eq!(finding.scenarios, ["login"]);
}

#[test]
fn what_looks_alike_is_not() {
    for (path, cookie_path, deleted) in [
        // It stays below the prefix.
        ("/ci/authorize", Some("/ci"), false),
        ("/ci/authorize", Some("/ci/"), false),
        // Without `Path` it is for where it was set (RFC 6265, section 5.1.4).
        ("/ci/authorize", None, false),
        // Nothing is set.
        ("/ci/logout", Some("/"), true),
        // At the root the whole origin is its own.
        ("/", Some("/"), false),
        ("/login", Some("/"), false),
    ] {
        assert!(notes(&setting(path, cookie_path, deleted)).is_empty(), "{path} {cookie_path:?} {deleted}");
    }
}

#[test]
fn on_hosts_of_their_own_it_means_nothing() {
    let mut evidence = setting("/ci/authorize", Some("/"), false);
    evidence.stack.as_mut().unwrap().mode = Mode::Subdomain;
    assert!(notes(&evidence).is_empty());
}
