//! What the edge does with paths, requests and answers.

use std::collections::BTreeSet;

use verdict::evidence::{Evidence, Way};
use verdict::fix::{Change, RouteField};
use verdict::rules::{Refuted, diagnose_without};

use crate::scene::{Hop, asked, broke, codes, found, get, only, probed, scene, went};

fn route(name: &str, field: RouteField) -> Change {
    Change::Route { route: name.into(), field }
}

/// An answer of a service's, with these words.
fn says(target: &str, status: u16, kind: &str, words: &str) -> Hop {
    get(target, status).field("Via", "1.1 x").body(kind, words)
}

fn own(target: &str, status: u16, words: &str) -> Hop {
    get(target, status).body("text/plain", words)
}

fn failing(hop: Hop) -> Evidence {
    scene(vec![
        went(vec![own("/nobody", 404, "nobody is here"), says("/echo/", 200, "text/html", "somebody")]),
        broke(vec![hop], "x", "y"),
    ])
}

/// A success without content and without a media type.
fn empty(target: &str) -> Hop {
    get(target, 200).empty().field("Server", "Caddy")
}

/// The three answers that tell how a path is passed on.
fn asked_thrice(mut evidence: Evidence, service: &str, path: &str, answers: [(u16, &str); 3]) -> Evidence {
    let [plain, prefixed, edge] = answers;
    let direct = |target: String, (status, kind): (u16, &str)| {
        get(&format!("http://{service}:80{target}"), status).body(kind, "some words")
    };
    evidence = probed(evidence, service, Way::Direct, direct(path.into(), plain));
    evidence = probed(evidence, service, Way::Direct, direct(format!("/{service}{path}"), prefixed));
    let through = get(&format!("/{service}{path}"), edge.0).field("Via", "1.1 x").body(edge.1, "some words");
    probed(evidence, service, Way::Edge, through)
}

#[test]
fn a_prefix_that_arrives_and_must_not() {
    let missing = (404, "text/plain");
    for service in ["forge", "staging"] {
        let evidence = failing(says(&format!("/{service}/x"), 404, "text/plain", "no such page"));
        let evidence = asked_thrice(evidence, service, "/x", [(200, "text/html"), missing, missing]);
        let finding = only(&evidence, "edge/prefix-kept");
        assert_eq!(finding.fix.unwrap().changes, [route(service, RouteField::StripPrefix(true))]);
    }
    // A page that isn't there isn't there, whichever way it is asked for.
    let evidence = failing(says("/forge/x", 404, "text/plain", "no such page"));
    assert_eq!(codes(&asked_thrice(evidence, "forge", "/x", [missing, missing, missing])), ["unexplained"]);
    // By what came through the edge alone: nothing is there, and it is the service that says so.
    let gone = |target: &str| says(target, 404, "text/html", "<p>no such page</p>");
    only(
        &scene(vec![went(vec![gone("/forge/")]), broke(vec![gone("/forge/user/login")], "x", "y")]),
        "edge/prefix-kept",
    );
    let well = says("/forge/", 200, "text/html", "<p>the home page</p>");
    let evidence = scene(vec![went(vec![well]), broke(vec![gone("/forge/user/login")], "x", "y")]);
    assert_eq!(codes(&evidence), ["unexplained"]);
}

#[test]
fn a_service_that_shows_its_requests_shows_the_prefix() {
    let shown = |found: &str| {
        let text = format!(
            "{{\"target\": \"{found}\", \"headers\": {{\"host\": [\"edge.test:8080\"], \"x-forwarded-proto\": [\"http\"], \
             \"x-forwarded-host\": [\"edge.test:8080\"], \"x-forwarded-for\": [\"10.0.0.1\"]}}}}"
        );
        let mut step = broke(vec![says("/echo/seen", 200, "application/json", &text)], "the JSON at `$.target`", found);
        step.failures[0].expected = Some("\"/seen\"".into());
        scene(vec![step])
    };
    only(&shown("/echo/seen"), "edge/prefix-kept");
    only(&shown("/echo/echo/seen"), "edge/prefix-doubled");
    assert_eq!(codes(&shown("/else")), ["unexplained"]);
}

