//! What becomes of requests at the standard sites, and the settings that go with them.

use std::fmt::Write as _;

use crate::common::{site, whole};
use proptest::prelude::*;
use routes::matching::{Decision, route};
use routes::{Mode, settings};

/// A decision in one line.
fn shown(decision: &Decision<'_>) -> String {
    match decision {
        Decision::Forward { route, forward, target, .. } => {
            let gate = if forward.gate.is_some() { ", gated" } else { "" };
            format!("{}: {} {target}{gate}", route.name, forward.upstream)
        }
        Decision::Redirect { route, status, location } => format!("{}: {status} {location}", route.name),
        Decision::Respond { route, status, .. } => format!("{}: {status}", route.name),
        Decision::NotFound => "404".to_owned(),
        Decision::BadRequest(error) => format!("400 {error}"),
    }
}

fn table(mode: Mode, requests: &[(&str, &str)]) -> String {
    let site = whole(mode);
    requests.iter().fold(String::new(), |mut text, (host, target)| {
        let _ = writeln!(text, "{host}{target} → {}", shown(&route(&site, host, target)));
        text
    })
}

#[test]
fn subpath() {
    let host = "edge.test:8080";
    let targets = [
        "/",
        "/?a=b",
        "//",
        "/forge",
        "/forge?x",
        "/forge/",
        "/forge/user/login?a=%2F",
        "/FORGE/x",
        "/forge/api/internal/hook",
        "/forge/api/internal",
        "/forge/x/%2e%2e/api/internal/a",
        "/forge/api%2Finternal/a",
        "/ci",
        "/ci/authorize?code=1",
        "/ci//x",
        "/staging/about/",
        "/chat",
        "/chat/",
        "/chat/login",
        "/chat/login/",
        "/chat/login?next=1",
        "/chat/login/../history",
        "/chat/%2e%2e/chat/history",
        "//chat/history",
        "/chat/oauth/callback?code=1",
        "/chat/ws",
        "/chat/auth/verify",
        "/nosuch",
        "/forgery",
        "/v2",
        "/v2/",
        "/v2/_catalog",
        "/v2x",
        "*",
        "/%zz",
        "http://edge.test/ci/x",
        "http://other.test/ci/x",
    ];
    insta::assert_snapshot!(table(Mode::Subpath, &targets.map(|target| (host, target))));
}

#[test]
fn subdomain() {
    insta::assert_snapshot!(table(
        Mode::Subdomain,
        &[
            ("edge.test", "/"),
            ("edge.test", "/forge/"),
            ("EDGE.test:99", "/about/"),
            ("forge.edge.test", "/"),
            ("forge.edge.test", "/user/login"),
            ("forge.edge.test", "/api/internal/x"),
            ("ci.edge.test", "/authorize?code=1"),
            ("chat.edge.test", "/"),
            ("chat.edge.test", "/login"),
            ("chat.edge.test", "/oauth/callback?code=1"),
            ("chat.edge.test", "/ws"),
            ("chat.edge.test", "/chat"),
            ("chat.edge.test", "/chat/login"),
            ("chat.edge.test", "/chat/static/app.js"),
            ("chat.edge.test", "/x/../login"),
            ("chat.edge.test", "/login/../history"),
            ("other.test", "/"),
            ("", "/"),
            ("[::1]:80", "/"),
        ]
    ));
}

/// Each path that the chat knows is reached on its host, with the prefix (as its pages refer to it) and without.
#[test]
fn every_path_of_the_chat_is_reached_in_both_modes() {
    let open = ["login", "oauth/callback?code=1&state=2"];
    let gated = [
        "",
        "ws",
        "history",
        "history/5c1e",
        "new",
        "static/app.js",
        "action/ci-run",
        "action/issue-create",
        "auth/verify",
    ];
    for (path, is_gated) in open.iter().map(|path| (path, false)).chain(gated.iter().map(|path| (path, true))) {
        let prefixed = format!("/chat/{path}");
        let asked = [
            (Mode::Subpath, "edge.test", prefixed.clone()),
            (Mode::Subdomain, "chat.edge.test", prefixed.clone()),
            (Mode::Subdomain, "chat.edge.test", format!("/{path}")),
        ];
        for (mode, host, target) in asked {
            let site = whole(mode);
            let Decision::Forward { forward, target: sent, .. } = route(&site, host, &target) else {
                panic!("{mode} {host}{target} reaches nothing")
            };
            assert_eq!(
                (sent.as_str(), forward.gate.is_some(), forward.websocket),
                (prefixed.as_str(), is_gated, true),
                "{mode} {host}{target}"
            );
        }
    }
}

