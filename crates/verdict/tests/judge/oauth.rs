//! Signing in at the CI by way of the forge: which of its parties is wrong.

use verdict::Class;
use verdict::evidence::{Evidence, Landing, OAuthPhase, OAuthPhaseKind, StateComparison};
use verdict::fix::{Change, Fix};
use verdict::rules::{Refuted, diagnose_without};

use crate::scene::{codes, cookie, danced, get, logged, only, phase, scene, url};

fn landing(target: &str, status: u16, error: Option<&str>, says: Option<&str>) -> Option<Landing> {
    Some(Landing {
        url: url(target),
        status,
        content_type: Some("text/html".into()),
        error: error.map(str::to_owned),
        says: says.map(str::to_owned),
    })
}

/// A sign-in whose last phase was made otherwise.
fn failing(otherwise: impl FnOnce(&mut OAuthPhase)) -> Evidence {
    let mut phase = phase(OAuthPhaseKind::First);
    phase.session.clear();
    otherwise(&mut phase);
    let status = phase.landing.as_ref().map_or(200, |landing| landing.status);
    let at = phase.landing.as_ref().map_or(url("/ci/"), |landing| landing.url.clone());
    scene(vec![danced(phase, vec![get("/ci/authorize", 303), get(&at, status)])])
}

/// The forge turns the authorization request down.
fn turned_down(says: Option<&str>, otherwise: impl FnOnce(&mut OAuthPhase)) -> Evidence {
    failing(|phase| {
        phase.response = None;
        phase.landing = landing("/forge/login/oauth/authorize?client_id=x", 400, None, says);
        otherwise(phase);
    })
}

/// A good code came to the CI, which ends there.
fn came_back(error: &str) -> Evidence {
    failing(|phase| phase.landing = landing(&format!("/ci/login?error={error}"), 200, Some(error), None))
}

fn changes(fix: &Option<Fix>) -> Vec<Change> {
    fix.as_ref().map(|fix| fix.changes.clone()).unwrap_or_default()
}

fn setting(service: &str, name: &str, value: Option<&str>) -> Change {
    Change::Setting { service: service.into(), name: name.into(), value: value.map(str::to_owned) }
}

#[test]
fn a_callback_that_is_not_registered_is_registered() {
    let registered = Change::Application { service: "ci".into(), redirect_uris: vec![url("/ci/authorize")] };
    for says in [Some("Authorization failed Unregistered Redirect URI"), Some("Fehlgeschlagen"), None] {
        let finding = only(&turned_down(says, |_| ()), "oauth/redirect-uri-unregistered");
        assert_eq!(changes(&finding.fix), std::slice::from_ref(&registered), "{says:?}");
        assert!(finding.cause.contains("http://edge.test:8080/ci/authorize, its own address"), "{}", finding.cause);
    }
}

#[test]
fn where_the_page_does_not_say_the_other_cause_is_named_and_comes_next() {
    let evidence = turned_down(None, |_| ());
    let finding = only(&evidence, "oauth/redirect-uri-unregistered");
    assert!(finding.cause.contains("its client id"), "{}", finding.cause);
    let refuted = Refuted { code: finding.code.clone(), changes: changes(&finding.fix) };
    let next = diagnose_without(&evidence, &[refuted].into());
    assert_eq!(next.iter().map(|finding| finding.code.as_str()).collect::<Vec<_>>(), ["oauth/client-unknown"]);
}

#[test]
fn who_asks_for_another_s_address_is_wrong_and_not_the_registration() {
    for uri in
        ["http://woodpecker:8000/authorize", "http://edge.test:8080/authorize", "https://edge.test:8080/ci/authorize"]
    {
        for says in [Some("Unregistered Redirect URI"), Some("Client ID not registered"), None] {
            let evidence = turned_down(says, |phase| phase.request.as_mut().unwrap().redirect_uri = Some(uri.into()));
            assert_eq!(codes(&evidence), ["unexplained"], "{uri} {says:?}");
        }
    }
}

