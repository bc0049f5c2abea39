//! What is otherwise than in an earlier run.

use proptest::prelude::*;
use verdict::changes::{Changes, Difference, Run, ScenarioChange, since};
use verdict::evidence::{
    Exchange, FailureKind, Journey, Outcome, RequestRecord, ResponseRecord, SetCookie, StackFacts, StackKind,
    StepRecord,
};

use crate::build::{failure, journey, stack, step, with_broken_asset};

fn at(base_url: &str) -> StackFacts {
    StackFacts { base_url: base_url.into(), ..stack(StackKind::Containers) }
}

fn hop(method: &str, url: &str, status: u16, headers: &[(&str, &str)]) -> Exchange {
    let response = ResponseRecord {
        status,
        headers: headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
        set_cookies: Vec::new(),
        body_bytes: 0,
        body_excerpt: None,
        arrival: None,
    };
    Exchange {
        request: RequestRecord { method: method.into(), url: url.into(), headers: Vec::new(), body_bytes: 0 },
        response: Some(response),
        error: None,
        duration_ms: 1.0,
    }
}

fn cookie(name: &str, path: &str) -> SetCookie {
    SetCookie {
        name: name.into(),
        path: Some(path.into()),
        domain: None,
        http_only: true,
        secure: false,
        same_site: Some("Lax".into()),
        deleted: false,
        refused: None,
    }
}

fn setting(mut exchange: Exchange, cookies: Vec<SetCookie>) -> Exchange {
    exchange.response.as_mut().expect("a response").set_cookies = cookies;
    exchange
}

/// A journey of one step with these hops.
fn walked(outcome: Outcome, trace: Vec<Exchange>) -> Journey {
    let mut step = step("login", "", Some(200), FailureKind::Expectation, "");
    step.outcome = outcome;
    step.title = "sign in".into();
    step.trace = trace;
    step.failures = match outcome {
        Outcome::Failed => vec![failure("scenarios/login.yaml", FailureKind::Expectation, "it is another")],
        _ => Vec::new(),
    };
    journey("login", outcome, vec![step])
}

const THEN: &str = "http://edge.test:4000";
const NOW: &str = "http://edge.test:5000";

fn compare(then: Journey, now: Journey) -> Changes {
    since(
        "2026-01-01T00:00:00Z",
        Run { stack: &at(THEN), journeys: &[then] },
        Run { stack: &at(NOW), journeys: &[now] },
    )
}

fn only(then: Vec<Exchange>, now: Vec<Exchange>) -> ScenarioChange {
    let mut changes = compare(walked(Outcome::Passed, then), walked(Outcome::Failed, now)).scenarios;
    assert_eq!(changes.len(), 1);
    changes.remove(0)
}

fn difference(what: &str, was: &str, now: &str) -> Difference {
    Difference { what: what.into(), was: was.into(), now: now.into() }
}

#[test]
fn the_first_hop_that_differs_is_named_with_what_differs() {
    let trace = |origin: &str, lost: &str| {
        let url = |path: &str| format!("{origin}{path}");
        vec![
            hop("GET", &url("/forge/"), 303, &[("Location", &url("/forge/explore"))]),
            hop("GET", &url("/forge/explore"), 303, &[("Location", lost)]),
            hop("GET", &url(lost), 200, &[]),
        ]
    };
    let change = only(trace(THEN, "/forge/user/login"), trace(NOW, "/user/login"));
    assert_eq!((change.scenario.as_str(), change.step, change.hop), ("login", 1, Some(2)));
    assert_eq!(change.request.as_deref(), Some("GET http://edge.test:5000/forge/explore"));
    assert_eq!(change.differences, [difference("Location", "/forge/user/login", "/user/login")]);
}

#[test]
fn everything_that_a_browser_goes_by_is_compared() {
    let url = |origin: &str| format!("{origin}/forge/");
    let plain =
        |origin: &str, status| hop("GET", &url(origin), status, &[("Content-Type", "text/html; charset=UTF-8")]);
    let cases: Vec<(Exchange, Exchange, Vec<Difference>)> = vec![
        (plain(THEN, 200), plain(NOW, 404), vec![difference("status", "200", "404")]),
        (
            plain(THEN, 200),
            hop("GET", &url(NOW), 200, &[("content-type", "application/json")]),
            vec![difference("Content-Type", "text/html; charset=utf-8", "application/json")],
        ),
        (
            setting(plain(THEN, 200), vec![cookie("session", "/forge"), cookie("old", "/")]),
            setting(plain(NOW, 200), vec![SetCookie { secure: true, ..cookie("session", "/") }, cookie("new", "/")]),
            vec![
                difference("cookie new", "not set", "Path=/; HttpOnly; SameSite=Lax"),
                difference("cookie old", "Path=/; HttpOnly; SameSite=Lax", "not set"),
                difference(
                    "cookie session",
                    "Path=/forge; HttpOnly; SameSite=Lax",
                    "Path=/; HttpOnly; Secure; SameSite=Lax",
                ),
            ],
        ),
        (
            plain(THEN, 200),
            Exchange { response: None, error: Some("connection refused".into()), ..plain(NOW, 200) },
            vec![difference("answer", "status 200", "connection refused")],
        ),
        (
            hop("GET", &format!("{THEN}/forge/"), 200, &[]),
            hop("POST", &format!("{NOW}/forge/login"), 200, &[]),
            vec![difference("request", "GET http://edge.test:5000/forge/", "POST http://edge.test:5000/forge/login")],
        ),
        (
            hop("GET", &url(THEN), 303, &[("Location", "http://forge:3000/")]),
            hop("GET", &url(NOW), 303, &[("Location", "http://edge.test:5000/forge/")]),
            vec![difference("Location", "http://forge:3000/", "http://edge.test:5000/forge/")],
        ),
    ];
    for (then, now, expected) in cases {
        let change = only(vec![then], vec![now]);
        assert_eq!((change.hop, change.differences), (Some(1), expected));
    }
}