#[test]
fn a_prefix_that_is_taken_off_and_must_not() {
    let index = "<html><title>All in one</title><script src=\"/ci/a.js\"></script></html>";
    let dashboard = |target: &str| says(target, 200, "text/html", index);
    let evidence =
        || scene(vec![went(vec![dashboard("/ci/")]), broke(vec![dashboard("/ci/a.js")], "media type", "html")]);
    let finding = only(&evidence(), "edge/prefix-stripped");
    assert_eq!(finding.fix.unwrap().changes, [route("ci", RouteField::StripPrefix(false))]);
    // Asked directly: with the prefix it knows its paths, without it answers its dashboard, and so does the edge.
    let direct = |evidence, twice: Hop| {
        let past =
            |target: &str, kind: &str, words: &str| get(&format!("http://ci:8000{target}"), 200).body(kind, words);
        let evidence = probed(evidence, "ci", Way::Direct, past("/a.js", "text/html", index));
        let evidence = probed(evidence, "ci", Way::Direct, past("/ci/a.js", "text/javascript", "a script"));
        let evidence = probed(evidence, "ci", Way::Edge, dashboard("/ci/a.js"));
        probed(evidence, "ci", Way::Edge, twice)
    };
    only(&direct(evidence(), says("/ci/ci/a.js", 200, "text/javascript", "a script")), "edge/prefix-stripped");
    // Where it isn't there with the prefix twice either, one is added.
    only(&direct(evidence(), dashboard("/ci/ci/a.js")), "edge/prefix-doubled");
}

#[test]
fn paths_that_nobody_routes() {
    let redirect = |route: &str, path: &str, to: &str| Change::AddRedirect {
        route: route.into(),
        path: path.into(),
        to: to.into(),
    };
    let added = |route: &str, service: &str, path: &str, strip: Option<&str>| Change::AddRoute {
        route: route.into(),
        service: service.into(),
        path: path.into(),
        strip_prefix: strip.map(str::to_owned),
    };
    let registry =
        [added("forge-registry", "forge", "/v2/*", None), added("forge-registry-bare", "forge", "/v2", None)];
    for (target, changes) in [
        ("/", vec![redirect("root", "/", "/forge/")]),
        ("/forge", vec![redirect("forge-bare", "/forge", "/forge/")]),
        ("/v2/", registry.to_vec()),
        ("/staging/", vec![added("staging", "staging", "/staging/*", Some("/staging"))]),
        ("/ci/api/user", vec![added("ci", "ci", "/ci/*", None)]),
    ] {
        for hop in [empty(target), own(target, 404, "nobody is here")] {
            let finding = only(&failing(hop), "edge/route-unmatched");
            assert_eq!(finding.fix.unwrap().changes, changes, "{target}");
        }
    }
    // Some of a service's paths arrive.
    let evidence = scene(vec![
        went(vec![says("/forge/user/login", 200, "text/html", "sign in")]),
        broke(vec![empty("/forge/x")], "x", "y"),
    ]);
    assert_eq!(
        only(&evidence, "edge/route-unmatched").fix.unwrap().changes,
        [added("forge-rest", "forge", "/forge/*", Some("/forge"))]
    );
    // What a service answers itself, and an answer that says what it is.
    for hop in [says("/forge/x", 418, "text/plain", "nobody is here"), get("/ci/healthz", 204).field("Via", "1.1 x")] {
        assert_eq!(codes(&failing(hop)), ["unexplained"]);
    }
    only(&failing(empty("/nothing/at/all")), "edge/catch-all");
    // A service that was never meant answers there.
    let by_a_service = |status| get("/nothing/at/all", status).field("Via", "1.1 x").body("text/plain", "who are you?");
    for status in [401, 403] {
        let cause = only(&failing(by_a_service(status)), "edge/catch-all").cause;
        assert!(cause.contains(&format!("{status}, by a service")), "{cause}");
    }
    assert_eq!(codes(&failing(by_a_service(418))), ["unexplained"]);
}

