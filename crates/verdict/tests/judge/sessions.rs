//! Sessions that are refused, hidden, lost or handed to others; and who a service takes its visitors for.

use verdict::evidence::{
    Direction, Ending, EndingKind, Evidence, FrameKind, FrameRecord, SetCookie, Way, WebSocketRecord,
};
use verdict::fix::{Change, RouteField};
use verdict::{Class, Finding};

use crate::scene::{Hop, asked, broke, codes, cookie, get, only, probed, scene, seen, tour, went};

const SESSION: &str = "i_like_gitea";

/// A sign-in at the forge after which this comes.
fn signed_in(set: SetCookie, after: Vec<Hop>) -> Evidence {
    let login = asked("POST", "/forge/user/login", 303).sets(set);
    scene(vec![went(vec![get("/forge/user/login", 200)]), broke([vec![login], after].concat(), "signed out", "a form")])
}

fn to_login() -> Hop {
    get("/forge/user/settings", 303).field("Location", "/forge/user/login")
}

fn refused(reason: &str, set: SetCookie) -> SetCookie {
    SetCookie { refused: Some(reason.into()), ..set }
}

fn secure() -> SetCookie {
    refused("it is Secure, and came over http", SetCookie { secure: true, ..cookie(SESSION, "/forge") })
}

fn setting(name: &str, value: Option<&str>) -> Vec<Change> {
    vec![Change::Setting { service: "forge".into(), name: name.into(), value: value.map(str::to_owned) }]
}

#[test]
fn secure_over_http() {
    let evidence = signed_in(secure(), vec![to_login()]);
    let finding = only(&evidence, "cookie/secure-over-http");
    assert_eq!(finding.fix.unwrap().changes, setting("GITEA__session__COOKIE_SECURE", Some("false")));
    // A forge that takes itself for one of https has the wrong address, and something on the way adds its own.
    let realm = get("/v2/", 401).field("WWW-Authenticate", "Bearer realm=\"https://edge.test/forge/v2/token\"");
    assert_eq!(codes(&probed(evidence.clone(), "forge", Way::Edge, realm)), ["address/scheme"]);
    let own = get("http://forge:3000/", 200).sets(cookie(SESSION, "/forge"));
    changed_on_the_way(&only(&probed(evidence, "forge", Way::Direct, own), "cookie/secure-over-http"));
}

fn changed_on_the_way(finding: &Finding) {
    let fix = finding.fix.as_ref().expect("a fix");
    assert!(fix.changes.is_empty() && fix.summary.contains("on the way"), "{}", fix.summary);
}

#[test]
fn what_is_not_found_or_breaks_has_another_cause_than_a_refused_cookie() {
    for status in [404, 500, 502, 413] {
        assert_eq!(codes(&signed_in(secure(), vec![get("/forge/x", status)])), ["unexplained"], "{status}");
    }
    // Nor does what another service answers, in a step without the forge.
    let login = went(vec![asked("POST", "/forge/user/login", 303).sets(secure())]);
    let staging = broke(vec![get("/staging/", 200)], "the content is not what was expected", "x");
    assert_eq!(codes(&scene(vec![login, staging])), ["unexplained"]);
}

#[test]
fn cookies_that_browsers_refuse_for_other_reasons() {
    let set = refused("its Domain `forgejo` isn't `edge.test` or above it", cookie(SESSION, "/forge"));
    let finding = only(&signed_in(set, vec![to_login()]), "cookie/rejected");
    assert!(finding.cause.contains("its Domain `forgejo`"), "{}", finding.cause);
}

