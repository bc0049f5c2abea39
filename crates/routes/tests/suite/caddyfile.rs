//! The rendered text: what it says, and that a real Caddy takes it.

use std::process::Command;

use crate::common::{caddy, site, whole};
use proptest::prelude::*;
use routes::{Action, Cookies, Flush, Forward, Mode, PathMatch, Site, TlsFiles};

#[test]
fn subpath() {
    insta::assert_snapshot!(routes::caddyfile::render(&whole(Mode::Subpath)).unwrap());
}

#[test]
fn subdomain() {
    insta::assert_snapshot!(routes::caddyfile::render(&whole(Mode::Subdomain)).unwrap());
}

/// Where there is an echo its routes come last, and nothing else changes.
#[test]
fn the_echo_is_added_and_changes_nothing_else() {
    for (mode, own) in [
        (Mode::Subpath, ["path \"/echo/*\"", "uri strip_prefix \"/echo\"", "import without-client-identity"]),
        (
            Mode::Subdomain,
            ["echo.edge.test:8080 {", "reverse_proxy echo:8090", "import without-client-identity"],
        ),
    ] {
        let services = ["forge", "ci", "staging"];
        let without = routes::caddyfile::render(&site(mode, &services)).unwrap();
        let with = routes::caddyfile::render(&site(mode, &[&services[..], &["echo"]].concat())).unwrap();
        let common = with.bytes().zip(without.bytes()).take_while(|(left, right)| left == right).count();
        let rest = without.len() - common;
        assert!(with.ends_with(&without[common..]) && with.len() > without.len(), "{mode}");
        let added = &with[common..with.len() - rest];
        for words in own {
            assert!(added.contains(words), "{mode}: {added}");
        }
    }
}

/// Fields of a forwarding, changed as faults change them.
fn edited(mut site: Site, edit: impl Fn(&mut Forward)) -> Site {
    for route in &mut site.routes {
        if let Action::Forward(forward) = &mut route.action {
            edit(forward);
        }
    }
    site
}

/// What Caddy says to a site: nothing where it takes it.
fn complaint(caddy: &std::path::Path, site: &Site) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("Caddyfile");
    std::fs::write(&file, routes::caddyfile::render(site).unwrap()).unwrap();
    let answer =
        Command::new(caddy).args(["validate", "--adapter", "caddyfile", "--config"]).arg(&file).output().unwrap();
    let words = String::from_utf8_lossy(&answer.stderr).into_owned();
    (!answer.status.success() || words.contains("not formatted")).then_some(words)
}

#[test]
fn a_real_caddy_takes_every_combination_of_services() {
    let Some(caddy) = caddy() else { return };
    for mode in [Mode::Subpath, Mode::Subdomain] {
        let whole = whole(mode);
        assert_eq!(complaint(&caddy, &whole), None, "{mode}");
        let none = Site { routes: Vec::new(), ..whole.clone() };
        assert_eq!(complaint(&caddy, &none), None, "{mode}, no service");
        for service in ["forge", "ci", "staging", "echo"] {
            assert_eq!(complaint(&caddy, &site(mode, &[service])), None, "{mode}, {service}");
        }
        let other = edited(whole, |forward| {
            forward.websocket = false;
            forward.max_body = Some(1 << 20);
            forward.cookies = Cookies::Drop;
            forward.flush = Flush::Immediate;
            if let Some(gate) = &mut forward.gate {
                gate.copy_headers.clear();
            }
        });
        assert_eq!(
            complaint(&caddy, &Site { bind: Some("127.0.0.1".parse().unwrap()), ..other }),
            None,
            "{mode}, other fields"
        );
    }
}

#[test]
fn a_certificate_is_named_in_every_block() {
    let mut site = whole(Mode::Subdomain);
    site.origin = routes::Origin::parse("https://edge.test:8443").unwrap();
    site.tls = Some(TlsFiles { certificate: "/tls/edge.pem".to_owned(), key: "/tls/edge.key".to_owned() });
    let text = routes::caddyfile::render(&site).unwrap();
    assert_eq!(text.matches("protocols h1 h2").count(), 1, "no HTTP/3 is announced: {text}");
    assert_eq!(text.matches("tls \"/tls/edge.pem\" \"/tls/edge.key\"").count(), site.hosts().len() + 1);
    assert_eq!(text.matches("http://").count(), 0);
}

#[test]
fn a_route_for_another_host_gets_a_block_of_its_own() {
    let mut site = site(Mode::Subpath, &["forge"]);
    let mut other = site.routes[0].clone();
    other.name = "other".to_owned();
    other.host = "other.test".to_owned();
    other.path = PathMatch::Any;
    site.routes.push(other);
    assert!(routes::caddyfile::render(&site).unwrap().contains("http://other.test:8080 {\n"));
}

proptest! {
    /// Whatever a setting holds, there is a message or a file in which it stands once, as one quoted token.
    #[test]
    fn a_value_is_quoted_or_refused(secret in "\\PC{0,12}|[ -~]{1,12}") {
        let site = site(Mode::Subpath, &["chat"]).with_gate_secret(routes::GateSecret::new(secret.clone()));
        match routes::caddyfile::render(&site) {
            Err(error) => prop_assert!(error.to_string().starts_with("FORWARD_AUTH_SECRET: ")),
            Ok(text) => {
                let line = format!("header_up X-Forward-Auth-Secret \"{secret}\"");
                prop_assert_eq!(text.lines().filter(|found| found.trim() == line).count(), 1);
                prop_assert!(secret.bytes().all(|byte| byte.is_ascii_graphic()));
            }
        }
    }

    /// No text that a person may write in place of a host, an upstream or a prefix panics, and none makes a line of its own.
    #[test]
    fn no_value_breaks_out_of_its_line(value in "\\PC{0,20}|[a-z/.:{}\" \n]{0,20}") {
        let mut site = site(Mode::Subpath, &["forge", "staging"]);
        let lines = routes::caddyfile::render(&site).unwrap().lines().count();
        site.origin.host = value.clone();
        for route in &mut site.routes {
            route.host = value.clone();
            if let Action::Forward(forward) = &mut route.action {
                forward.upstream.host = value.clone();
            }
        }
        if let Ok(text) = routes::caddyfile::render(&site) {
            prop_assert_eq!(text.lines().count(), lines);
        }
    }
}