#[test]
fn a_route_that_leads_elsewhere() {
    let bad = |target: &str| get(target, 502).field("Server", "Caddy");
    let twice = |evidence: Evidence| probed(evidence, "forge", Way::Edge, bad("/forge/user/login"));
    let past = |status: u16| get("http://forge:3000/", status).body("text/html", "the forge");
    let finding = only(&probed(twice(failing(bad("/forge/"))), "forge", Way::Direct, past(200)), "edge/wrong-upstream");
    assert_eq!(finding.fix.unwrap().changes, [route("forge", RouteField::Upstream("forge".into()))]);
    // It was restarting: sooner or later it answered.
    let answered = says("/forge/api/healthz", 200, "text/html", "well");
    let evidence =
        probed(probed(failing(bad("/forge/")), "forge", Way::Edge, answered), "forge", Way::Direct, past(200));
    assert!(!codes(&evidence).contains(&"edge/wrong-upstream".to_owned()));
    // It is down: directly it doesn't answer either.
    let mut refused = past(200);
    refused.0.response = None;
    refused.0.error = Some("refused".into());
    assert!(
        !codes(&probed(twice(failing(bad("/forge/"))), "forge", Way::Direct, refused))
            .contains(&"edge/wrong-upstream".to_owned())
    );
    // Another service's words, again and again.
    let words = |target: &str| says(target, 404, "text/plain", "the site has no such file");
    let page = |target: &str| says(target, 200, "text/html", "<h1>Staging</h1> of everything");
    let evidence = scene(vec![
        went(vec![page("/staging/"), words("/staging/x")]),
        broke(vec![page("/forge/")], "x", "y"),
        broke(vec![words("/forge/user/login")], "x", "y"),
    ]);
    assert!(only(&evidence, "edge/wrong-upstream").cause.contains("answers staging, where forge should"));
    // A file server says nothing with its 404, but its name.
    let empty = |target: &str, server: &str| {
        let hop = get(target, 404).field("Via", "1.1 Caddy").body("text/html", "");
        broke(vec![hop.field("Server", server)], "x", "y")
    };
    let past = |evidence, service, server: &str| {
        probed(evidence, service, Way::Direct, get(&format!("http://{service}:80/"), 200).field("Server", server))
    };
    let silent = |server: &str| {
        let evidence = scene(vec![empty("/forge/", server), empty("/forge/user/login", server)]);
        past(past(evidence, "staging", "Caddy"), "forge", "gitea/1.26")
    };
    assert!(only(&silent("Caddy"), "edge/wrong-upstream").cause.contains("answers staging, where forge should"));
    assert!(!codes(&silent("gitea/1.27")).contains(&"edge/wrong-upstream".to_owned()), "the forge itself");
    assert!(!codes(&silent("nginx")).contains(&"edge/wrong-upstream".to_owned()), "nobody whom we know");
}

#[test]
fn redirects_of_the_edge_s_own() {
    let to = |target: &str, location: &str| get(target, 302).field("Location", location);
    let turning =
        |hops: Vec<Hop>| scene(vec![went(vec![says("/forge/", 200, "text/html", "home")]), broke(hops, "x", "y")]);
    let bare = || to("/forge", "/forge");
    only(&turning(vec![bare(), bare()]), "edge/redirect-loop");
    only(&turning(vec![to("/ci/", "https://edge.test/ci/")]), "edge/redirect-loop");
    let finding = only(&turning(vec![to("/", "/git/")]), "edge/redirect-misdirected");
    let right = Change::AddRedirect { route: "root".into(), path: "/".into(), to: "/forge/".into() };
    assert_eq!(finding.fix.unwrap().changes, [right]);
    only(
        &turning(vec![to("/staging", "/forge/"), says("/forge/", 200, "text/html", "home")]),
        "edge/redirect-misdirected",
    );
    // A good one, whatever comes behind it.
    assert_eq!(codes(&turning(vec![to("/forge", "/forge/"), says("/forge/", 418, "text/html", "x")])), ["unexplained"]);
}