#[test]
fn a_service_that_is_not_there_has_no_route_and_no_settings() {
    let site = site(Mode::Subpath, &["staging"]);
    assert_eq!(route(&site, "edge.test", "/forge/"), Decision::NotFound);
    assert_eq!(route(&site, "edge.test", "/"), Decision::NotFound);
    assert_eq!(site.service_url("forge"), None);
    assert_eq!(site.service_url("edge").as_deref(), Some("http://edge.test:8080"));
    assert_eq!(settings::for_site(&site), settings::Settings::default());
}

#[test]
fn settings_by_mode() {
    insta::assert_debug_snapshot!(settings::for_site(&whole(Mode::Subpath)));
    insta::assert_debug_snapshot!(settings::for_site(&whole(Mode::Subdomain)));
}

proptest! {
    /// Whatever stands in the request line, nothing below /chat/ but the two open paths passes without the gate, and no internal API of
    /// the forge is reached: judged by what the service itself sees, decoded and cleaned.
    #[test]
    fn no_way_round_the_gate(target in "/(chat|forge|x|%63hat|CHAT|login|oauth|callback|api|internal|\\.|\\.\\.|%2e%2E|%2f|/|\\\\|\\?|;|a){0,3}(/(chat|forge|ci|login|oauth|callback|api|internal|%61pi|\\.\\.|%2e%2e|%2F|/|\\?){0,2}){0,5}") {
        let site = whole(Mode::Subpath);
        if let Decision::Forward { forward, target: sent, .. } = route(&site, "edge.test", &target) {
            let seen = routes::target::Target::parse(&sent).unwrap().comparable_path();
            if forward.upstream.host == "chat" && forward.gate.is_none() {
                prop_assert!(seen == "/chat/login" || seen == "/chat/oauth/callback", "{target} → {sent}");
            }
            if forward.upstream.host == "forge" {
                prop_assert!(seen != "/api/internal" && !seen.starts_with("/api/internal/"), "{target} → {sent}");
            }
        }
    }

    /// The same on hosts of their own. What isn't below /chat/ the chat doesn't know, so that it answers 404.
    #[test]
    fn no_way_round_the_gate_on_its_own_host(target in "/(chat|login|oauth|callback|history|\\.\\.|%2e%2E|%2f|/|LOGIN|\\?){0,3}(/(chat|ch%61t|login|oauth|callback|api|internal|\\.|\\.\\.|%2e%2e|/|\\?){0,2}){0,5}") {
        let site = whole(Mode::Subdomain);
        let seen = |host: &str| match route(&site, host, &target) {
            Decision::Forward { forward, target: sent, .. } => {
                Some((forward.gate.is_some(), routes::target::Target::parse(&sent).unwrap().comparable_path()))
            }
            _ => None,
        };
        if let Some((false, seen)) = seen("chat.edge.test") {
            prop_assert!(["/chat/login", "/chat/oauth/callback"].contains(&&*seen.to_lowercase()) || !seen.starts_with("/chat/"), "{target} → {seen}");
        }
        if let Some((_, seen)) = seen("forge.edge.test") {
            prop_assert!(seen != "/api/internal" && !seen.starts_with("/api/internal/"), "{target} → {seen}");
        }
    }

    /// Any text gets a decision, on any host.
    #[test]
    fn every_request_gets_a_decision(host in "\\PC{0,12}", target in "[ -~]{0,24}|\\PC{0,24}") {
        for mode in [Mode::Subpath, Mode::Subdomain] {
            let site = whole(mode);
            let _ = route(&site, &host, &target);
            let _ = route(&site, "edge.test", &target);
        }
    }
}