#[test]
fn where_every_hop_is_as_it_was_the_failing_step_is_named_alone() {
    let trace = |origin: &str| vec![hop("GET", &format!("{origin}/forge/"), 200, &[])];
    let change = only(trace(THEN), trace(NOW));
    assert_eq!((change.step, change.hop, change.differences), (1, None, Vec::new()));
}

#[test]
fn more_or_fewer_hops_are_a_difference() {
    let one = |origin: &str| hop("GET", &format!("{origin}/forge/"), 302, &[("Location", "/forge/x")]);
    let change = only(vec![one(THEN), hop("GET", &format!("{THEN}/forge/x"), 200, &[])], vec![one(NOW)]);
    let (was, now) = ("http://edge.test:5000/forge/x after 2 hops", "http://edge.test:5000/forge/ after 1 hop");
    assert_eq!((change.hop, change.differences), (None, vec![difference("final URL", was, now)]));
}

#[test]
fn an_asset_that_breaks_is_a_difference_and_one_that_was_broken_is_none() {
    let broken = |essential| {
        let mut journey =
            with_broken_asset("login", "/assets/app-BnABfZg1.js", verdict::evidence::AssetKind::Script, essential);
        journey.steps[0].title = "sign in".into();
        journey
    };
    let whole = || {
        let mut journey = broken(true);
        let asset = &mut journey.steps[0].assets.as_mut().unwrap().list[0];
        (asset.problem, asset.status, asset.url) = (None, Some(200), asset.url.replace("BnABfZg1", "CrJLyjpu"));
        journey
    };
    let failed = |mut journey: Journey| {
        journey.outcome = Outcome::Failed;
        journey.steps[0].outcome = Outcome::Failed;
        journey
    };
    let told = |then, now: Journey| {
        let site = at(crate::build::SITE);
        let changes = since("then", Run { stack: &site, journeys: &[then] }, Run { stack: &site, journeys: &[now] });
        changes.scenarios[0].differences.clone()
    };
    let what = format!("asset {}/assets/app-BnABfZg1.js", crate::build::SITE);
    assert_eq!(told(whole(), failed(broken(true))), [difference(&what, "200", "status 404")]);
    assert_eq!(told(broken(true), failed(broken(true))), []);
    assert_eq!(told(whole(), failed(broken(false))), []);
}

#[test]
fn only_what_was_green_and_is_not_any_more_counts() {
    let trace = |path: &str| vec![hop("GET", &format!("{THEN}{path}"), 200, &[])];
    let cases = [
        (Outcome::Failed, Outcome::Failed, 0),
        (Outcome::Skipped, Outcome::Failed, 0),
        (Outcome::Passed, Outcome::Passed, 0),
        (Outcome::Passed, Outcome::Skipped, 0),
        (Outcome::Passed, Outcome::Failed, 1),
        (Outcome::Passed, Outcome::Errored, 1),
    ];
    for (then, now, expected) in cases {
        let changes = compare(walked(then, trace("/a")), walked(now, trace("/b")));
        assert_eq!(changes.scenarios.len(), expected, "{then:?} {now:?}");
    }
    let mut other = walked(Outcome::Passed, trace("/a"));
    other.file = "other.yaml".into();
    assert_eq!(compare(other, walked(Outcome::Failed, trace("/b"))).scenarios, []);
}

#[test]
fn a_step_that_is_left_out_now_is_a_difference() {
    let mut now = walked(Outcome::Failed, Vec::new());
    let skipped = StepRecord { outcome: Outcome::Skipped, ..now.steps[0].clone() };
    now.steps.insert(0, skipped);
    let then = walked(Outcome::Passed, vec![hop("GET", THEN, 200, &[])]);
    let change = compare(then, now).scenarios.remove(0);
    assert_eq!(
        (change.step, change.differences),
        (1, vec![difference("step", "`sign in`, taken", "`sign in`, skipped")])
    );
}

