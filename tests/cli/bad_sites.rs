//! Sites that misbehave: each is named with file, line and cause, and nothing hangs.

use std::net::TcpListener;

use crate::program::Program;
use crate::server::Server;

fn scenario(steps: &str) -> String {
    format!("name: Journey\nsteps:\n{steps}")
}

fn walk(steps: &str) -> String {
    let server = Server::start();
    Program::new(&["--base-url", &server.origin, "journey.yaml"]).file("journey.yaml", scenario(steps)).answer()
}

fn against(origin: &str) -> String {
    Program::new(&["--base-url", origin, "journey.yaml"]).file("journey.yaml", scenario("  - get: /\n")).answer()
}

#[test]
fn a_host_that_does_not_resolve() {
    let answer = against("http://no-such-host.invalid");
    assert!(answer.starts_with("exit: 3\n"), "{answer}");
    assert!(answer.contains("the name `no-such-host.invalid` does not resolve"), "{answer}");
}

#[test]
fn a_port_that_refuses() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    insta::assert_snapshot!(against(&format!("http://127.0.0.1:{port}")));
}

#[test]
fn a_port_without_tls() {
    let server = Server::start();
    insta::assert_snapshot!(against(&server.origin.replace("http:", "https:")));
}

#[test]
fn a_base_url_that_is_none() {
    insta::assert_snapshot!(against("ftp://example.org/"));
    insta::assert_snapshot!(against("http://example.org/forge"));
}

#[test]
fn a_server_that_never_answers() {
    insta::assert_snapshot!(walk("  - get: /never\n    timeout: 300ms\n"));
}

#[test]
fn an_endless_redirect() {
    insta::assert_snapshot!(walk("  - get: /loop\n    follow: { max_hops: 5 }\n"));
}

#[test]
fn redirects_that_carry_too_much() {
    insta::assert_snapshot!(walk("  - get: /heavy\n    follow: true\n"));
}

#[test]
fn a_prefix_lost_on_a_hop() {
    insta::assert_snapshot!(walk(
        "  - get: /lost\n    follow: true\n    expect:\n      every_hop: { under: \"${base_url}/forge\" }\n      url: \"${base_url}/forge/\"\n"
    ));
}

#[test]
fn a_redirect_to_where_no_browser_goes() {
    insta::assert_snapshot!(walk("  - get: /mail\n    follow: true\n"));
}

#[test]
fn a_content_of_a_gigabyte() {
    insta::assert_snapshot!(walk("  - get: /huge\n    expect: { status: 200 }\n"));
}

#[test]
fn a_content_that_is_not_utf8() {
    insta::assert_snapshot!(walk("  - get: /binary\n    expect: { status: 200, body: { contains: x } }\n"));
}

#[test]
fn a_content_that_ends_early() {
    insta::assert_snapshot!(walk("  - get: /cut\n"));
}

#[test]
fn an_answer_that_is_not_http() {
    insta::assert_snapshot!(walk("  - get: /garbage\n"));
}

#[test]
fn cookies_that_a_browser_refuses() {
    insta::assert_snapshot!(walk(
        "  - get: /cookies\n    expect:\n      cookie: { s: exists, nothing: exists, fine: { path: /x, http_only: true } }\n"
    ));
}

#[test]
fn a_form_that_is_not_there_and_a_field_that_is_not_in_it() {
    insta::assert_snapshot!(walk("  - get: /form\n  - submit: form.missing\n    with: { user_name: me }\n"));
    insta::assert_snapshot!(walk("  - get: /form\n  - submit: \"#login\"\n    with: { user: me }\n"));
    insta::assert_snapshot!(walk("  - submit: \"#login\"\n"));
}

#[test]
fn an_empty_200_is_not_a_page() {
    insta::assert_snapshot!(walk(
        "  - get: /empty\n    expect: { status: 200, content_type: text/html, css: { h1: exists } }\n"
    ));
}