#[test]
fn a_path_that_does_not_cover_the_service() {
    for path in ["/forge/user", "/forgejo", "/x"] {
        let finding = only(&signed_in(cookie(SESSION, path), vec![get("/forge/", 200)]), "cookie/path-too-narrow");
        assert!(finding.cause.contains(path) && finding.fix.unwrap().summary.contains("Path=/forge/"), "{path}");
    }
    for path in ["/forge", "/forge/", "/"] {
        assert_eq!(codes(&signed_in(cookie(SESSION, path), vec![get("/forge/", 200)])), ["unexplained"], "{path}");
    }
    // The page that a step looks for a form on came in the step before it.
    let login = asked("POST", "/forge/user/login", 303).sets(cookie(SESSION, "/forge/user"));
    let came = went(vec![login, get("/forge/login/oauth/authorize", 303), to_login()]);
    only(&scene(vec![came, broke(Vec::new(), "the form isn't on the page", "a form")]), "cookie/path-too-narrow");
    // It was sent; or all that came after lies below it.
    for hop in [get("/forge/", 200).sends(&[SESSION]), get("/forge/user/settings", 303)] {
        assert_eq!(codes(&signed_in(cookie(SESSION, "/forge/user"), vec![hop])), ["unexplained"]);
    }
}

#[test]
fn a_second_cookie_of_one_service_hides_the_first() {
    let twice = |hop: Hop| {
        let login = asked("POST", "/forge/user/login", 303).sets(cookie(SESSION, "/forge"));
        let stale = get("/forge/user/login", 200).sets(cookie(SESSION, "/forge/user"));
        scene(vec![went(vec![stale]), broke(vec![login, hop], "signed out", "a form")])
    };
    let finding = only(&twice(to_login().sends(&[SESSION, SESSION])), "cookie/shadowed");
    assert!(finding.cause.contains("/forge and /forge/user"), "{}", finding.cause);
    assert_eq!(codes(&twice(to_login().sends(&[SESSION]))), ["unexplained"]);
    // A leftover under a path with a slash does no harm where nothing fails.
    let login =
        asked("POST", "/forge/user/login", 303).sets(cookie(SESSION, "/forge")).sets(cookie(SESSION, "/forge/"));
    let well = scene(vec![went(vec![login, get("/forge/", 200).sends(&[SESSION, SESSION])])]);
    assert!(codes(&well).is_empty());
}

#[test]
fn two_services_with_one_name_for_their_sessions() {
    let ci = tour("ci", vec![went(vec![get("/ci/authorize?code=***", 303).sets(cookie("user_sess", "/"))])]);
    let forge = |set: SetCookie| {
        let login = asked("POST", "/forge/user/login", 303).sets(set);
        seen(vec![ci.clone(), tour("forge", vec![broke(vec![login, to_login()], "signed out", "a form")])])
    };
    let finding = only(&forge(cookie("user_sess", "/forge")), "cookie/collision");
    assert_eq!(finding.fix.unwrap().changes, setting("GITEA__session__COOKIE_NAME", None));
    assert_eq!(finding.scenarios, ["forge"]);
    assert_eq!(codes(&forge(cookie(SESSION, "/"))), ["unexplained"]);
    // Where nothing fails they don't get in each other's way.
    let login = went(vec![asked("POST", "/forge/user/login", 303).sets(cookie("user_sess", "/forge"))]);
    assert!(codes(&seen(vec![ci.clone(), tour("forge", vec![login])])).is_empty());
}

#[test]
fn a_session_that_is_sent_and_not_seen() {
    let session = get("/ci/authorize?code=***", 303).sets(cookie("user_sess", "/"));
    let user = |hop: Hop| scene(vec![went(vec![session.clone()]), broke(vec![hop], "expected 200", "401")]);
    let finding = only(&user(get("/ci/api/user", 401).sends(&["user_sess"])), "cookie/dropped");
    assert_eq!(finding.fix.unwrap().changes, [Change::Route { route: "ci".into(), field: RouteField::Cookies(true) }]);
    for hop in [
        // It doesn't go along; it does, and what is refused is another thing.
        get("/ci/api/user", 401),
        get("/ci/api/user", 401).sends(&["user_sess"]).with("Authorization", "Bearer ***"),
        asked("POST", "/ci/api/user/token", 401).sends(&["user_sess"]),
        get("/ci/api/user", 404).sends(&["user_sess"]),
    ] {
        assert_eq!(codes(&user(hop)), ["unexplained"]);
    }
}

