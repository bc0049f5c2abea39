//! Which questions follow from which failures.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use scenario::model::{Mode, Service};
use verdict::evidence::{
    Ending, EndingKind, Exchange, Journey, Outcome, RequestRecord, StepRecord, Way, WebSocketRecord,
};

use super::questions::{Question, questions};
use crate::stack::Site;

const BASE: &str = "http://edge.test:8080";

fn site(mode: Mode) -> Site {
    let of = |service: Service| match mode {
        Mode::Subpath => format!("{BASE}/{service}"),
        Mode::Subdomain => format!("http://{service}.edge.test:8080"),
    };
    let services = [Service::Forge, Service::Ci].map(|service| (service, of(service)));
    Site {
        base_url: BASE.to_owned(),
        mode,
        services: services.into(),
        resolve: Vec::new(),
        ca_pem: None,
        variables: BTreeMap::new(),
        secrets: BTreeMap::new(),
    }
}

fn exchange(method: &str, url: &str) -> Exchange {
    let request = RequestRecord { method: method.into(), url: url.into(), headers: Vec::new(), body_bytes: 0 };
    Exchange { request, response: None, error: None, duration_ms: 1.0 }
}

fn journey(outcome: Outcome, kind: &str, trace: Vec<Exchange>) -> Journey {
    let step = StepRecord {
        file: "x.yaml".into(),
        line: 1,
        kind: kind.into(),
        title: "x".into(),
        outcome,
        reason: None,
        duration_ms: 1.0,
        attempts: 1,
        failures: Vec::new(),
        trace,
        websocket: None,
        oauth: None,
        git: None,
        assets: None,
    };
    Journey {
        name: "x".into(),
        file: "x.yaml".into(),
        tags: Vec::new(),
        outcome,
        reason: None,
        duration_ms: 1.0,
        steps: vec![step],
        logs: Vec::new(),
    }
}

fn asked(mode: Mode, method: &str, urls: &[&str]) -> Vec<(Way, String)> {
    let trace = urls.iter().map(|url| exchange(method, url)).collect();
    let questions = questions(&site(mode), &[journey(Outcome::Failed, "get", trace)], &[]);
    questions.into_iter().map(|Question { way, url, .. }| (way, url)).collect()
}

#[test]
fn nothing_is_asked_where_nothing_failed() {
    assert!(
        questions(
            &site(Mode::Subpath),
            &[journey(Outcome::Passed, "get", Vec::new())],
            &["http://edge.test:8080/forge/x"]
        )
        .is_empty()
    );
}

#[test]
fn a_failure_below_a_prefix_is_asked_about_in_all_ways() {
    let asked = asked(Mode::Subpath, "GET", &["http://edge.test:8080/forge/explore?q=1"]);
    for (way, url) in [
        (Way::Edge, "http://edge.test:8080/forge/explore?q=1"),
        (Way::Edge, "http://edge.test:8080/explore?q=1"),
        (Way::Edge, "http://edge.test:8080/forge/forge/explore?q=1"),
        (Way::Direct, "/explore?q=1"),
        (Way::Direct, "/forge/explore?q=1"),
    ] {
        assert!(asked.contains(&(way, url.to_owned())), "{url}: {asked:?}");
    }
}

#[test]
fn a_lost_prefix_is_looked_for_where_the_browser_came_from() {
    let asked = asked(Mode::Subpath, "GET", &["http://edge.test:8080/forge/", "http://edge.test:8080/user/login2"]);
    assert!(asked.contains(&(Way::Edge, "http://edge.test:8080/forge/user/login2".to_owned())), "{asked:?}");
    assert!(asked.contains(&(Way::Direct, "/user/login2".to_owned())), "{asked:?}");
}

#[test]
fn on_hosts_of_their_own_there_are_no_prefixes_to_try() {
    let asked = asked(Mode::Subdomain, "GET", &["http://forge.edge.test:8080/explore"]);
    assert!(asked.contains(&(Way::Direct, "/explore".to_owned())), "{asked:?}");
    assert!(!asked.iter().any(|(_, url)| url.contains("/forge/")), "{asked:?}");
}

