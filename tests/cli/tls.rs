//! https with a CA of one's own, and what is said where trust is missing.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::program::Program;

/// A server with a certificate for these names; gives its port and the certificate as PEM. It sets a Secure cookie, and says
/// whether that came back.
fn serve(names: &[&str]) -> (u16, String) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let session = ServerConnection::new(config.clone()).unwrap();
            let mut stream = StreamOwned::new(session, socket);
            let mut head = [0; 4096];
            // A client that doesn't trust us says so here.
            let Ok(length) = stream.read(&mut head) else { continue };
            let came_back = String::from_utf8_lossy(&head[..length]).contains("session=s1");
            let body = if came_back { "signed in" } else { "signed out" };
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nSet-Cookie: session=s1; Secure; HttpOnly\r\n\
                 Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
    });
    (port, made.cert.pem())
}

const SCENARIO: &str = "name: Over TLS
steps:
  - get: /
    expect: { status: 200, body: signed out, cookie: { session: { secure: true } } }
  - get: /
    expect: { body: signed in }
";

fn against(port: u16, arguments: &[&str], ca: &str) -> String {
    let origin = format!("https://edge.test:{port}");
    let mut all = vec!["--base-url", &origin, "--resolve", "edge.test=127.0.0.1", "tls.yaml"];
    all.extend(arguments);
    Program::new(&all).file("tls.yaml", SCENARIO).file("ca.pem", ca).answer()
}

#[test]
fn a_given_ca_is_trusted_and_secure_cookies_travel() {
    let (port, pem) = serve(&["edge.test"]);
    let answer = against(port, &["--ca", "ca.pem"], &pem);
    assert!(answer.starts_with("exit: 0\n"), "{answer}");
}

#[test]
fn an_unknown_issuer_is_named_with_the_flag_that_helps() {
    let (port, pem) = serve(&["edge.test"]);
    let answer = against(port, &[], &pem);
    assert!(answer.starts_with("exit: 3\n"), "{answer}");
    insta::assert_snapshot!(answer);
}

#[test]
fn a_certificate_for_another_name_is_refused() {
    let (port, pem) = serve(&["other.test"]);
    let answer = against(port, &["--ca", "ca.pem"], &pem);
    assert!(answer.starts_with("exit: 3\n"), "{answer}");
    assert!(answer.contains("other.test"), "{answer}");
}

#[test]
fn a_ca_file_without_a_certificate_is_refused() {
    let (port, _) = serve(&["edge.test"]);
    let answer = against(port, &["--ca", "ca.pem"], "not a certificate\n");
    assert!(answer.starts_with("exit: 64\n"), "{answer}");
    assert!(answer.contains("ca.pem"), "{answer}");
}
