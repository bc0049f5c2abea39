//! A site whose routes are otherwise.

use std::collections::BTreeMap;

use routes::change::{RouteChange, RouteChanges};
use routes::matching::{self, Decision};
use routes::{Cookies, Mode, PathEdit, Site};

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
    let wrong = RouteChange { upstream: Some("wiki".to_owned()), ..RouteChange::default() };
    for (mode, name, change, expected) in [
        (Mode::Subpath, "forgejo", strip.clone(), "routes.forgejo: there is no such route; the routes are root, "),
        (Mode::Subpath, "root", strip.clone(), "routes.root: the edge answers this route by itself"),
        (Mode::Subdomain, "ci", strip, "routes.ci.strip_prefix: the route has no prefix to strip"),
        (Mode::Subpath, "ci", wrong, "routes.ci.upstream: expected `HOST:PORT`, found `wiki`"),
    ] {
        let error = whole(mode).changed(&changes(name, Some(change))).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

/// A route that takes these paths, and is otherwise as said.
fn taking(path: &str, change: RouteChange) -> Option<RouteChange> {
    Some(RouteChange { path: Some(path.to_owned()), ..change })
}

fn to_service(service: &str) -> RouteChange {
    RouteChange { service: Some(service.to_owned()), ..RouteChange::default() }
}

#[test]
fn a_route_that_there_is_not_is_added_before_broader_ones() {
    let strip = RouteChange { edit: Some(PathEdit::Strip("/mine".to_owned())), ..to_service("ci") };
    let add = RouteChange { edit: Some(PathEdit::Add("/forge".to_owned())), ..to_service("forge") };
    let respond = RouteChange { respond: Some((410, "gone".to_owned())), ..RouteChange::default() };
    let redirect = RouteChange { redirect: Some(("/forge{uri}".to_owned(), 302)), ..RouteChange::default() };
    for (path, change, asked, arrives_at) in [
        ("/mine/*", strip, "/mine/x?y", "ci:8000/x?y"),
        ("/user/*", add, "/user/login", "forge:3000/forge/user/login"),
        ("/user/*", redirect, "/user/login", "302"),
        ("/forge/api/*", to_service("ci"), "/forge/api/x", "ci:8000/forge/api/x"),
        ("/ci/api", respond, "/ci/api", "410"),
        ("/v2/", to_service("staging"), "/v2/", "staging:80/v2/"),
        ("*", to_service("staging"), "/nobody", "staging:80/nobody"),
        ("*", to_service("staging"), "/ci/x", "ci:8000/ci/x"),
    ] {
        let changed = whole(Mode::Subpath).changed(&changes("mine", taking(path, change))).unwrap();
        assert_eq!(arrives(&changed, asked), arrives_at, "{path}");
        routes::validate::site(&changed).unwrap();
        routes::caddyfile::render(&changed).unwrap();
        assert_eq!(arrives(&changed, "/ci/y"), "ci:8000/ci/y", "{path}");
    }
}

#[test]
fn an_added_route_is_at_the_origin_s_host_unless_it_says_another() {
    let here = |host: Option<&str>| {
        let change = RouteChange { host: host.map(str::to_owned), ..to_service("forge") };
        let changed = whole(Mode::Subdomain).changed(&changes("mine", taking("/user/*", change))).unwrap();
        let takes = |host: &str| matches!(matching::route(&changed, host, "/user/x"), Decision::Forward { route, .. } if route.name == "mine");
        (takes("edge.test"), takes("ci.edge.test"))
    };
    assert_eq!((here(None), here(Some("ci.edge.test"))), ((true, false), (false, true)));
}

#[test]
fn a_route_may_send_elsewhere_answer_by_itself_and_tell_the_service_otherwise() {
    let site = |name: &str, change: RouteChange| whole(Mode::Subpath).changed(&changes(name, Some(change))).unwrap();
    let redirect = |to: &str| RouteChange { redirect: Some((to.to_owned(), 308)), ..RouteChange::default() };
    for (to, location) in [
        ("/x/", "/x/?q"),
        ("/x{uri}", "/x/ci/a?q"),
        ("https://edge.test:8080{uri}", "https://edge.test:8080/ci/a?q"),
        ("{uri}", "/ci/a?q"),
        ("http://other.test", "http://other.test?q"),
    ] {
        let site = site("ci", redirect(to));
        routes::validate::site(&site).unwrap();
        let Decision::Redirect { status: 308, location: found, .. } = matching::route(&site, "edge.test", "/ci/a?q")
        else {
            panic!("{to}")
        };
        assert_eq!(found, location, "{to}");
        let text = routes::caddyfile::render(&site).unwrap();
        let end = if to.ends_with("{uri}") { "" } else { "{?query}" };
        assert!(text.contains(&format!("redir * \"{to}{end}\" 308")), "{text}");
    }
    for to in ["x", "ftp://x/", "/a b", "http:///x", "{uri}/x", "/{host}"] {
        assert!(routes::validate::site(&site("ci", redirect(to))).is_err(), "{to}");
    }
    let empty = RouteChange { respond: Some((200, String::new())), ..RouteChange::default() };
    assert!(routes::caddyfile::render(&site("root", empty)).unwrap().contains("respond \"\" 200"));
    let told = |value: Option<&str>| RouteChange {
        headers: Some(vec![("X-Forwarded-Proto".to_owned(), value.map(str::to_owned))]),
        ..RouteChange::default()
    };
    let text = |value| routes::caddyfile::render(&site("ci", told(value))).unwrap();
    assert!(text(Some("https")).contains("\theader_up X-Forwarded-Proto \"https\"\n"));
    assert!(text(None).contains("\theader_up -X-Forwarded-Proto\n"));
    assert!(routes::validate::site(&site("ci", told(Some("a\"b")))).is_err());
}

#[test]
fn what_can_not_be_added_is_named() {
    for (change, expected) in [
        (
            taking("/x/*", RouteChange::default()),
            "routes.mine: the site has no such route, and to add one its `service`",
        ),
        (taking("/x*", to_service("ci")), "routes.mine.path: expected a path such as `/x` or `/x/*`"),
        (taking("/x/*", to_service("wiki")), "routes.mine.service: the edge has no route to `wiki`"),
        (
            taking("/x", RouteChange { strip_prefix: Some(true), ..to_service("ci") }),
            "routes.mine.strip_prefix: the route has no prefix to strip",
        ),
    ] {
        let error = whole(Mode::Subpath).changed(&changes("mine", change)).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}