#[test]
fn what_writes_what_is_hidden_and_what_is_elsewhere_is_not_asked_again() {
    let well_known = asked(Mode::Subpath, "GET", &[]).len();
    for (method, url) in [
        ("POST", "http://edge.test:8080/forge/x"),
        ("GET", "http://edge.test:8080/forge/x?code=***"),
        ("GET", "http://elsewhere.test/forge/x"),
    ] {
        assert_eq!(asked(Mode::Subpath, method, &[url]).len(), well_known, "{method} {url}");
    }
}

#[test]
fn many_failures_ask_no_more_than_a_dozen() {
    let journeys: Vec<Journey> = (0..500)
        .map(|n| {
            let url = format!("http://edge.test:8080/forge/{n}");
            journey(Outcome::Failed, "get", vec![exchange("GET", &url)])
        })
        .collect();
    assert!(questions(&site(Mode::Subpath), &journeys, &[]).len() < 150);
}

#[test]
fn what_was_refused_is_asked_past_the_edge_with_credentials_and_without() {
    let failed = [journey(Outcome::Failed, "get", Vec::new())];
    let refused = [
        "http://edge.test:8080/forge/x.git/info/refs?y=1",
        "http://elsewhere.test/forge/x",
        "http://edge.test:8080/v2/",
    ];
    let all = questions(&site(Mode::Subpath), &failed, &refused);
    let with = |place: usize| -> Vec<(Service, Way, &str)> {
        let its = all.iter().filter(|question| question.credentials == Some(place));
        its.map(|question| (question.service, question.way, question.url.as_str())).collect()
    };
    let forge = Service::Forge;
    assert_eq!(
        with(0),
        [
            (forge, Way::Edge, refused[0]),
            (forge, Way::Direct, "/forge/x.git/info/refs?y=1"),
            (forge, Way::Direct, "/x.git/info/refs?y=1"),
        ]
    );
    assert_eq!(with(1), [], "they are another site's");
    assert_eq!(with(2), [(forge, Way::Edge, refused[2]), (forge, Way::Direct, "/v2/")]);
    let without = |question: &&Question| question.credentials.is_none() && question.url == "/x.git/info/refs?y=1";
    assert_eq!(all.iter().filter(without).count(), 1);
}

#[test]
fn a_websocket_is_watched_for_longer_than_the_longest_that_was_cut() {
    let cut = |after: f64, handshake: f64| {
        let url = "http://edge.test:8080/forge/ws";
        let mut journey = journey(Outcome::Failed, "websocket", vec![exchange("GET", url)]);
        journey.steps[0].trace[0].duration_ms = handshake;
        let ending = Ending { how: EndingKind::Cut, code: None, reason: None };
        let socket = WebSocketRecord {
            subprotocol: None,
            sent: 0,
            received: 0,
            frames: Vec::new(),
            omitted: 0,
            ending,
            open_ms: after,
        };
        journey.steps[0].websocket = Some(socket);
        journey
    };
    let watched = |journeys: &[Journey]| -> BTreeSet<Duration> {
        questions(&site(Mode::Subpath), journeys, &[]).iter().filter_map(|question| question.holds_for).collect()
    };
    // Whichever of them failed first.
    let both = [cut(0.4, 500.0), cut(529.0, 1.0)];
    assert_eq!(watched(&both), [Duration::from_millis(1495)].into());
    assert_eq!(watched(&both[..1]), [Duration::from_secs_f64(0.5004) * 3 / 2 + Duration::from_millis(700)].into());
    assert_eq!(watched(&[cut(1e12, 0.0)]), [Duration::from_secs(4)].into(), "and not for ever");
    let again = questions(&site(Mode::Subpath), &both, &[]);
    let is_again = |question: &&Question| question.way == Way::Edge && question.holds_for.is_some();
    assert_eq!(again.iter().filter(is_again).count(), 2, "a timer runs each time");
}