#[test]
fn what_services_are_told() {
    let seen = |fields: &str| format!("{{\"target\": \"/seen\", \"headers\": {{{fields}}}}}");
    let well = "\"host\": [\"edge.test:8080\"], \"x-forwarded-for\": [\"10.0.0.1\"], \"x-forwarded-proto\": [\"http\"]";
    let host = "\"x-forwarded-host\": [\"edge.test:8080\"]";
    let step = |text: &str, about: &str, sent: &[(&str, &str)]| {
        let hop = says("/echo/seen", 200, "application/json", text);
        let hop = sent.iter().fold(hop, |hop, (name, value)| hop.with(name, value));
        scene(vec![broke(vec![hop], &format!("the JSON at `$.headers['{about}']`"), "x")])
    };
    only(&step(&seen(well), "x-forwarded-host", &[]), "edge/forwarded-missing");
    let other = format!("{well}, \"x-forwarded-host\": [\"inside\"]");
    only(&step(&seen(&other), "x-forwarded-host", &[]), "edge/forwarded-missing");
    let forged = format!("{well}, \"x-forwarded-host\": [\"evil.example\"]");
    only(
        &step(&seen(&forged), "x-forwarded-host", &[("X-Forwarded-Host", "evil.example")]),
        "edge/forwarded-spoofable",
    );
    let inside = seen(&format!("{}, {host}", well.replace("edge.test:8080", "echo:80")));
    let mut evidence = step(&inside, "x", &[]);
    evidence.journeys[0].steps[0].failures[0].found = Some("\"echo:80\"".into());
    only(&evidence, "edge/host-rewritten");
    assert_eq!(codes(&step(&seen(&format!("{well}, {host}")), "x-forwarded-host", &[])), ["unexplained"]);
    // What was cut off may have been there.
    let cut = seen(well).trim_end_matches('}').to_owned();
    assert_eq!(codes(&step(&cut, "x-forwarded-host", &[])), ["unexplained"]);
}

#[test]
fn a_form_of_its_own_that_is_taken_for_another_site_s() {
    let grant = |origin: &str, words: &str| {
        let hop = asked("POST", "/forge/login/oauth/grant", 403)
            .with("Origin", origin)
            .field("Via", "1.1 x")
            .body("text/plain", words);
        codes(&scene(vec![broke(vec![hop], "refused", "403")]))
    };
    assert_eq!(grant("http://edge.test:8080", "cross-origin request detected"), ["edge/host-rewritten"]);
    assert_eq!(grant("http://evil.example", "cross-origin request detected"), ["unexplained"]);
    assert_eq!(grant("http://edge.test:8080", "you may not"), ["unexplained"]);
}

