//! The in-process edge beside a real Caddy that runs the generated file: the same requests, the same services, and both compared in what comes
//! back and in what the services saw.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use ::edge::Edge;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use routes::{Action, Cookies, Flush, Forward, Front, GateSecret, Mode, Origin, Site};
use tokio::net::TcpListener;

use crate::caddy::{self, Caddy};
use crate::differences;
use crate::recorder::Recorder;
use crate::requests::{Case, cases};
use crate::wire::ask;

/// Both edges before the same services.
struct Pair {
    caddy: Caddy,
    edge: Edge,
    services: Vec<(&'static str, Recorder)>,
}

/// What one edge made of a request: what came back, and what each service saw.
#[derive(Debug, PartialEq)]
struct Outcome {
    answer: Option<Vec<String>>,
    seen: Vec<(&'static str, Vec<String>)>,
}

impl Pair {
    async fn start(program: &PathBuf, mode: Mode, edit: impl Fn(&mut Site)) -> Self {
        let mut services = Vec::new();
        for name in ["forge", "ci", "chat", "staging", "echo"] {
            services.push((name, Recorder::start(name).await));
        }
        let upstreams: BTreeMap<String, String> =
            services.iter().map(|(name, service)| ((*name).to_owned(), service.address.to_string())).collect();
        let site = |port: u16| {
            let origin = Origin::parse(&format!("http://edge.test:{port}")).unwrap();
            let mut site =
                Site::standard(origin, mode, &upstreams).unwrap().with_gate_secret(GateSecret::new("shared"));
            edit(&mut site);
            site
        };
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
        let caddy = Caddy::start(program, &site(free)).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let edge = Edge::start(site(listener.local_addr().unwrap().port()), listener).unwrap();
        Self { caddy, edge, services }
    }

    async fn outcome(&self, address: SocketAddr, case: &Case) -> Outcome {
        let answer = ask(address, &case.bytes()).await;
        let seen = self.services.iter().flat_map(|(name, service)| {
            service.take().into_iter().map(|request| (*name, differences::request(case, &request)))
        });
        Outcome { answer: answer.as_ref().map(differences::answer), seen: seen.collect() }
    }
}

/// Sends generated requests through both. The seed is fixed; `PROPTEST_CASES` asks for more of them.
fn compare(mode: Mode, edit: impl Fn(&mut Site)) {
    let Some(program) = caddy::find() else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let pair = runtime.block_on(Pair::start(&program, mode, edit));
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let result = runner.run(&cases(), |case| {
        let (theirs, ours) = runtime.block_on(async {
            (pair.outcome(pair.caddy.address, &case).await, pair.outcome(pair.edge.addr(), &case).await)
        });
        if differences::refuses(&case) {
            prop_assert_eq!(ours, Outcome { answer: Some(vec!["400".to_owned()]), seen: Vec::new() });
        } else {
            prop_assert_eq!(ours, theirs, "left: the in-process edge, right: Caddy");
        }
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

#[test]
fn subpath() {
    compare(Mode::Subpath, |_| {});
}

#[test]
fn subdomain() {
    compare(Mode::Subdomain, |_| {});
}

/// The fields that the standard routes leave at rest.
#[test]
fn limits_and_filters() {
    compare(Mode::Subpath, |site| {
        forwards(site, |forward| {
            forward.max_body = Some(20);
            forward.websocket = false;
            forward.cookies = Cookies::Drop;
            forward.flush = Flush::Immediate;
            forward.remove_headers = vec!["X-Twice".to_owned()];
        });
    });
}

/// Something before the edge ends TLS: services are told https, whatever a client says.
#[test]
fn behind_a_front() {
    compare(Mode::Subdomain, |site| {
        site.front = Some(Front { port: site.origin.port });
        site.origin = Origin::parse("https://edge.test").unwrap();
    });
}

fn forwards(site: &mut Site, edit: impl Fn(&mut Forward)) {
    for route in &mut site.routes {
        if let Action::Forward(forward) = &mut route.action {
            edit(forward);
        }
    }
}
