//! The shipped scenarios about header fields and WebSockets see what is wrong with an edge, and where nothing is.

use std::collections::BTreeMap;
use std::thread;

use doubles::echo::Echo;
use edge::Edge;
use routes::{Action, Forward, Mode, Origin, PathEdit, Site};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::caddy::{self, Caddy};
use crate::program::{Program, shipped};

/// Starts an edge with an echo behind it, changed as somebody could have written it, until the test's process ends; its
/// port.
fn start(mode: Mode, change: impl Fn(&mut Forward) + Send + 'static) -> u16 {
    let (sender, port) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let echo = Echo::serve(TcpListener::bind("127.0.0.1:0").await.unwrap()).unwrap();
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let port = listener.local_addr().unwrap().port();
            let mut site = site(mode, port, &echo);
            for route in &mut site.routes {
                if let Action::Forward(forward) = &mut route.action {
                    change(forward);
                }
            }
            let _edge = Edge::start(site, listener).unwrap();
            sender.send(port).unwrap();
            std::future::pending::<()>().await;
        });
    });
    port.recv().unwrap()
}

/// The standard routes to an echo.
fn site(mode: Mode, port: u16, echo: &Echo) -> Site {
    let origin = Origin::parse(&format!("http://edge.test:{port}")).unwrap();
    let upstreams = BTreeMap::from([("echo".to_owned(), echo.address().to_string())]);
    Site::standard(origin, mode, &upstreams).unwrap()
}

/// How a shipped scenario ends there: its outcome, and the name of the step that failed.
fn walk(port: u16, mode: &str, scenario: &str) -> (String, Option<String>) {
    let base = format!("http://edge.test:{port}");
    let file = shipped(scenario);
    let mut program = Program::new(&["--base-url", &base, "--resolve", "edge.test=127.0.0.1", "--mode", mode]);
    program.command().arg(file);
    let output = program.output();
    let report = program.find("reports/latest/report.json");
    let report: Value = report.map_or(Value::Null, |text| serde_json::from_str(&text).unwrap());
    let scenario = &report["scenarios"][0];
    let steps = scenario["steps"].as_array();
    let failed = steps.into_iter().flatten().find(|step| step["outcome"] == "failed");
    let outcome = scenario["outcome"].as_str().unwrap_or_else(|| panic!("{output:?}"));
    (outcome.to_owned(), failed.map(|step| step["title"].as_str().unwrap().to_owned()))
}

/// The same with a real Caddy, where there is one, that runs the generated file.
#[test]
fn a_real_caddy_passes_in_both_modes() {
    let Some(program) = caddy::find() else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    for (mode, name) in [(Mode::Subpath, "subpath"), (Mode::Subdomain, "subdomain")] {
        let (_echo, caddy) = runtime.block_on(async {
            let echo = Echo::serve(TcpListener::bind("127.0.0.1:0").await.unwrap()).unwrap();
            let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
            let caddy = Caddy::start(&program, &site(mode, free, &echo)).await;
            (echo, caddy)
        });
        for scenario in SCENARIOS {
            assert_eq!(walk(caddy.address.port(), name, scenario), ("passed".to_owned(), None), "{name} {scenario}");
        }
    }
}

const SCENARIOS: [&str; 2] = ["headers.yaml", "websocket-echo.yaml"];

#[test]
fn an_edge_that_is_well_passes_in_both_modes() {
    for (mode, name) in [(Mode::Subpath, "subpath"), (Mode::Subdomain, "subdomain")] {
        let port = start(mode, |_| {});
        for scenario in SCENARIOS {
            assert_eq!(walk(port, name, scenario), ("passed".to_owned(), None), "{name} {scenario}");
        }
    }
}

#[test]
fn an_edge_that_believes_strangers_is_seen() {
    let port = start(Mode::Subpath, |forward| forward.remove_headers.clear());
    let failed = |step: &str| ("failed".to_owned(), Some(step.to_owned()));
    assert_eq!(walk(port, "subpath", SCENARIOS[0]), failed("what a client says of itself doesn't arrive"));
    assert_eq!(walk(port, "subpath", SCENARIOS[1]), ("passed".to_owned(), None));
}

#[test]
fn an_edge_that_loses_upgrades_is_seen() {
    let port = start(Mode::Subpath, |forward| forward.websocket = false);
    let failed = |step: &str| ("failed".to_owned(), Some(step.to_owned()));
    assert_eq!(
        walk(port, "subpath", SCENARIOS[1]),
        failed("it opens, and frames come back as they were sent, in order")
    );
}

#[test]
fn an_edge_that_leaves_the_prefix_on_is_seen() {
    let port = start(Mode::Subpath, |forward| forward.path = PathEdit::Keep);
    for scenario in SCENARIOS {
        assert_eq!(walk(port, "subpath", scenario).0, "failed", "{scenario}");
    }
}

/// A site that somebody else runs has no echo: what needs it is skipped, and says so.
#[test]
fn a_site_without_an_echo_is_not_accused() {
    let server = crate::server::Server::start();
    let file = shipped(SCENARIOS[1]);
    let mut program = Program::new(&["--base-url", &server.origin]);
    program.command().arg(file);
    let output = program.output();
    let report: Value = serde_json::from_str(&program.left("reports/latest/report.json")).unwrap();
    assert_eq!(report["scenarios"][0]["outcome"], "skipped", "{output:?}");
    assert_eq!(report["scenarios"][0]["reason"], "there is no echo here");
}
