//! Connections, contents, the edge's own surface and services that fail: each cause, and what looks like it.

use std::collections::BTreeSet;

use verdict::evidence::{
    Arrival, Direction, Ending, EndingKind, Evidence, FrameKind, FrameRecord, Probe, StackKind, StepRecord, Way,
    WebSocketRecord,
};
use verdict::rules::{Refuted, diagnose_without};
use verdict::{Change, Class, RouteField};

use crate::scene::{Hop, asked, broke, codes, found, get, logged, only, probed, scene, seen, tour, url, went};

const DIRECT: &str = "http://echo:8080";

fn handshake(target: &str, status: u16) -> Hop {
    get(target, status).with("Connection", "Upgrade").with("Upgrade", "websocket")
}

fn socket(how: EndingKind, open_ms: f64) -> WebSocketRecord {
    let ending = Ending { how, code: None, reason: None };
    WebSocketRecord { subprotocol: None, sent: 0, received: 0, frames: Vec::new(), omitted: 0, ending, open_ms }
}

fn over(mut step: StepRecord, socket: WebSocketRecord) -> StepRecord {
    step.websocket = Some(socket);
    step
}

fn watched(mut evidence: Evidence, way: Way, hop: Hop, socket: WebSocketRecord) -> Evidence {
    let (service, asks) = ("echo".to_owned(), "it".to_owned());
    evidence.probes.push(Probe { service, way, asks, exchange: hop.0, websocket: Some(socket) });
    evidence
}

/// The content came in so many pieces, from the first to the last within this time.
fn in_pieces(mut hop: Hop, pieces: u64, spread_ms: f64) -> Hop {
    if let Some(response) = &mut hop.0.response {
        response.arrival = Some(Arrival { pieces, first_ms: 5.0, last_ms: 5.0 + spread_ms });
    }
    hop
}

fn silent(mut hop: Hop) -> Hop {
    hop.0.response = None;
    hop.0.error = Some("connection refused".into());
    hop
}

/// Without a content, or with one that is no text.
fn bare(mut hop: Hop) -> Hop {
    if let Some(response) = &mut hop.0.response {
        response.headers.retain(|(name, _)| name != "Content-Type");
        (response.body_bytes, response.body_excerpt) = (0, None);
    }
    hop
}

fn broken_off(mut hop: Hop) -> Hop {
    hop.0.error = Some("the content broke off".into());
    hop
}

fn of(mut evidence: Evidence, kind: StackKind) -> Evidence {
    if let Some(stack) = &mut evidence.stack {
        stack.kind = kind;
    }
    evidence
}

fn changes(evidence: &Evidence) -> Vec<Change> {
    found(evidence).into_iter().filter_map(|finding| finding.fix).flat_map(|fix| fix.changes).collect()
}

fn out(name: &str) -> Change {
    Change::Directive { name: name.into(), value: None }
}