#[test]
fn what_arrives_otherwise_than_it_was_sent() {
    let changed = |past: Hop, through: Hop| {
        let failed = broke(vec![through.clone()], "x", "y");
        let evidence = scene(vec![went(vec![says("/staging/", 200, "text/html", "a page of the site")]), failed]);
        codes(&probed(probed(evidence, "staging", Way::Direct, past), "staging", Way::Edge, through))
    };
    let past = |status: u16| get("http://staging:8080/x", status).body("text/html", "a page of the site");
    assert_eq!(
        changed(past(404), says("/staging/x", 200, "text/html", "a page of the site")),
        ["edge/response-rewritten"]
    );
    assert_eq!(
        changed(past(200), says("/staging/x", 200, "text/plain", "a page of the site")),
        ["edge/response-rewritten"]
    );
    assert_eq!(
        changed(past(200), says("/staging/x", 200, "text/html; charset=utf-8", "a page of the site")),
        ["unexplained"]
    );
    // A page of the same size that refers to other files. What stands in a query is chance.
    let page = |folder: &str| format!("<script src=\"/staging/{folder}/a.js?v=1\"></script><p>a page</p>");
    let referring = |folder: &str| get("http://staging:8080/x", 200).body("text/html", &page(folder));
    let came = |text: &str| says("/staging/x", 200, "text/html", text);
    assert_eq!(changed(referring("assets"), came(&page("static"))), ["edge/response-rewritten"]);
    assert_eq!(changed(referring("assets"), came(&page("assets").replace("v=1", "v=2"))), ["unexplained"]);
    // An answer that shows its request isn't the same twice.
    let shown = |hop: Hop, text: &str| hop.with("User-Agent", "edge-smoke/1").body("application/json", text);
    let direct = shown(get("http://staging:8080/x", 200), r#"{"agent":"edge-smoke/1","target":"/x"}"#);
    let through = r#"{"agent":"edge-smoke/1","target":"/x","headers":{"x-forwarded-for":"127.0.0.1","via":"1.1 x"}}"#;
    let reflected = shown(says("/staging/x", 200, "application/json", ""), through);
    assert_eq!(changed(direct.clone(), reflected.clone()), ["unexplained"]);
    assert_eq!(changed(direct, reflected.field("Location", "/elsewhere")), ["edge/response-rewritten"]);
}

#[test]
fn credentials_that_do_not_arrive() {
    let refused = |hop: Hop| hop.field("WWW-Authenticate", "Basic realm=\"x\"").field("Via", "1.1 x");
    let with = |hop: Hop| hop.with("Authorization", "Basic ***");
    let path = "/forge/x.git/info/refs";
    let push = || with(refused(get(path, 401)));
    let delete = || with(refused(asked("DELETE", "/forge/api/v1/x", 401)));
    let direct = |status: u16| get("http://forge:3000/x.git/info/refs", status);
    let stranger = || direct(401).field("WWW-Authenticate", "Basic realm=\"x\"");
    let seen = |taken: Hop, stranger: Hop| {
        let steps = vec![went(vec![says("/forge/", 200, "text/html", "home")]), broke(vec![push()], "x", "y")];
        let mut evidence = scene([steps, vec![broke(vec![delete()], "x", "y")]].concat());
        for (way, hop) in [(Way::Edge, push()), (Way::Direct, taken), (Way::Direct, stranger)] {
            evidence = probed(evidence, "forge", way, hop);
        }
        evidence
    };
    let finding = only(&seen(with(direct(200)), stranger()), "edge/authorization-lost");
    assert_eq!(finding.fix.unwrap().changes, [route("forge", RouteField::PassHeader("Authorization".into()))]);
    // What the edge could do about it was tried, and it is as before: somebody behind the edge does so.
    let mut refuted = BTreeSet::new();
    for _ in 0..2 {
        let findings = diagnose_without(&seen(with(direct(200)), stranger()), &refuted);
        let fix = findings[0].fix.clone().unwrap();
        assert!(findings[0].code == "edge/authorization-lost" && !fix.changes.is_empty(), "{findings:?}");
        refuted.insert(Refuted { code: findings[0].code.clone(), changes: fix.changes });
    }
    let left = diagnose_without(&seen(with(direct(200)), stranger()), &refuted);
    assert_eq!(left[0].code, "edge/authorization-lost");
    assert!(left[0].fix.clone().unwrap().changes.is_empty());
    // The service refuses them itself; it takes everybody; it says something else to strangers.
    let unexplained = |taken: Hop, stranger: Hop| {
        let codes = codes(&seen(taken, stranger));
        assert!(!codes.contains(&"edge/authorization-lost".to_owned()), "{codes:?}");
    };
    unexplained(with(stranger()), stranger());
    unexplained(with(direct(200)), direct(200));
    unexplained(with(direct(200)), direct(403));
    unexplained(direct(200), stranger());
}

#[test]
fn where_nothing_failed_nothing_is_said() {
    let odd =
        vec![empty("/forge"), empty("/nothing"), get("/forge/x", 404), own("/", 404, "nobody is here"), empty("/v2/")];
    assert!(found(&scene(vec![went(odd)])).is_empty());
}
