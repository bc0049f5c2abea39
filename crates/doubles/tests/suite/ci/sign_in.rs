//! The way to the forge and back.

use super::forge::FakeForge;
use super::{alone, parameter, signed_in, start, target, with};
use crate::browser::{Answer, Browser};

async fn state_of(browser: &mut Browser) -> String {
    let start = browser.get("/ci/authorize").await;
    parameter(start.location.as_deref().unwrap(), "state").unwrap()
}

fn refused(answer: &Answer, error: &str) {
    let location = format!("/ci/login?error={error}");
    assert_eq!((answer.status, answer.location.as_deref()), (303, Some(location.as_str())));
    assert!(answer.cookies.is_empty());
}

/// As recorded, but for the length of the state.
#[tokio::test]
async fn the_way_to_the_forge() {
    let ci = alone("http://edge.test:8080/ci").await;
    let start = Browser::new(ci.addr()).get("/ci/authorize").await;
    assert_eq!((start.status, start.content_type.as_deref()), (303, Some("text/html; charset=utf-8")));
    let location = start.location.unwrap();
    let (before, state) = location.split_once("&state=").unwrap();
    assert_eq!(
        before,
        "http://edge.test:8080/forge/login/oauth/authorize?client_id=client\
         &redirect_uri=http%3A%2F%2Fedge.test%3A8080%2Fci%2Fauthorize&response_type=code"
    );
    assert_eq!(state.split('.').count(), 3);
    assert!(start.body.contains("See Other") && start.cookies.is_empty());
}

#[tokio::test]
async fn the_way_back() {
    let forge = FakeForge::start().await;
    let ci = with(&forge, &[]).await;
    let mut browser = Browser::new(ci.addr());
    let state = state_of(&mut browser).await;
    let answer = browser.get(&format!("/ci/authorize?code=good&state={state}")).await;
    assert_eq!((answer.status, answer.location.as_deref(), answer.body.len()), (303, Some("/ci/"), 31));
    assert_eq!(answer.cookies.len(), 1);
    let cookie = &answer.cookies[0];
    assert_eq!((cookie.name.as_str(), cookie.attributes.join(" ").as_str()), ("user_sess", "HttpOnly Path=/"));
    let user: serde_json::Value = serde_json::from_str(&browser.get("/ci/api/user").await.body).unwrap();
    assert_eq!(
        (&user["login"], &user["admin"], &user["forge_remote_id"]),
        (&"alice".into(), &true.into(), &"1".into())
    );
    assert!(browser.get("/ci/web-config.js").await.body.contains("\"login\":\"alice\""));

    let asked = forge.asked("POST", "/login/oauth/access_token");
    assert_eq!(asked.len(), 1);
    assert_eq!(
        asked[0].1,
        "code=good&grant_type=authorization_code&redirect_uri=http%3A%2F%2Fedge.test%3A8080%2Fci%2Fauthorize"
    );
    let out = browser.get("/ci/logout").await;
    assert!(out.cookies.iter().any(|cookie| cookie.name == "user_sess" && cookie.deleted));
    assert_eq!(browser.get("/ci/api/user").await.status, 401);
}

/// Who speaks TLS with the browser says so in a header.
#[tokio::test]
async fn behind_tls_the_cookie_is_secure() {
    let forge = FakeForge::start().await;
    let ci = with(&forge, &[]).await;
    let mut browser = Browser::new(ci.addr());
    let state = state_of(&mut browser).await;
    let callback = format!("/ci/authorize?code=good&state={state}");
    let answer = browser.send("GET", &callback, "", &[("x-forwarded-proto", "https")]).await;
    assert_eq!(answer.cookies[0].attributes, ["HttpOnly", "Path=/", "Secure"]);
}