#[test]
fn a_client_that_nobody_knows() {
    let finding = only(&turned_down(Some("Client ID not registered"), |_| ()), "oauth/client-unknown");
    assert_eq!(changes(&finding.fix), [Change::ApplicationSecret { service: "ci".into() }]);
    let without = turned_down(None, |phase| phase.request.as_mut().unwrap().client_id = false);
    assert!(only(&without, "oauth/client-unknown").cause.contains("no OAuth client id"));
}

#[test]
fn a_page_that_is_not_there_is_no_refusal() {
    for status in [404, 500, 502, 200] {
        let evidence = turned_down(None, |phase| phase.landing.as_mut().unwrap().status = status);
        assert_eq!(codes(&evidence), ["unexplained"], "{status}");
    }
}

#[test]
fn browsers_are_sent_inside() {
    for endpoint in [
        "http://forgejo:3000/login/oauth/authorize",
        "http://localhost:3000/login/oauth/authorize",
        "https://edge.test/forge/x",
    ] {
        let evidence = failing(|phase| {
            phase.request.as_mut().unwrap().endpoint = endpoint.into();
            (phase.response, phase.landing) = (None, landing("/ci/authorize", 303, None, None));
        });
        let finding = only(&evidence, "oauth/internal-endpoint");
        assert!(finding.cause.contains(endpoint), "{}", finding.cause);
        let public = url("/forge");
        let expected = [
            setting("ci", "WOODPECKER_FORGEJO_URL", Some(&public)),
            setting("ci", "WOODPECKER_EXPERT_FORGE_OAUTH_HOST", None),
        ];
        assert_eq!(changes(&finding.fix), expected);
    }
}

#[test]
fn the_name_of_the_forge_s_setting_goes_by_the_product() {
    for (version, name) in [("11.0.0+gitea-1.22.0", "WOODPECKER_FORGEJO_URL"), ("1.26.0", "WOODPECKER_GITEA_URL")] {
        let mut evidence = failing(|phase| {
            phase.request.as_mut().unwrap().endpoint = "http://x/login".into();
            phase.response = None;
        });
        evidence.stack.as_mut().unwrap().services[1].version = Some(version.into());
        let finding = only(&evidence, "oauth/internal-endpoint");
        assert!(matches!(&changes(&finding.fix)[0], Change::Setting { name: found, .. } if found == name), "{version}");
    }
}

#[test]
fn browsers_are_sent_to_the_right_site_and_the_wrong_path() {
    let evidence = failing(|phase| {
        phase.request.as_mut().unwrap().endpoint = url("/login/oauth/authorize");
        (phase.response, phase.landing) = (None, landing("/login/oauth/authorize", 404, None, None));
    });
    let finding = only(&evidence, "oauth/endpoint-elsewhere");
    assert!(finding.cause.contains("the forge is at http://edge.test:8080/forge"), "{}", finding.cause);
}

#[test]
fn a_code_that_can_not_be_redeemed() {
    // Words of both forges, and those that RFC 6749 has.
    for line in [
        r#"{"level":"error","error":"oauth2: \"unauthorized_client\" \"invalid client secret\""}"#,
        "oauth2: cannot fetch token: 401 invalid_client",
    ] {
        let finding = only(&logged(came_back("oauth_error"), "ci", line), "oauth/secret-refused");
        assert!(finding.cause.contains("log has it"), "{}", finding.cause);
        assert_eq!(changes(&finding.fix), [Change::ApplicationSecret { service: "ci".into() }]);
        assert!(finding.evidence.iter().any(|seen| seen.quote == [line]));
    }
    // Nobody has a log of somebody else's site: both causes are named.
    let finding = only(&came_back("internal_error"), "oauth/secret-refused");
    assert!(finding.cause.contains("tells apart"), "{}", finding.cause);
}