#[test]
fn a_session_that_is_given_out_anew_as_to_a_stranger() {
    let page = |hop: Hop| hop.body("text/html; charset=utf-8", "<html>");
    let first = page(get("/forge/", 200)).sets(cookie(SESSION, "/forge")).sets(cookie("_csrf", "/forge"));
    let again = |sets: &[&str]| {
        let hop = page(get("/forge/user/login", 200).sends(&[SESSION, "_csrf"]));
        let hop = sets.iter().fold(hop, |hop, name| hop.sets(cookie(name, "/forge")));
        let post = asked("POST", "/forge/user/login", 400).sends(&[SESSION, "_csrf"]);
        scene(vec![went(vec![first.clone()]), broke(vec![hop, post], "signed out", "400")])
    };
    let finding = only(&again(&[SESSION, "_csrf"]), "cookie/dropped");
    assert_eq!(
        finding.fix.unwrap().changes,
        [Change::Route { route: "forge".into(), field: RouteField::Cookies(true) }]
    );
    // Who has signed out has a part of it left, and is given the rest anew.
    let left = page(get("/forge/user/login", 200).sends(&["_csrf"]));
    let left = left.sets(cookie(SESSION, "/forge")).sets(cookie("_csrf", "/forge"));
    let out =
        scene(vec![went(vec![first.clone(), left]), broke(vec![get("/forge/", 200).sends(&["_csrf"])], "x", "y")]);
    assert_eq!(codes(&out), ["unexplained"]);
    for sets in [&[][..], &["_csrf"], &["redirect_to"]] {
        assert_eq!(codes(&again(sets)), ["unexplained"], "{sets:?}");
    }
}

#[test]
fn a_service_that_shows_the_sessions_of_others() {
    let session = went(vec![get("/ci/authorize?code=***", 303).sets(cookie("user_sess", "/"))]);
    let shown = |service: &str, sent: &[&str], body: &str| {
        let hop = get(&format!("/{service}/cookies.txt"), 200).sends(sent).body("text/plain", body);
        scene(vec![session.clone(), broke(vec![hop], "the content is not what was expected", body)])
    };
    let finding = only(&shown("staging", &["user_sess"], "cookies: user_sess=***"), "cookie/leaked");
    assert_eq!(finding.class, Class::Security);
    let expected = [Change::Route { route: "staging".into(), field: RouteField::Cookies(false) }];
    assert_eq!(finding.fix.unwrap().changes, expected);
    for (service, sent, body) in [
        ("staging", &["user_sess"][..], "cookies: "),
        ("staging", &[], "cookies: user_sess=***"),
        ("staging", &["theme"], "cookies: theme=dark"),
        ("ci", &["user_sess"], "user_sess=***"),
    ] {
        assert_eq!(codes(&shown(service, sent, body)), ["unexplained"], "{service} {sent:?} {body}");
    }
    // A site that passes is a note at most.
    let mut well = shown("staging", &["user_sess"], "cookies: user_sess=***");
    well.journeys[0].steps.pop();
    well.journeys[0].outcome = verdict::evidence::Outcome::Passed;
    assert!(codes(&well).is_empty());
}

#[test]
fn a_session_without_what_protects_it() {
    let lacking = |attribute: &str, set: SetCookie| {
        let login = asked("POST", "/forge/user/login", 303).sets(set);
        let message = format!("{attribute} of cookie `{SESSION}` is not what was expected");
        scene(vec![broke(vec![login, get("/forge/", 200).sends(&[SESSION])], &message, "something")])
    };
    let whole = || cookie(SESSION, "/forge");
    for (attribute, set, words) in [
        ("HttpOnly", SetCookie { http_only: false, ..whole() }, "without HttpOnly"),
        ("SameSite", SetCookie { same_site: None, ..whole() }, "without SameSite"),
        ("Path", cookie(SESSION, "/"), "for /, more than its own /forge/"),
        ("Domain", SetCookie { domain: Some("edge.test".into()), ..whole() }, "with a Domain"),
    ] {
        let evidence = lacking(attribute, set);
        let finding = only(&evidence, "cookie/insecure");
        assert_eq!(finding.class, Class::Security);
        assert!(finding.cause.contains(words), "{}", finding.cause);
        // The forge itself sets it well: something on the way takes it off.
        let own = get("http://forge:3000/user/login", 200).sets(whole());
        changed_on_the_way(&only(&probed(evidence, "forge", Way::Direct, own), "cookie/insecure"));
        // The attribute is there: the expectation is about something else.
        assert_eq!(codes(&lacking(attribute, whole())), ["unexplained"], "{attribute}");
    }
    // Over http there is nothing to be Secure about.
    assert_eq!(codes(&lacking("Secure", whole())), ["unexplained"]);
}

