//! Where services believe they are, and programs that can't be told.

use std::collections::BTreeSet;

use verdict::Class;
use verdict::evidence::{Evidence, Mode, Way};
use verdict::fix::Change;
use verdict::rules::{Refuted, diagnose_without};

use crate::scene::{Hop, asked, broke, codes, found, get, only, probed, scene, url, went};

fn setting(service: &str, name: &str, value: &str) -> Change {
    Change::Setting { service: service.into(), name: name.into(), value: Some(value.into()) }
}

fn root_url() -> Change {
    setting("forge", "GITEA__server__ROOT_URL", "http://edge.test:8080/forge/")
}

/// A page that refers to these.
fn page(target: &str, references: &[&str]) -> Hop {
    let tags: String = references.iter().map(|reference| format!("<script src=\"{reference}\"></script>")).collect();
    get(target, 200).field("Via", "1.1 x").body("text/html", &format!("<html><title>A page</title>{tags}</html>"))
}

fn redirect(target: &str, location: &str) -> Hop {
    get(target, 303).field("Via", "1.1 x").field("Location", location)
}

fn nobody(target: &str) -> Hop {
    get(target, 404).body("text/plain", "404: nobody is here")
}

/// The forge says which address it was configured with.
fn issuer(address: &str) -> Hop {
    let text = format!("{{\n \"issuer\": \"{address}\",\n \"jwks_uri\": \"{address}/keys\"}}");
    get("/forge/.well-known/openid-configuration", 200).field("Via", "1.1 x").body("application/json", &text)
}

/// What a browser meets at a forge that takes this for its prefix.
fn lost(prefix: &str) -> Evidence {
    let login = format!("{prefix}/user/login");
    let references = [format!("{prefix}/assets/a.js"), format!("{prefix}/assets/b.js"), format!("{prefix}/user/x")];
    let references: Vec<&str> = references.iter().map(String::as_str).collect();
    scene(vec![
        went(vec![page("/forge/", &references), get("/forge/assets/a.js", 200).field("Via", "1.1 x")]),
        broke(vec![redirect("/forge/user/settings", &login), nobody(&login)], "status", "404"),
    ])
}

fn told(evidence: Evidence, address: &str) -> Evidence {
    probed(evidence, "forge", Way::Edge, issuer(address))
}

#[test]
fn a_wrong_address_is_named_by_what_differs() {
    for (address, code) in [
        ("http://forgejo:3000", "address/internal"),
        ("http://172.18.0.3:3000/forge", "address/internal"),
        ("http://old.example.org/forge", "address/host"),
        ("https://edge.test/forge", "address/scheme"),
        ("https://edge.test:8080/forge/", "address/scheme"),
        ("http://edge.test/forge", "address/port"),
        ("http://edge.test:3000", "address/port"),
        ("http://edge.test:8080", "address/prefix-missing"),
        ("http://edge.test:8080/git", "address/prefix-wrong"),
        ("http://edge.test:8080/forge/forge/", "address/prefix-wrong"),
    ] {
        let finding = only(&told(lost(""), address), code);
        assert_eq!(finding.fix.unwrap().changes, [root_url()], "{address}");
        assert!(finding.cause.contains(address.trim_end_matches('/')), "{address}: {}", finding.cause);
    }
}

#[test]
fn without_its_own_words_what_it_hands_out_tells() {
    only(&lost(""), "address/prefix-missing");
    assert!(only(&lost("/git"), "address/prefix-wrong").cause.contains("http://edge.test:8080/git/"));
    assert!(only(&lost("/forge/forge"), "address/prefix-wrong").cause.contains("/forge/forge/"));
}

