//! Cookies with every attribute, over TLS as `Secure` wants it.

use serde_json::Value;

use super::walk;
use crate::program::{Program, filtered};
use crate::server::Server;

/// Walks steps on `https://edge.test`; the report and the server's requests.
fn walk_over_tls(steps: &str) -> (Value, Server) {
    let made = rcgen::generate_simple_self_signed(vec!["edge.test".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let server = Server::start_with_tls(config);
    let origin = server.origin.replace("127.0.0.1", "edge.test");
    let mut program =
        Program::new(&["--base-url", &origin, "--resolve", "edge.test=127.0.0.1", "--ca", "ca.pem", "journey.yaml"])
            .file("ca.pem", made.cert.pem())
            .file("journey.yaml", format!("name: Journey\nsteps:\n{steps}"));
    let answer = program.answer();
    let report = program.find("reports/latest/report.json").unwrap_or_else(|| panic!("{answer}"));
    (serde_json::from_str(&report).unwrap(), server)
}

#[test]
fn every_attribute_of_a_cookie_can_be_expected() {
    let (report, server) = walk_over_tls(
        r#"  - get: /j/cookies
    expect:
      cookie:
        plain: exists
        gone: absent
        full: { value: v%201, path: /j, domain: edge.test, http_only: true, secure: true, same_site: Strict, expires_in: { at_least: 50m, at_most: 1h } }
        lax: { exists: true, http_only: false, secure: false, same_site: lax, domain: absent, value: { not: { contains: x } }, expires_in: absent }
        never: { exists: false }
  - get: /j/x
"#,
    );
    assert_eq!(report["verdict"], "PASS", "{report:#}");
    assert_eq!(server.journeys()[1].header("cookie"), ["plain=1; full=v%201; lax=l"]);
}

#[test]
fn each_attribute_that_is_another_is_located() {
    let (report, _) = walk_over_tls(
        r#"  - get: /j/cookies
    expect:
      cookie:
        plain: absent
        gone: exists
        full: { value: v 1, path: /, domain: absent, http_only: false, secure: false, same_site: [Lax, None] }
        lax: { exists: false, http_only: true, secure: true, path: { not: / }, expires_in: { at_most: 1h } }
        never: { path: / }
"#,
    );
    let failures = report["scenarios"][0]["steps"][0]["failures"].as_array().unwrap();
    assert_eq!(failures.len(), 14, "{report:#}");
    let rendered: Vec<&str> = failures.iter().map(|failure| failure["rendered"].as_str().unwrap().trim_end()).collect();
    insta::assert_snapshot!(filtered(&rendered.join("\n\n")));
}

#[test]
fn cookies_go_to_where_they_belong_and_nowhere_else() {
    let steps = "  - get: /j/cookies\n  - get: /j/x\n  - get: /j/x\n    headers: { Cookie: mine=1 }\n";
    let walked = walk(steps).passed();
    assert_eq!(walked.requests[0].header("cookie"), Vec::<&str>::new());
    // Over plain http a browser refuses the cookie with `Secure`.
    assert_eq!(walked.requests[1].header("cookie"), ["plain=1; lax=l"]);
    assert_eq!(walked.requests[2].header("cookie"), ["mine=1"]);
}