const FORGED: [(&str, &str); 3] =
    [("X-Forwarded-User", "admin"), ("Remote-User", "admin"), ("X-Forwarded-Host", "evil.example")];

fn forging(body: &str) -> Hop {
    let hop = get("/echo/seen", 200).body("application/json", body);
    FORGED.iter().fold(hop, |hop, (name, value)| hop.with(name, value))
}

#[test]
fn a_client_s_own_claims_arrive() {
    for body in [
        r#"{"headers":{"x-forwarded-user":["admin"],"host":["edge.test"]}}"#,
        r#"{"X-Forwarded-User": "admin"}"#,
        "Host: edge.test\nX-Forwarded-User: admin\n",
    ] {
        let finding = only(&scene(vec![broke(vec![forging(body)], "it arrived", "admin")]), "edge/identity-spoofable");
        assert_eq!(finding.class, Class::Security);
        assert!(finding.cause.starts_with("X-Forwarded-User of a client's own"), "{}", finding.cause);
        let changes = finding.fix.unwrap().changes;
        let [Change::Route { route, field: RouteField::RemoveHeaders(names) }] = changes.as_slice() else {
            panic!("{changes:?}")
        };
        assert_eq!(route, "echo");
        assert!(
            ["X-Forwarded-User", "Remote-Groups", "X-Webauth-User"].iter().all(|name| names.contains(&(*name).into()))
        );
    }
}

#[test]
fn claims_that_do_not_arrive_or_name_nobody_are_no_hole() {
    for body in [
        r#"{"headers":{"host":["edge.test"]}}"#,
        // The edge's own word, an address, another field, a field that only ends so.
        r#"{"headers":{"x-forwarded-user":["alice"]}}"#,
        r#"{"headers":{"x-forwarded-host":["evil.example"]}}"#,
        r#"{"headers":{"x-user":["admin"]}}"#,
        r#"{"headers":{"not-x-forwarded-user":["admin"]}}"#,
        "the field x-forwarded-user is not for admin",
    ] {
        assert_eq!(codes(&scene(vec![broke(vec![forging(body)], "x", "y")])), ["unexplained"], "{body}");
    }
}