#[test]
fn an_address_that_was_handed_out_explains_who_goes_there() {
    for (realm, code) in [
        ("http://forgejo:3000/v2/token", "address/internal"),
        ("http://other.example/forge/v2/token", "address/host"),
        ("https://edge.test/forge/v2/token", "address/scheme"),
    ] {
        let asks = get("/v2/", 401).field("WWW-Authenticate", &format!("Bearer realm=\"{realm}\""));
        let token = broke(vec![get(&format!("{realm}?scope=x"), 404)], "status", "404");
        only(&scene(vec![went(vec![asks]), token]), code);
    }
    // Gitea names the root of the host, where the registry is anyway.
    let asks = get("/v2/", 401).field("WWW-Authenticate", "Bearer realm=\"http://edge.test:8080/v2/token\"");
    let token = broke(vec![get("/v2/token", 500)], "status", "500");
    assert!(!codes(&scene(vec![went(vec![asks]), token])).iter().any(|code| code.starts_with("address/")));
    // A clone URL in an answer of the API.
    let made = asked("POST", "/forge/api/v1/user/repos", 201)
        .body("application/json", r#"{"clone_url":"http://forge:3000/forge/smoke/demo.git"}"#);
    let step = broke(vec![made], "the JSON at `$.clone_url`", "http://forge:3000/forge/smoke/demo.git");
    only(&scene(vec![step]), "address/internal");
}

#[test]
fn the_ci_is_known_by_the_callback_that_it_asks_for() {
    let start = |callback: &str| {
        let callback: String = url::form_urlencoded::byte_serialize(callback.as_bytes()).collect();
        let to = url(&format!("/forge/login/oauth/authorize?client_id=x&redirect_uri={callback}&response_type=code"));
        scene(vec![broke(
            vec![redirect("/ci/authorize", &to), get("/forge/login/oauth/authorize", 400).field("Via", "1.1 x")],
            "the client asks for another redirect URI",
            "x",
        )])
    };
    for (callback, code) in [
        ("http://ci:8000/ci/authorize", "address/internal"),
        ("http://edge.test/ci/authorize", "address/port"),
        ("https://edge.test/ci/authorize", "address/scheme"),
        ("http://edge.test:8080/build/authorize", "address/prefix-wrong"),
        ("http://edge.test:8080/authorize", "address/prefix-missing"),
    ] {
        let finding = only(&start(callback), code);
        let right = setting("ci", "WOODPECKER_HOST", "http://edge.test:8080/ci");
        assert_eq!(finding.fix.unwrap().changes, [right], "{callback}");
    }
    let well = codes(&start("http://edge.test:8080/ci/authorize"));
    assert!(!well.iter().any(|code| code.starts_with("address/")), "{well:?}");
}

#[test]
fn on_a_host_of_its_own_a_service_has_no_prefix() {
    let subdomains = |address: &str, target: &str| {
        let home = "http://forge.edge.test:8080";
        let text = format!("{{\"issuer\":\"{address}\"}}");
        let says = get(&format!("{home}/.well-known/openid-configuration"), 200)
            .field("Via", "1.1 x")
            .body("application/json", &text);
        let sent = redirect(&format!("{home}/user/settings"), target);
        let mut evidence =
            scene(vec![broke(vec![sent, get(&format!("{home}{target}"), 404).field("Via", "1.1 x")], "status", "404")]);
        evidence.stack.as_mut().unwrap().mode = Mode::Subdomain;
        probed(evidence, "forge", Way::Edge, says)
    };
    let finding = only(&subdomains("http://forge.edge.test:8080/forge", "/forge/user/login"), "address/prefix-wrong");
    let right = setting("forge", "GITEA__server__ROOT_URL", "http://forge.edge.test:8080/");
    assert_eq!(finding.fix.unwrap().changes, [right]);
    only(&subdomains("http://edge.test:8080/forge", "/forge/user/login"), "address/host");
    assert_eq!(codes(&subdomains("http://forge.edge.test:8080", "/user/login")), ["unexplained"]);
}

#[test]
fn a_second_fault_of_another_service_is_not_swallowed() {
    let mut evidence = lost("");
    let staging = broke(vec![get("/staging/x", 418).field("Via", "1.1 x")], "status", "418");
    evidence.journeys.push(crate::scene::tour("staging", vec![staging]));
    assert_eq!(codes(&evidence), ["address/prefix-missing", "unexplained"]);
}

#[test]
fn whoever_was_told_right_and_hands_out_the_root_ignores_its_prefix() {
    let evidence = told(lost(""), "http://edge.test:8080/forge");
    let finding = only(&evidence, "app/ignores-prefix");
    assert_eq!(finding.class, Class::Pivot);
    assert!(finding.cause.contains("though it was told its address rightly"), "{}", finding.cause);
    // Untold, the setting is tried first; where that doesn't hold, the program is what remains.
    let refuted = Refuted { code: "address/prefix-missing".into(), changes: vec![root_url()] };
    let left = diagnose_without(&lost(""), &BTreeSet::from([refuted]));
    assert_eq!(left.iter().map(|finding| finding.code.as_str()).collect::<Vec<_>>(), ["app/ignores-prefix"]);
    // What a site of files refers to is its own business.
    let page = page("/staging/", &["/style.js"]);
    assert_eq!(codes(&scene(vec![broke(vec![page], "assets", "x")])), ["unexplained"]);
}

#[test]
fn a_circle_that_loses_the_prefix_is_the_program_s() {
    let turn = || {
        vec![
            redirect("/forge/user/login", "/user/login"),
            get("/user/login", 302).field("Location", "/forge/user/login"),
        ]
    };
    let round = [turn(), turn()].concat();
    let well = page("/forge/", &["/forge/assets/a.js"]);
    let evidence = scene(vec![went(vec![well]), broke(round.clone(), "redirects without end", "x")]);
    assert_eq!(only(&evidence, "app/redirect-loop").class, Class::Pivot);
    // One that believes that it is at the root loops as well, and can be told.
    only(
        &told(scene(vec![broke(round, "redirects without end", "x")]), "http://edge.test:8080"),
        "address/prefix-missing",
    );
}

#[test]
fn what_is_well_is_not_accused() {
    let well = || {
        vec![
            went(vec![page("/forge/", &["/forge/assets/a.js", "/ci/", "/"]), nobody("/nobody")]),
            went(vec![redirect("/forge/user/settings", "/forge/user/login"), page("/forge/user/login", &[])]),
            // Woodpecker's own icon lacks the prefix.
            went(vec![get("/ci/", 200).field("Via", "1.1 x").body(
                "text/html",
                "<link rel=\"alternate icon\" href=\"/favicon.png\"><script src=\"/ci/a.js\"></script>",
            )]),
            went(vec![get("/ci/web-config.js", 200).body("text/javascript", "window.WOODPECKER_ROOT_PATH = \"/ci\";")]),
        ]
    };
    assert!(found(&scene(well())).is_empty());
    // Nor where something else fails.
    let mut steps = well();
    steps.push(broke(vec![get("/forge/x", 418).field("Via", "1.1 x")], "status", "418"));
    assert_eq!(codes(&told(scene(steps), "http://edge.test:8080/forge/")), ["unexplained"]);
}

#[test]
fn who_loses_its_prefix_in_some_places_alone_is_rewritten() {
    // Its pages have the prefix and its redirects haven't, and asked directly both have it.
    let references = ["/forge/assets/a.js", "/forge/assets/b.js"];
    let sent = redirect("/forge/user/settings", "/user/login");
    let steps =
        vec![went(vec![page("/forge/", &references)]), broke(vec![sent, nobody("/user/login")], "status", "404")];
    let evidence = told(scene(steps), "http://edge.test:8080/forge");
    only(&evidence, "app/ignores-prefix");
    let direct = get("http://forge:3000/user/settings", 303).field("Location", "/forge/user/login");
    only(&probed(evidence, "forge", Way::Direct, direct), "edge/response-rewritten");
}