#[tokio::test]
async fn what_is_refused() {
    let forge = FakeForge::start().await;
    let ci = with(&forge, &[]).await;
    let other = with(&forge, &[]).await;
    let mut browser = Browser::new(ci.addr());
    let strange = state_of(&mut Browser::new(other.addr())).await;
    for forged in ["forged", &strange, "a.b.c"] {
        refused(&browser.get(&format!("/ci/authorize?code=good&state={forged}")).await, "invalid_state");
    }
    assert!(forge.asked("POST", "/login").is_empty(), "a forged state reaches no forge");
    let state = state_of(&mut browser).await;
    let denied =
        browser.get(&format!("/ci/authorize?error=access_denied&error_description=denied&state={state}")).await;
    refused(&denied, "access_denied&error_description=denied");
    assert_eq!(denied.body.len(), 85);
    refused(&browser.get(&format!("/ci/authorize?code=wrong&state={state}")).await, "oauth_error");
    let log = ci.log().last(100).join("\n");
    assert!(log.contains("cannot authenticate user") && log.contains("invalid_grant"), "{log}");
    assert!(!log.contains(&state) && !log.contains("code="), "{log}");
    // As in Woodpecker a code without a state is tried: what protects from it is the forge's own rule that a code is good for one use.
    refused(&browser.get("/ci/authorize?code=wrong").await, "oauth_error");
    assert_eq!(browser.get("/ci/authorize?code=good").await.location.as_deref(), Some("/ci/"));
    assert_eq!(browser.get("/ci/login?error=oauth_error").await.status, 200);
}

#[tokio::test]
async fn a_secret_that_is_wrong_or_goes_another_way() {
    let forge = FakeForge::start().await;
    let wrong = with(&forge, &[("WOODPECKER_FORGE_SECRET", "rotated")]).await;
    let mut browser = Browser::new(wrong.addr());
    let state = state_of(&mut browser).await;
    refused(&browser.get(&format!("/ci/authorize?code=good&state={state}")).await, "oauth_error");
    let tries = forge.asked("POST", "/login/oauth/access_token");
    assert!(tries[0].0.starts_with("Basic ") && tries[0].1.find("client_secret").is_none());
    assert!(tries[1].0.is_empty() && tries[1].1.contains("client_secret=rotated"));
    assert!(!wrong.log().last(100).join("").contains("rotated"));

    forge.behaviour.lock().unwrap().takes_basic = false;
    let ci = with(&forge, &[]).await;
    signed_in(ci.addr()).await;
}

#[tokio::test]
async fn a_forge_that_cannot_be_reached() {
    let forge = FakeForge::start().await;
    // Browsers reach the forge at one address, the server is told another.
    let url = forge.url();
    let nobody = super::listener().await;
    let gone = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    for (kind, oauth_host) in [("WOODPECKER_GITEA", url.as_str()), ("WOODPECKER_FORGEJO", gone.as_str())] {
        let ci = start(&[
            ("WOODPECKER_HOST", "http://edge.test/ci"),
            (kind, "true"),
            ("WOODPECKER_OPEN", "true"),
            ("WOODPECKER_FORGE_URL", if kind == "WOODPECKER_GITEA" { &gone } else { &url }),
            ("WOODPECKER_EXPERT_FORGE_OAUTH_HOST", oauth_host),
            ("WOODPECKER_FORGE_CLIENT", "client"),
            ("WOODPECKER_FORGE_SECRET", "secret"),
        ])
        .await;
        let mut browser = Browser::new(ci.addr());
        let location = browser.get("/ci/authorize").await.location.unwrap();
        assert!(location.starts_with(oauth_host), "{location}");
        assert!(target(&location).starts_with("/login/oauth/authorize?"));
        let state = parameter(&location, "state").unwrap();
        refused(&browser.get(&format!("/ci/authorize?code=good&state={state}")).await, "oauth_error");
    }
}

#[tokio::test]
async fn a_closed_house_lets_in_administrators_and_who_was_there() {
    let forge = FakeForge::start().await;
    let ci = with(&forge, &[("WOODPECKER_OPEN", "false")]).await;
    forge.behaviour.lock().unwrap().login = "bob";
    let mut browser = Browser::new(ci.addr());
    let state = state_of(&mut browser).await;
    refused(&browser.get(&format!("/ci/authorize?code=good&state={state}")).await, "registration_closed");
    forge.behaviour.lock().unwrap().login = "alice";
    signed_in(ci.addr()).await;
}

#[tokio::test]
async fn a_token_that_runs_out_is_renewed() {
    let forge = FakeForge::start().await;
    forge.behaviour.lock().unwrap().expires_in = Some(60);
    let ci = with(&forge, &[]).await;
    let (mut browser, _) = signed_in(ci.addr()).await;
    assert_eq!(browser.get("/ci/api/user/repos?all=true").await.status, 200);
    let renewals = forge.asked("POST", "/login/oauth/access_token");
    assert!(
        renewals.iter().any(|(_, form)| form == "grant_type=refresh_token&refresh_token=refresh-1"),
        "{renewals:?}"
    );
    assert!(forge.asked("GET", "/api/v1/user/repos").iter().any(|(token, _)| token == "token access-2"));
}