#[test]
fn services_that_are_others_are_named() {
    let with = |version: Option<&str>, image: &str| {
        let mut stack = at(THEN);
        (stack.services[1].version, stack.services[1].image) = (version.map(Into::into), Some(image.into()));
        stack
    };
    let named = |then: &StackFacts, now: &StackFacts| {
        let changes = since("then", Run { stack: then, journeys: &[] }, Run { stack: now, journeys: &[] });
        changes.services.into_iter().map(|it| format!("{} {} → {}", it.service, it.was, it.now)).collect::<Vec<_>>()
    };
    assert_eq!(named(&with(Some("11.0.1"), "f:11"), &with(Some("12.0"), "f:12")), ["forge 11.0.1 → 12.0"]);
    assert_eq!(named(&with(None, "f:11"), &with(None, "f:12")), ["forge f:11 → f:12"]);
    assert_eq!(named(&with(Some("1"), "f:11"), &with(Some("1"), "f:11")), [""; 0]);
}

proptest! {
    /// Whatever a stack makes anew, two healthy runs of one journey are alike.
    #[test]
    fn what_is_made_anew_is_no_difference(
        ports in (1024_u16.., 1024_u16..),
        ids in (0_u32.., 0_u32..),
        hashes in ("[0-9a-f]{39}[0-9]", "[0-9a-f]{39}[0-9]"),
        states in ("[A-Za-z0-9_-]{8,60}", "[A-Za-z0-9_-]{8,60}"),
        clients in ("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
        bundles in ("[A-Z][A-Za-z0-9_]{7}", "[A-Z][A-Za-z0-9_]{7}"),
    ) {
        let run = |port: u16, id: u32, hash: &str, state: &str, client: &str, bundle: &str, outcome| {
            let site = format!("http://edge.test:{port}");
            let back = format!("http%3A%2F%2Fedge.test%3A{port}%2Fci%2Fauthorize");
            let to = format!("{site}/forge/login/oauth/authorize?client_id={client}&redirect_uri={back}&state={state}");
            let trace = vec![
                hop("GET", &format!("{site}/ci/repos/{id}/commit/{hash}"), 303, &[("Location", &to)]),
                setting(hop("GET", &to, 200, &[("Content-Type", "text/html")]), vec![cookie("session", &format!("/ci/{id}"))]),
                hop("GET", &format!("http://ci.edge.test:{port}/assets/index-{bundle}.js"), 200, &[]),
                hop("GET", &format!("{site}/x/{client}?v={hash}#{id}"), 200, &[]),
            ];
            (at(&site), walked(outcome, trace))
        };
        let (then, before) = run(ports.0, ids.0, &hashes.0, &states.0, &clients.0, &bundles.0, Outcome::Passed);
        let (now, after) = run(ports.1, ids.1, &hashes.1, &states.1, &clients.1, &bundles.1, Outcome::Failed);
        let changes = since("then", Run { stack: &then, journeys: &[before] }, Run { stack: &now, journeys: &[after] });
        prop_assert_eq!(&changes.scenarios[0].differences, &Vec::new());
    }

    /// No text of a site's makes the comparison fail.
    #[test]
    fn any_text_can_be_compared(then in ".*", now in ".*", base in ".*") {
        let trace = |url: &str| vec![hop("GET", url, 302, &[("Location", url), ("Content-Type", url)])];
        let site = at(&base);
        let (before, after) = (walked(Outcome::Passed, trace(&then)), walked(Outcome::Failed, trace(&now)));
        since("then", Run { stack: &site, journeys: &[before] }, Run { stack: &site, journeys: &[after] });
    }
}

#[test]
fn who_is_asked_for_consent_is_chance() {
    let at = |site: &str, path: &str| format!("{site}{path}");
    let sign_in = |site: &str, is_asked: bool, back: &str| {
        let authorize = at(site, "/forge/login/oauth/authorize?client_id=1");
        let back = at(site, &format!("{back}?code=***&state=***"));
        let answer = |method, url: String| hop(method, &url, 303, &[("location", &back)]);
        let mut trace = match is_asked {
            true => vec![hop("GET", &authorize, 200, &[]), answer("POST", at(site, "/forge/login/oauth/grant"))],
            false => vec![answer("GET", authorize)],
        };
        trace.push(hop("GET", &back, 303, &[("location", "/ci/")]));
        trace
    };
    let compared = |was: bool, is: bool, back| {
        let then = walked(Outcome::Passed, sign_in(THEN, was, "/ci/authorize"));
        compare(then, walked(Outcome::Failed, sign_in(NOW, is, back))).scenarios
    };
    for (was, is) in [(true, false), (false, true), (true, true)] {
        let same = compared(was, is, "/ci/authorize");
        assert!(same[0].differences.is_empty() && same[0].hop.is_none(), "{same:?}");
        assert_eq!(compared(was, is, "/authorize")[0].differences[0].what, "Location");
    }
}