#[test]
fn claims_arrive_over_a_websocket() {
    let frame = FrameRecord {
        direction: Direction::Received,
        kind: FrameKind::Text,
        at_ms: 1.0,
        bytes: 10,
        excerpt: Some(r#"{"headers":{"remote-user":["admin"]}}"#.into()),
        code: None,
    };
    let mut hop = forging("");
    hop.0.response.as_mut().unwrap().status = 101;
    let mut step = broke(vec![hop], "it arrived", "admin");
    step.websocket = Some(WebSocketRecord {
        subprotocol: None,
        sent: 1,
        received: 1,
        frames: vec![frame],
        omitted: 0,
        ending: Ending { how: EndingKind::ClosedByClient, code: Some(1000), reason: None },
        open_ms: 2.0,
    });
    assert!(only(&scene(vec![step]), "edge/identity-spoofable").cause.starts_with("Remote-User"));
}

#[test]
fn an_internal_api_with_a_token_that_anybody_knows() {
    let with_token = |target: &str, status: u16, body: &str| {
        let hop = get(target, status).with("X-Gitea-Internal-Auth", "Bearer changeme").body("text/plain", body);
        scene(vec![broke(vec![hop], "expected 403", "200")])
    };
    let finding = only(&with_token("/forge/api/internal/manager/processes", 200, "ok"), "forge/internal-api-open");
    assert_eq!(finding.class, Class::Security);
    let fix = finding.fix.unwrap();
    let refusal = Change::AddRefusal { route: "forge-internal".into(), path: "/forge/api/internal/*".into() };
    assert_eq!(fix.changes, [refusal]);
    assert!(fix.lines.iter().any(|line| line.text == "respond /forge/api/internal/* 403"));
    // A refusal, an error, an empty 200 of an edge that has no such path, another path.
    for (target, status, body) in [
        ("/forge/api/internal/manager/processes", 403, "Forbidden"),
        ("/forge/api/internal/manager/processes", 500, "oops"),
        ("/forge/api/internal/manager/processes", 200, ""),
        ("/forge/api/v1/version", 200, "{}"),
    ] {
        assert_eq!(codes(&with_token(target, status, body)), ["unexplained"], "{target} {status}");
    }
    let page =
        get("/forge/api/internal/dummy", 200).with("X-Gitea-Internal-Auth", "Bearer x").body("text/html", "<html>");
    assert_eq!(codes(&scene(vec![broke(vec![page], "x", "y")])), ["unexplained"]);
}

/// What is seen on sites where all is well.
fn well() -> Vec<Hop> {
    let page = |hop: Hop| hop.body("text/html; charset=utf-8", "<html>");
    vec![
        page(get("/forge/", 200)).sets(cookie(SESSION, "/forge")).sets(cookie("_csrf", "/forge")),
        page(get("/forge/user/login", 200)).sends(&[SESSION, "_csrf"]),
        asked("POST", "/forge/user/login", 303)
            .sends(&[SESSION])
            .sets(SetCookie { deleted: true, ..cookie(SESSION, "/forge/") })
            .sets(cookie(SESSION, "/forge"))
            .sets(cookie("redirect_to", "/forge")),
        // A leftover of an older version, which the forge copes with.
        page(get("/forge/user/settings", 200)).sends(&[SESSION, SESSION]).sets(cookie(SESSION, "/forge/")),
        get("/ci/authorize", 303).field("Location", "/forge/login/oauth/authorize"),
        get("/ci/authorize?code=***&state=***", 303).sets(cookie("user_sess", "/")),
        get("/ci/api/user", 200).sends(&["user_sess"]),
        get("/ci/api/user", 401),
        asked("POST", "/ci/api/user/token", 401).sends(&["user_sess"]),
        get("/ci/login?error=invalid_state", 200),
        page(get("/forge/explore", 200)).sends(&["user_sess"]).sets(cookie(SESSION, "/forge")),
        get("/staging/cookies.txt", 200).sends(&["user_sess"]).body("text/plain", "cookies: "),
        get("/forge/api/internal/manager/processes", 403).with("X-Gitea-Internal-Auth", "Bearer changeme"),
        get("/forge/api/v1/repos/u/p/hooks", 200)
            .body("application/json", r#"[{"config":{"url":"http://edge.test:8080/ci/api/hook?access_token=***"}}]"#),
        get("/ci/api/repos/1/pipelines", 200).body("application/json", "[]"),
        forging(r#"{"headers":{"x-forwarded-host":["edge.test"]}}"#),
    ]
}

proptest::proptest! {
    #[test]
    fn where_all_is_well_nothing_is_said(places in proptest::collection::vec(0..well().len(), 0..30)) {
        let steps = places.iter().map(|place| went(vec![well().swap_remove(*place)])).collect();
        proptest::prop_assert!(codes(&scene(steps)).is_empty());
    }

    /// What else fails is no reason to suspect sessions, sign-ins or webhooks.
    #[test]
    fn what_fails_elsewhere_is_not_put_down_to_them(
        places in proptest::collection::vec(0..well().len(), 0..30),
        target in proptest::sample::select(vec!["/staging/", "/forge/assets/x.js", "/v2/", "/nobody"]),
        status in proptest::sample::select(vec![404u16, 500, 502]),
    ) {
        let mut steps: Vec<_> = places.iter().map(|place| went(vec![well().swap_remove(*place)])).collect();
        steps.push(broke(vec![get(target, status)], "the status is not what was expected", "another"));
        proptest::prop_assert_eq!(codes(&scene(steps)), ["unexplained"]);
    }
}