#[test]
fn a_code_with_somebody_else_s_challenge_says_nothing_of_the_secret() {
    // Gitea, where another client's sign-in in the same session was one with PKCE.
    let line = r#"oauth2 config exchange failed: oauth2: \"unauthorized_client\" \"failed PKCE code challenge\" (400 Bad Request)"#;
    only(&logged(came_back("oauth_error"), "ci", line), "unexplained");
}

#[test]
fn a_client_that_does_not_reach_its_provider_has_the_right_secret() {
    for line in [
        "oauth2 config exchange failed: Post http://forgejo:3000/x: dial tcp: lookup forgejo: no such host",
        "cannot authenticate user: connect: connection refused",
    ] {
        let finding = only(&logged(came_back("oauth_error"), "ci", line), "oauth/provider-unreachable");
        let public = url("/forge");
        assert_eq!(changes(&finding.fix)[0], setting("ci", "WOODPECKER_FORGEJO_URL", Some(&public)));
    }
    // An agent's trouble is not the sign-in's.
    let line = "agent: dial tcp: connection refused";
    only(&logged(came_back("oauth_error"), "ci", line), "oauth/secret-refused");
}

#[test]
fn errors_about_other_things_are_not_the_secret_s() {
    let finding = only(&came_back("registration_closed"), "ci/registration-closed");
    assert_eq!(changes(&finding.fix), [setting("ci", "WOODPECKER_OPEN", Some("true"))]);
    assert_eq!(codes(&came_back("access_denied")), ["unexplained"]);
}

#[test]
fn a_state_that_is_lost() {
    for error in ["invalid_state", "state_mismatch"] {
        assert!(only(&came_back(error), "oauth/state-lost").cause.contains(error));
    }
    for state in [StateComparison::Other, StateComparison::Missing] {
        let evidence = failing(|phase| phase.response.as_mut().unwrap().state = state);
        assert!(only(&evidence, "oauth/state-lost").cause.contains("changes or drops it"));
    }
    // Who never gave one out has lost none.
    let evidence = failing(|phase| {
        phase.request.as_mut().unwrap().state = false;
        phase.response.as_mut().unwrap().state = StateComparison::Missing;
    });
    assert_eq!(codes(&evidence), ["unexplained"]);
}

/// What is to be refused, with the answer to the callback.
fn attacked(kind: OAuthPhaseKind, sets: Option<&str>, error: Option<&str>) -> Evidence {
    let callback = get("/ci/authorize?code=***&state=***", 303);
    let callback = match sets {
        Some(name) => callback.sets(cookie(name, "/")),
        None => callback,
    };
    let phase = OAuthPhase { landing: landing("/ci/", 200, error, None), ..phase(kind) };
    let hops = vec![get("/ci/authorize", 303), get("/forge/login/oauth/authorize", 303), callback, get("/ci/", 200)];
    scene(vec![danced(phase, hops)])
}

#[test]
fn a_sign_in_that_nobody_began() {
    use OAuthPhaseKind::{AnotherBrowser, Error, First, ForgedState};
    for kind in [ForgedState, AnotherBrowser, Error] {
        let finding = only(&attacked(kind, Some("user_sess"), None), "oauth/state-unchecked");
        assert_eq!(finding.class, Class::Security);
        assert!(finding.cause.contains("user_sess"), "{}", finding.cause);
        // A session that was there before, an error, or another cookie: nobody was signed in.
        for refused in [
            attacked(kind, None, None),
            attacked(kind, Some("user_sess"), Some("invalid_state")),
            attacked(kind, Some("lang"), None),
        ] {
            assert!(!codes(&refused).contains(&"oauth/state-unchecked".to_owned()), "{kind:?}");
        }
    }
    assert!(!codes(&attacked(First, Some("user_sess"), None)).contains(&"oauth/state-unchecked".to_owned()));
}