fn json(hop: Hop) -> Hop {
    hop.body("application/json", r#"{"service":"echo","headers":{}}"#)
}

/// A handshake that came to this, and the service well otherwise.
fn refused(status: u16) -> Evidence {
    let step = broke(vec![json(handshake("/echo/ws", status))], "the handshake was refused", "another status");
    probed(scene(vec![step]), "echo", Way::Edge, json(get("/echo/", 200)))
}

#[test]
fn a_handshake_that_arrives_as_a_plain_request() {
    for status in [200, 400, 426] {
        let evidence = probed(refused(status), "echo", Way::Direct, handshake(&format!("{DIRECT}/ws"), 101));
        let finding = only(&evidence, "websocket/upgrade-lost");
        assert_eq!(finding.class, Class::Fixable);
        let route = Change::Route { route: "echo".into(), field: RouteField::Websocket(true) };
        assert_eq!(changes(&evidence)[..2], [route.clone(), out("header_up -Connection")]);
        assert_eq!(changes(&of(evidence, StackKind::Embedded)), [route]);
    }
    only(&of(refused(426), StackKind::External), "websocket/upgrade-lost");
}

#[test]
fn a_handshake_that_is_refused_for_another_reason() {
    let direct = |evidence, status| probed(evidence, "echo", Way::Direct, handshake(&format!("{DIRECT}/ws"), status));
    let is_named = |evidence: &Evidence| codes(evidence).contains(&"websocket/upgrade-lost".to_owned());
    // The service refuses it by itself, somebody asks who it is, or nobody can say.
    assert!(!is_named(&direct(refused(400), 400)));
    assert!(!is_named(&direct(refused(401), 101)));
    assert!(!is_named(&direct(refused(403), 101)));
    assert!(!is_named(&direct(refused(302), 101)));
    assert!(!is_named(&refused(200)));
    assert!(!is_named(&of(refused(200), StackKind::External)));
    // The route leads nowhere: plain requests fare no better.
    let empty = scene(vec![broke(vec![bare(handshake("/echo/ws", 200))], "the handshake was refused", "200")]);
    let empty = probed(empty, "echo", Way::Edge, bare(get("/echo/", 200)));
    assert!(!is_named(&direct(empty, 101)));
}

fn cut_after(open_ms: f64) -> Evidence {
    let step = broke(vec![handshake("/echo/ws", 101)], "the connection was cut", "the end of the connection");
    scene(vec![over(step, socket(EndingKind::Cut, open_ms))])
}

fn direct_life(evidence: Evidence, how: EndingKind, open_ms: f64) -> Evidence {
    watched(evidence, Way::Direct, handshake(&format!("{DIRECT}/ws"), 101), socket(how, open_ms))
}

fn again_life(evidence: Evidence, how: EndingKind, open_ms: f64) -> Evidence {
    watched(evidence, Way::Edge, handshake("/echo/ws", 101), socket(how, open_ms))
}

#[test]
fn a_websocket_is_cut_by_the_edges_timer_or_by_the_services() {
    let edge = again_life(direct_life(cut_after(2000.0), EndingKind::StillOpen, 3200.0), EndingKind::Cut, 2003.0);
    let finding = only(&edge, "websocket/cut");
    assert!(finding.cause.starts_with("The edge cuts"), "{}", finding.cause);
    assert!(changes(&edge).contains(&out("read_timeout")));

    let service = again_life(direct_life(cut_after(2000.0), EndingKind::Cut, 2010.0), EndingKind::Cut, 2003.0);
    let finding = only(&service, "websocket/cut");
    assert!(finding.cause.starts_with("echo itself"), "{}", finding.cause);
    assert!(changes(&service).is_empty());

    let unknown = only(&of(cut_after(2000.0), StackKind::External), "websocket/cut");
    assert!(unknown.cause.contains("or of the service's own"), "{}", unknown.cause);
}

#[test]
fn a_busy_machine_s_timers_are_late_and_still_the_same() {
    // Cut three times, each at another moment; directly it was still open longer than the first.
    let late = again_life(again_life(cut_after(477.0), EndingKind::Cut, 667.0), EndingKind::Cut, 980.0);
    let edge = direct_life(direct_life(late.clone(), EndingKind::StillOpen, 934.0), EndingKind::StillOpen, 917.0);
    assert!(only(&edge, "websocket/cut").cause.starts_with("The edge cuts"));
    let service = direct_life(late.clone(), EndingKind::Cut, 1200.0);
    assert!(only(&service, "websocket/cut").cause.starts_with("echo itself"));
    let longer = direct_life(late.clone(), EndingKind::Cut, 5000.0);
    assert!(only(&longer, "websocket/cut").cause.starts_with("The edge cuts"), "the service's own timer is another");
    // Not watched for long enough to tell, and ended in order.
    assert_eq!(codes(&direct_life(late.clone(), EndingKind::StillOpen, 300.0)), ["unexplained"]);
    assert_eq!(codes(&direct_life(late.clone(), EndingKind::ClosedByServer, 480.0)), ["unexplained"]);
    // Once it lived: no timer.
    let once = again_life(edge, EndingKind::StillOpen, 917.0);
    assert!(!codes(&once).contains(&"websocket/cut".to_owned()), "{:?}", codes(&once));
}

#[test]
fn what_counts_is_how_long_nothing_was_said() {
    let mut evidence = direct_life(cut_after(5000.0), EndingKind::StillOpen, 3200.0);
    let frame = FrameRecord {
        direction: Direction::Sent,
        kind: FrameKind::Text,
        at_ms: 3000.0,
        bytes: 1,
        excerpt: None,
        code: None,
    };
    evidence.journeys[0].steps[0].websocket.as_mut().unwrap().frames.push(frame);
    assert!(only(&evidence, "websocket/cut").cause.contains("after 2.0 s"));
}

#[test]
fn a_websocket_that_was_cut_once_claims_nothing() {
    let evidence =
        again_life(direct_life(cut_after(900.0), EndingKind::StillOpen, 1550.0), EndingKind::StillOpen, 1550.0);
    assert_eq!(only(&evidence, "service/unsteady").class, Class::Infrastructure);
}

fn streamed(spread_ms: f64) -> StepRecord {
    let hop = in_pieces(get("/echo/stream?pieces=10", 200).body("text/event-stream", "data: 1"), 10, spread_ms);
    broke(vec![hop], "the time from the content's first piece to its last is not what was expected", "1ms")
}

/// Asked again, it arrives as before; asked directly, within this time.
fn directly(evidence: Evidence, spread_ms: f64) -> Evidence {
    let streamed = evidence.journeys[0]
        .steps
        .iter()
        .filter_map(|step| step.trace.last())
        .find(|hop| hop.request.url.contains("/stream"));
    let again = streamed.cloned().map(Hop);
    let evidence = again.into_iter().fold(evidence, |evidence, again| probed(evidence, "echo", Way::Edge, again));
    let hop = get(&format!("{DIRECT}/stream?pieces=10"), 200).body("text/event-stream", "data: 1");
    probed(evidence, "echo", Way::Direct, in_pieces(hop, 10, spread_ms))
}

#[test]
fn a_stream_that_the_edge_collects() {
    let evidence = directly(scene(vec![streamed(0.4)]), 540.0);
    only(&evidence, "stream/buffered");
    let outs = changes(&evidence);
    assert_eq!(outs, [out("response_buffers"), out("buffer_responses")]);
    // Nothing of that kind is there, and it is collected all the same.
    let refuted = Refuted { code: "stream/buffered".into(), changes: outs };
    let left = diagnose_without(&evidence, &BTreeSet::from([refuted]));
    let at_once = Change::Route { route: "echo".into(), field: RouteField::FlushImmediately(true) };
    assert_eq!(left[0].fix.as_ref().unwrap().changes, [at_once]);
}

#[test]
fn who_collects_answers_never_opens_a_websocket() {
    let mut hanging = broke(vec![handshake("/echo/ws", 101)], "it did not end within 30 s", "");
    hanging.trace[0].response = None;
    hanging.failures[0].kind = verdict::evidence::FailureKind::Timeout;
    only(&directly(scene(vec![hanging.clone(), streamed(0.4)]), 540.0), "stream/buffered");
    // By itself it says only that nobody answered.
    only(&scene(vec![hanging]), "service/slow");
}

#[test]
fn a_stream_that_compression_collects() {
    let plain = in_pieces(get("/echo/stream?pieces=10", 200).body("text/event-stream", "data: 1"), 10, 541.0);
    let zipped = get("/echo/stream?pieces=10", 200).with("Accept-Encoding", "gzip").field("Content-Encoding", "gzip");
    let evidence = scene(vec![went(vec![plain]), broke(vec![in_pieces(zipped, 2, 0.3)], "spread", "0ms")]);
    assert!(only(&evidence, "stream/buffered").cause.contains("compresses"));
    assert_eq!(changes(&evidence), [out("encode")]);
}

#[test]
fn a_stream_that_is_slow_or_quick_at_its_source() {
    let is_named = |evidence: &Evidence| codes(evidence).contains(&"stream/buffered".to_owned());
    assert!(!is_named(&directly(scene(vec![streamed(0.4)]), 0.5)), "the service sends it at once");
    assert!(!is_named(&directly(scene(vec![streamed(400.0)]), 540.0)), "it arrives as it is sent");
    assert!(!is_named(&scene(vec![streamed(0.4)])), "nobody knows how it is sent");
    let once = directly(scene(vec![streamed(0.4)]), 540.0);
    let again = in_pieces(get("/echo/stream?pieces=10", 200).body("text/event-stream", "data: 1"), 10, 539.0);
    assert!(!is_named(&probed(once, "echo", Way::Edge, again)), "it was so once");
}

fn pushed(hop: Hop) -> Evidence {
    let mut hop = hop;
    hop.0.request.body_bytes = 50_000_000;
    scene(vec![broke(vec![hop], "the push is too large for somebody on the way", "413")])
}

#[test]
fn a_limit_of_the_edges_and_one_of_the_services() {
    let evidence = pushed(asked("POST", "/forge/smoke/demo.git/git-receive-pack", 413));
    only(&evidence, "edge/body-too-large");
    let lifted = |route: &str| Change::Route { route: route.into(), field: RouteField::MaxBody(None) };
    assert_eq!(changes(&evidence), [lifted("forge"), out("request_body")]);
    let registry = pushed(asked("PUT", "/v2/a/blobs/uploads/1", 413));
    assert_eq!(changes(&registry)[0], lifted("forge-registry"));

    let service = pushed(asked("POST", "/forge/smoke/demo.git/git-receive-pack", 413).field("Via", "1.1 Caddy"));
    assert!(!codes(&service).contains(&"edge/body-too-large".to_owned()));
}

const CONFIGURATION: &str =
    r#"{"admin":{"listen":"0.0.0.0:2019"},"apps":{"http":{"servers":{"srv0":{"listen":[":8080"]}}}}}"#;

#[test]
fn an_admin_api_that_answers_strangers() {
    let asked = get("http://edge.test:2019/config/", 200).body("application/json", CONFIGURATION);
    let evidence = scene(vec![broke(vec![asked], "somebody listens at edge.test:2019", "200")]);
    assert_eq!(only(&evidence, "edge/admin-open").class, Class::Security);
    assert_eq!(changes(&evidence), [Change::Directive { name: "admin".into(), value: Some("admin off".into()) }]);
    // Where all journeys pass, a neighbour may still be let in.
    let inside = get("http://edge:2020/config/", 200).body("application/json", CONFIGURATION);
    only(&probed(scene(vec![went(vec![get("/", 302)])]), "edge", Way::Direct, inside), "edge/admin-open");
}

#[test]
fn what_is_no_admin_api_of_the_edges() {
    let is_named = |evidence: &Evidence| codes(evidence).contains(&"edge/admin-open".to_owned());
    // Another Caddy of this machine's, a port that answers something else, a service's own JSON.
    for (target, status, kind, text) in [
        ("http://edge.test:2019/config/", 200, "application/json", &*CONFIGURATION.replace(":8080", ":443")),
        ("http://edge.test:2019/config/", 403, "application/json", CONFIGURATION),
        ("http://edge.test:2019/config/", 200, "text/html", "<html>apps</html>"),
        ("/ci/x", 200, "application/json", CONFIGURATION),
        ("/config/", 200, "application/json", r#"{"apps":[]}"#),
    ] {
        let step = broke(vec![get(target, status).body(kind, text)], "somebody listens", "200");
        assert!(!is_named(&scene(vec![step])), "{target} {status} {kind}");
    }
}

#[test]
fn tokens_in_the_access_log_of_the_edge() {
    let well = || scene(vec![went(vec![get("/ci/", 200)])]);
    let line = r#"{"logger":"http.log.access.log0","request":{"uri":"/ci/api/hook?access_token=***"}}"#;
    let evidence = logged(well(), "edge", line);
    let finding = only(&evidence, "edge/log-leaks");
    assert!(finding.class == Class::Security && finding.cause.contains("access_token"));
    for (service, line) in [
        ("ci", "POST /api/hook?access_token=*** 200"),
        ("edge", r#"{"logger":"http.log.error","request":{"uri":"/ci/api/hook?access_token=***"}}"#),
        ("edge", "GET /ci/authorize 303"),
        ("edge", "GET /forge/x?code=*** 200"),
    ] {
        assert_eq!(codes(&logged(well(), service, line)), Vec::<String>::new(), "{service}: {line}");
    }
}

#[test]
fn contents_in_a_coding_that_nobody_asked_for() {
    let text = "<!doctype html><p>all in clear</p>";
    let zipped = || bare(get("/echo/", 200)).field("Content-Encoding", "gzip");
    let step = |hop: Hop| broke(vec![hop], "the content can't be read", "bytes in gzip");
    only(&scene(vec![step(zipped())]), "edge/compression-broken");
    only(
        &scene(vec![step(zipped().with("Accept-Encoding", "gzip").body("text/html", text))]),
        "edge/compression-broken",
    );
    let service = probed(scene(vec![step(zipped())]), "echo", Way::Direct, Hop(zipped().0).at(&format!("{DIRECT}/")));
    assert!(only(&service, "edge/compression-broken").cause.ends_with("the doing of echo."));
    // Caddy unpacks by itself, and breaks off what isn't packed.
    let mut cut = step(bare(get("/echo/", 200)).empty());
    cut.trace[0].error = Some("unexpected EOF".into());
    let cut = scene(vec![cut]);
    let line = r#"{"msg":"aborting with incomplete response","error":"reading: gzip: invalid header"}"#;
    only(&logged(cut.clone(), "edge", line), "edge/compression-broken");
    assert!(!codes(&cut).contains(&"edge/compression-broken".to_owned()));
    let asked_for = scene(vec![step(zipped().empty().with("accept-encoding", "br, gzip"))]);
    assert!(!codes(&asked_for).contains(&"edge/compression-broken".to_owned()));
}

fn gateway(path: &str, status: u16) -> StepRecord {
    broke(vec![get(path, status)], "the status is not what was expected", "502")
}

#[test]
fn a_service_that_takes_no_connections() {
    let evidence = seen(vec![tour("a", vec![gateway("/echo/x", 502)]), tour("b", vec![gateway("/echo/y", 502)])]);
    let evidence = probed(evidence, "echo", Way::Direct, silent(get(&format!("{DIRECT}/x"), 200)));
    let evidence = probed(evidence, "echo", Way::Edge, get("/echo/x", 502));
    let finding = only(&evidence, "service/down");
    assert_eq!((finding.class, finding.scenarios.len()), (Class::Infrastructure, 2));
    assert_eq!(changes(&evidence), [Change::Start { service: "echo".into() }]);
    // One that answers directly isn't down.
    let other = probed(evidence, "echo", Way::Direct, json(get(&format!("{DIRECT}/"), 200)));
    assert!(!codes(&other).contains(&"service/down".to_owned()));
}

#[test]
fn what_needs_a_service_that_is_down_fails_with_it() {
    let sign_in = broke(vec![get("/ci/authorize", 303), get("/ci/login?error=oauth_error", 500)], "no session", "500");
    let evidence = seen(vec![tour("a", vec![gateway("/forge/", 502)]), tour("b", vec![sign_in])]);
    let registry = tour("c", vec![gateway("/v2/", 502)]);
    let mut evidence = probed(evidence, "forge", Way::Direct, silent(get("http://forge:3000/", 200)));
    evidence.journeys.push(registry);
    let finding = only(&evidence, "service/down");
    assert_eq!(finding.scenarios, ["a", "b", "c"]);
}

#[test]
fn what_is_well_when_it_is_asked_again_claims_nothing() {
    for status in [500, 502, 503, 504] {
        let evidence = probed(scene(vec![gateway("/echo/x", status)]), "echo", Way::Edge, json(get("/echo/x", 200)));
        let evidence = probed(evidence, "echo", Way::Direct, json(get(&format!("{DIRECT}/x"), 200)));
        only(&evidence, "service/unsteady");
    }
    // It is away, and then it hangs.
    let evidence = probed(scene(vec![gateway("/echo/x", 502)]), "echo", Way::Edge, silent(get("/echo/x", 200)));
    only(&probed(evidence, "echo", Way::Direct, json(get(&format!("{DIRECT}/x"), 200))), "service/unsteady");
    // A push can't be asked for again: the service is there now.
    let pushed = broke(vec![asked("POST", "/forge/x.git/git-receive-pack", 502)], "the push failed", "502");
    only(&probed(scene(vec![pushed]), "forge", Way::Edge, json(get("/forge/", 200))), "service/unsteady");
    // An error that somebody met who was signed in may still be there for them.
    let step = broke(vec![get("/forge/x", 500).sends(&["i_like_gitea"]).field("Via", "1.1 Caddy")], "status", "500");
    let evidence = probed(scene(vec![step]), "forge", Way::Edge, json(get("/forge/x", 200)));
    only(&evidence, "service/failing");
}

#[test]
fn an_error_of_the_services_own() {
    let failing = |target: &str| get(target, 500).body("text/html", "<p>something went wrong inside</p>");
    let step = broke(vec![failing("/forge/x").field("Via", "1.1 Caddy")], "status", "500");
    let evidence = probed(scene(vec![step]), "forge", Way::Edge, failing("/forge/x").field("Via", "1.1 Caddy"));
    let evidence = probed(evidence, "forge", Way::Direct, failing("http://forge:3000/x"));
    let finding = only(&logged(evidence, "forge", "database is locked"), "service/failing");
    assert!(finding.evidence.iter().any(|seen| seen.quote.contains(&"database is locked".to_owned())));
}

#[test]
fn answers_that_break_off_and_that_nobody_waits_for() {
    let again = |hop: Hop, evidence| probed(evidence, "echo", Way::Edge, hop);
    let direct = |hop: Hop, evidence| probed(evidence, "echo", Way::Direct, hop);
    let at = format!("{DIRECT}/slow");
    let gives_up = again(get("/echo/slow", 504), scene(vec![gateway("/echo/slow", 504)]));
    let gives_up = direct(json(get(&at, 200)), gives_up);
    assert!(only(&gives_up, "connection/cut").cause.contains("gives up"));

    let cut = || broke(vec![broken_off(json(get("/echo/slow", 200)))], "the content broke off", "the end");
    let cut_again = || again(broken_off(json(get("/echo/slow", 200))), scene(vec![cut()]));
    assert!(only(&direct(json(get(&at, 200)), cut_again()), "connection/cut").cause.contains("through the edge"));
    let service = direct(broken_off(json(get(&at, 200))), cut_again());
    assert!(only(&service, "connection/cut").cause.starts_with("echo itself"));
    let at_once =
        again(get("/echo/slow", 502), scene(vec![gateway("/echo/slow", 502), went(vec![json(get("/echo/", 200))])]));
    assert!(only(&direct(json(get(&at, 200)), at_once), "connection/cut").cause.contains("end before it has answered"));
    // It happened once.
    only(&again(json(get("/echo/slow", 200)), scene(vec![cut()])), "service/unsteady");
}

#[test]
fn on_hosts_of_their_own_the_staging_site_has_the_projects() {
    let mut evidence = probed(scene(vec![gateway("/", 502)]), "edge", Way::Edge, json(get("/", 200)));
    if let Some(stack) = &mut evidence.stack {
        stack.mode = verdict::evidence::Mode::Subdomain;
    }
    assert!(only(&evidence, "service/unsteady").cause.starts_with("staging"));
}

#[test]
fn a_deadline_names_the_service_that_did_not_answer() {
    let mut step = broke(vec![get("/echo/slow", 200)], "it did not end within 30 s", "");
    step.trace[0].response = None;
    step.failures[0].kind = verdict::evidence::FailureKind::Timeout;
    let finding = only(&scene(vec![step]), "service/slow");
    assert!(finding.class == Class::Infrastructure && finding.cause == "echo doesn't answer in time.");
}

#[test]
fn where_nothing_fails_nothing_of_this_fires() {
    let steps = vec![
        went(vec![get("/forge/", 200).body("text/html", "<html>").field("Via", "1.1 Caddy")]),
        went(vec![asked("POST", "/forge/x.git/git-receive-pack", 200)]),
        over(went(vec![handshake("/echo/ws", 101)]), socket(EndingKind::ClosedByClient, 2500.0)),
        // Expected by the scenario: a refused handshake, a large content that is refused, an error.
        went(vec![handshake("/echo/ws", 403)]),
        went(vec![asked("POST", "/forge/x", 413)]),
        went(vec![get("/ci/api/broken", 500)]),
        went(vec![in_pieces(get("/echo/stream", 200), 1, 0.0)]),
        went(vec![get(&url("/forge/?state=open&access_token=***"), 200).body("text/html", "<p>")]),
    ];
    for kind in [StackKind::Embedded, StackKind::Containers, StackKind::External] {
        assert_eq!(codes(&of(scene(steps.clone()), kind)), Vec::<String>::new(), "{kind:?}");
    }
}
