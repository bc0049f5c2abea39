//! `closed`: an address at which nobody must listen.

use std::net::TcpListener;

use crate::program::Program;
use crate::server::Server;

/// The whole answer of a run whose only step says that this address is closed.
fn closed(address: &str) -> String {
    let server = Server::start();
    let scenario = format!("name: Journey\nsteps:\n  - closed: {address}\n");
    Program::new(&["--no-probe", "--base-url", &server.origin, "journey.yaml"]).file("journey.yaml", scenario).answer()
}

#[test]
fn a_port_that_refuses_is_closed() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let answer = closed(&format!("http://127.0.0.1:{port}/config/"));
    assert!(answer.starts_with("exit: 0\n"), "{answer}");
}

#[test]
fn who_answers_is_shown_with_what_came() {
    let server = Server::start();
    insta::assert_snapshot!(closed(&format!("{}/hello", server.origin)));
}

#[test]
fn who_takes_connections_and_says_nothing_listens_all_the_same() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let answer = closed(&format!("http://{}/", silent.local_addr().unwrap()));
    assert!(answer.starts_with("exit: 1\n"), "{answer}");
    assert!(answer.contains("somebody who takes connections and says nothing"), "{answer}");
}

#[test]
fn a_name_that_nobody_has_is_not_closed_but_wrong() {
    let answer = closed("http://no-such-host.invalid:2019/");
    assert!(answer.starts_with("exit: 3\n"), "{answer}");
    assert!(answer.contains("is the name right?"), "{answer}");
}
