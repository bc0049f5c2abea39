//! A site whose routes are otherwise.

use std::collections::BTreeMap;

use routes::change::{RouteChange, RouteChanges};
use routes::matching::{self, Decision};
use routes::{Cookies, Mode, Site};

use crate::common::whole;

fn changes(name: &str, change: Option<RouteChange>) -> RouteChanges {
    BTreeMap::from([(name.to_owned(), change)])
}

/// Where a request for a path goes: the upstream with the target that it sees, or the edge's own status.
fn arrives(site: &Site, path: &str) -> String {
    match matching::route(site, "edge.test", path) {
        Decision::Forward { forward, target, .. } => format!("{}{}", forward.upstream, target),
        Decision::Redirect { status, .. } | Decision::Respond { status, .. } => status.to_string(),
        Decision::NotFound => "404".to_owned(),
        Decision::BadRequest(error) => error.to_string(),
    }
}

#[test]
fn a_changed_field_changes_what_becomes_of_a_request_and_nothing_else() {
    let strip = |strip| Some(RouteChange { strip_prefix: Some(strip), ..RouteChange::default() });
    let upstream = |text: &str| Some(RouteChange { upstream: Some(text.to_owned()), ..RouteChange::default() });
    for (name, change, path, before, after) in [
        ("forge", strip(false), "/forge/x", "forge:3000/x", "forge:3000/forge/x"),
        ("ci", strip(true), "/ci/x?y", "ci:8000/ci/x?y", "ci:8000/x?y"),
        ("ci", strip(false), "/ci/x", "ci:8000/ci/x", "ci:8000/ci/x"),
        ("forge", upstream("127.0.0.1:1"), "/forge/x", "forge:3000/x", "127.0.0.1:1/x"),
        ("staging", None, "/staging/x", "staging:80/x", "404"),
        ("root", None, "/", "302", "404"),
    ] {
        let site = whole(Mode::Subpath);
        let changed = site.clone().changed(&changes(name, change)).unwrap();
        assert_eq!((arrives(&site, path).as_str(), arrives(&changed, path).as_str()), (before, after), "{name}");
        for other in ["/forge/y", "/ci/y", "/staging/y", "/chat/login"] {
            if !other.starts_with(&format!("/{name}/")) {
                assert_eq!(arrives(&site, other), arrives(&changed, other), "{name}");
            }
        }
    }
}

#[test]
fn the_other_fields_are_those_that_are_given() {
    let change = RouteChange {
        cookies: Some(Cookies::Pass),
        websocket: Some(false),
        max_body: Some(Some(1)),
        remove_headers: Some(Vec::new()),
        ..RouteChange::default()
    };
    let changed = whole(Mode::Subpath).changed(&changes("staging", Some(change))).unwrap();
    let Decision::Forward { forward, .. } = matching::route(&changed, "edge.test", "/staging/") else {
        panic!("not forwarded");
    };
    assert_eq!(
        (forward.cookies, forward.websocket, forward.max_body, forward.remove_headers.len()),
        (Cookies::Pass, false, Some(1), 0)
    );
}

#[test]
fn what_can_not_be_changed_is_named() {
    let strip = RouteChange { strip_prefix: Some(true), ..RouteChange::default() };
    let wrong = RouteChange { upstream: Some("forge".to_owned()), ..RouteChange::default() };
    for (mode, name, change, expected) in [
        (Mode::Subpath, "forgejo", strip.clone(), "routes.forgejo: there is no such route; the routes are root, "),
        (Mode::Subpath, "root", strip.clone(), "routes.root: the edge answers this route by itself"),
        (Mode::Subdomain, "ci", strip, "routes.ci.strip_prefix: the route has no prefix to strip"),
        (Mode::Subpath, "ci", wrong, "routes.ci.upstream: expected `HOST:PORT`, found `forge`"),
    ] {
        let error = whole(mode).changed(&changes(name, Some(change))).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}
