//! Messages about bad settings: each names the setting.

use std::collections::BTreeMap;

use crate::common::{site, whole};
use routes::{Action, GateSecret, Mode, Origin, PathEdit, PathMatch, RouteError, Site, Upstream, validate};

fn said(result: Result<(), RouteError>) -> String {
    result.err().map_or_else(|| "nothing".to_owned(), |error| error.to_string())
}

#[test]
fn the_standard_routes_are_right() {
    for mode in [Mode::Subpath, Mode::Subdomain] {
        assert_eq!(validate::site(&whole(mode)), Ok(()));
    }
}

#[test]
fn origins() {
    for (text, setting) in [
        ("", "origin: "),
        ("edge.test", "origin: "),
        ("ftp://edge.test", "origin: "),
        ("http://", "origin.host: the host is empty"),
        ("http://:80", "origin.host: the host is empty"),
        ("http://edge.test:0", "origin: "),
        ("http://edge.test:65536", "origin: "),
        ("http://edge.test:", "origin: "),
        ("http://edge_test", "origin.host: "),
        ("http://-edge.test", "origin.host: "),
        ("http://edge..test", "origin.host: "),
        ("http://edge.test/", "origin.host: "),
        ("http://edge test", "origin.host: "),
        ("http://user@edge.test", "origin.host: "),
        ("http://[::1]:80", "origin.host: "),
        ("http://1.2.3.400", "origin.host: "),
        ("http://{$HOST}", "origin.host: "),
    ] {
        let message = said(Origin::parse(text).map(drop));
        assert!(message.starts_with(setting), "{text}: {message}");
    }
    for (text, shown) in [
        ("http://edge.test", "http://edge.test"),
        ("http://edge.test:80", "http://edge.test"),
        ("https://Edge.Test:443", "https://edge.test"),
        ("https://edge.test:8443", "https://edge.test:8443"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ] {
        assert_eq!(Origin::parse(text).unwrap().to_string(), shown);
    }
}

#[test]
fn upstreams() {
    for text in [
        "",
        "forge",
        "forge:",
        "forge:0",
        "forge:99999",
        ":3000",
        "http://forge:3000",
        "forge:3000/x",
        "a b:1",
        "{env.X}:1",
        "[::1]:80",
    ] {
        let message = said(Upstream::parse("upstreams.forge", text).map(drop));
        assert!(message.starts_with("upstreams.forge: expected `HOST:PORT`, found `"), "{text}: {message}");
    }
    assert_eq!(Upstream::parse("u", "forge_1.internal:3000").unwrap().to_string(), "forge_1.internal:3000");
}

#[test]
fn services_and_upstreams_are_reported_together() {
    let upstreams: BTreeMap<String, String> =
        [("forge", "forge"), ("wiki", "wiki:80")].map(|(name, upstream)| (name.to_owned(), upstream.to_owned())).into();
    let error = Site::standard(Origin::parse("http://edge.test").unwrap(), Mode::Subpath, &upstreams).unwrap_err();
    insta::assert_snapshot!(error.to_string(), @r"
    upstreams.forge: expected `HOST:PORT`, found `forge`: the port is missing; add the one that the service listens on
    upstreams.wiki: there is no such service; expected one of forge, ci, chat, staging
    ");
}

#[test]
fn secrets() {
    for (secret, words) in [
        ("", "is empty"),
        ("<no value>", "<no value>"),
        ("a b", "a space"),
        ("a\n", "a space"),
        ("a\"b", "a quote"),
        ("{$X}", "a quote"),
        ("ä", "a quote"),
    ] {
        let message = said(validate::site(&site(Mode::Subpath, &["chat"]).with_gate_secret(GateSecret::new(secret))));
        assert!(message.starts_with("FORWARD_AUTH_SECRET: ") && message.contains(words), "{message}");
        assert!(!message.contains('\n'), "said once: {message}");
    }
    assert!(
        said(validate::site(&site(Mode::Subpath, &["chat"]))).contains("the secret is empty"),
        "a gate without a secret"
    );
    assert!(!format!("{:?}", whole(Mode::Subpath)).contains("0123456789abcdef"), "Debug shows the secret");
}

#[test]
fn modes() {
    assert_eq!(Mode::parse("subdomain").unwrap(), Mode::Subdomain);
    assert_eq!(
        said(Mode::parse("sub-path").map(drop)),
        "EDGE_ROUTING_MODE: expected `subpath` or `subdomain`, found `sub-path`"
    );
}

/// A site with one of its routes changed.
fn changed(name: &str, change: impl Fn(&mut routes::Route)) -> String {
    let mut site = whole(Mode::Subpath);
    change(site.routes.iter_mut().find(|route| route.name == name).unwrap());
    said(validate::site(&site))
}

#[test]
fn prefixes() {
    for prefix in ["", "forge/", "/forge", "/for ge/", "/forge//", "/a/../b/", "/forge*/", "/{x}/", "/f\"/"] {
        let message = changed("forge", |route| route.path = PathMatch::Prefix(prefix.to_owned()));
        assert!(
            message.contains("routes.forge.prefix: expected a prefix with a slash at both ends"),
            "{prefix}: {message}"
        );
    }
    for (name, path, message) in [
        (
            "ci",
            PathMatch::Prefix("/forge/ci/".to_owned()),
            "routes.ci.prefix: the route `forge` takes all of these paths before it",
        ),
        (
            "forge",
            PathMatch::Prefix("/ci/forge/".to_owned()),
            "routes.ci.prefix: `/ci/` overlaps `/ci/forge/` of the route `forge`",
        ),
        (
            "chat-login",
            PathMatch::Prefix("/chat/".to_owned()),
            "routes.chat-callback.prefix: the route `chat-login` takes all",
        ),
        (
            "staging",
            PathMatch::Exact("/CI".to_owned()),
            "routes.staging.prefix: the route `ci-bare` takes all of these paths",
        ),
        ("root", PathMatch::Any, "routes.forge-internal-root.prefix: the route `root` takes all of these paths"),
    ] {
        let said = changed(name, |route| route.path = path.clone());
        assert!(said.starts_with(message), "{said}");
    }
}

#[test]
fn other_fields() {
    let edit = |path: &str| {
        changed("forge", |route| {
            if let Action::Forward(forward) = &mut route.action {
                forward.path = PathEdit::Strip(path.to_owned());
            }
        })
    };
    for path in ["/forge/", "forge", "/", "/a b"] {
        assert!(
            edit(path).starts_with("routes.forge.path: expected a prefix with a slash at its start alone"),
            "{path}"
        );
    }
    let redirect =
        |to: &str, status| changed("root", |route| route.action = Action::Redirect { to: to.to_owned(), status });
    assert!(redirect("/forge/", 200).starts_with("routes.root.redirect: expected 301"));
    assert!(redirect("forge/", 302).starts_with("routes.root.redirect: expected a path"));
    assert!(redirect("//evil.test/", 302).starts_with("routes.root.redirect: expected a path"));
    assert!(changed("ci", |route| route.name = "forge".to_owned()).contains("two routes have this name"));
    assert!(changed("ci", |route| route.host = String::new()).starts_with("routes.ci.host: the host is empty"));
}

#[test]
fn tls_and_mode_agree_with_the_origin() {
    let mut site = site(Mode::Subdomain, &["forge"]);
    site.origin = Origin::parse("https://127.0.0.1").unwrap();
    let message = said(validate::site(&site));
    assert!(message.contains("origin.host: `127.0.0.1` is an address"), "{message}");
    assert!(message.contains("tls: the origin is https://127.0.0.1, but there is no certificate"), "{message}");
}
