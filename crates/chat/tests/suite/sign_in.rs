//! Sign-in at the forge, and all that can go wrong with it.

use http::Method;
use routes::Mode;
use serde_json::json;
use url::Url;

use crate::browser::{Browser, Cookie};
use crate::ways::Way;
use crate::world::{COOKIE, MODES, Plan, World};

fn parameter(url: &str, name: &str) -> Option<String> {
    let url = Url::parse(url).unwrap();
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

fn with_parameter(url: &str, name: &str, value: &str) -> String {
    let mut url = Url::parse(url).unwrap();
    let pairs: Vec<(String, String)> =
        url.query_pairs().filter(|(key, _)| key != name).map(|pair| (pair.0.into(), pair.1.into())).collect();
    url.query_pairs_mut().clear().extend_pairs(pairs).append_pair(name, value);
    url.into()
}

pub(crate) async fn from_the_login_to_the_chat_and_out(way: Way) {
    for mode in MODES {
        let world = World::stand(Plan { mode, ..Plan::by(way) }).await;
        let mut browser = world.browser();
        let to_forge = browser.get(&world.url("/login")).await;
        let address = to_forge.location();
        let forge = world.site.service_url("forge").unwrap();
        assert!(address.starts_with(&format!("{forge}/login/oauth/authorize?")), "the browser's forge: {address}");
        assert_eq!(parameter(&address, "code_challenge_method").as_deref(), Some("S256"));
        assert_eq!(parameter(&address, "redirect_uri").unwrap(), world.url("/oauth/callback"));
        assert_eq!(parameter(&address, "scope").as_deref(), Some("openid profile"));

        let answer = world.callback(&mut browser, "smoke").await;
        assert_eq!((answer.status, answer.location()), (303, world.url("/")), "{mode}");
        let cookie = answer.cookie(COOKIE).unwrap();
        let path = if mode == Mode::Subpath { "/chat" } else { "/" };
        assert!(cookie.ends_with(&format!("; Path={path}; Max-Age=86400; HttpOnly; SameSite=Lax")), "{cookie}");
        assert!(answer.cookie("disinto_chat_sign_in").unwrap().contains("Max-Age=0"));
        assert_eq!(browser.get(&world.url("/history")).await.status, 200);

        let foreign = browser.post(&world.url("/logout"), "http://evil.test", &[]).await;
        assert_eq!((foreign.status, foreign.code().as_str()), (403, "foreign_origin"));
        let kept = browser.clone();
        assert_eq!(browser.post(&world.url("/logout"), &world.origin(), &[]).await.status, 200);
        assert_eq!(browser.cookie(COOKIE), None);
        let page = browser.get(&world.url("/")).await;
        assert!(page.status == 401 && !page.body.contains("cookie back"), "who left has lost nothing: {}", page.body);
        for mut browser in [browser, kept] {
            assert_eq!(browser.get(&world.url("/history")).await.status, 401, "the session itself has ended");
        }
    }
}

/// Somebody who knows a session from before the sign-in has nothing of it afterwards.
pub(crate) async fn a_sign_in_begins_another_session(way: Way) {
    let world = World::stand(Plan::by(way)).await;
    let mut browser = world.signed_in("smoke").await;
    let mut before = browser.clone();
    let planted = Cookie { value: "p".repeat(43), ..browser.cookie(COOKIE).unwrap().clone() };
    assert_eq!(world.callback(&mut browser, "smoke").await.status, 303);
    assert_ne!(browser.cookie(COOKIE), before.cookie(COOKIE));
    assert_ne!(browser.cookie(COOKIE).unwrap().value, planted.value);
    assert_eq!(before.get(&world.url("/history")).await.status, 401);
    assert_eq!(browser.get(&world.url("/history")).await.status, 200);
}

#[tokio::test]
async fn sessions_survive_a_restart_and_so_do_sign_ins_under_way() {
    let mut world = World::new(Mode::Subpath).await;
    let mut browser = world.signed_in("smoke").await;
    let mut other = world.browser();
    let back = world.until_callback(&mut other, "Other").await;
    world.restart_chat().await;
    assert_eq!(browser.get(&world.url("/history")).await.status, 200);
    assert_eq!(other.get(&back).await.status, 303);
    assert_eq!(other.get(&world.url("/history")).await.status, 200);
}

pub(crate) async fn a_session_ends_by_itself(way: Way) {
    let world = World::stand(Plan { more: &[("CHAT_SESSION_SECONDS", "1")], ..Plan::by(way) }).await;
    let mut browser = world.signed_in("smoke").await;
    let expired = async {
        while browser.get(&world.url("/history")).await.status == 200 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        browser.get(&world.url("/history")).await.status
    };
    assert_eq!(tokio::time::timeout(std::time::Duration::from_secs(20), expired).await.unwrap(), 401);
}

pub(crate) async fn a_callback_is_good_once(way: Way) {
    let world = World::stand(Plan::by(way)).await;
    let mut browser = world.browser();
    let back = world.until_callback(&mut browser, "smoke").await;
    let mut copy = browser.clone();
    assert_eq!(browser.get(&back).await.status, 303);
    // The same browser has no binding any more; a copy of it from before has, and the answer was used.
    for (browser, words) in [(&mut browser, "began in this browser"), (&mut copy, "used before")] {
        let again = browser.get(&back).await;
        assert_eq!(again.status, 400);
        assert!(again.body.contains(words) && again.cookie(COOKIE).is_none(), "{}", again.body);
    }
}

/// Of many who send the same callback at the same moment one gets a session.
pub(crate) async fn a_callback_is_good_once_at_the_same_moment_too(way: Way) {
    let world = World::stand(Plan::by(way)).await;
    let mut browser = world.browser();
    let back = world.until_callback(&mut browser, "smoke").await;
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (mut browser, back) = (browser.clone(), back.clone());
        asking.spawn(async move { browser.get(&back).await.cookie(COOKIE).is_some() });
    }
    assert_eq!(asking.join_all().await.into_iter().filter(|signed_in| *signed_in).count(), 1);
}

/// A browser without the cookie, or with another's, completes nobody's sign-in.
pub(crate) async fn a_callback_is_good_in_its_browser_alone(way: Way) {
    let world = World::stand(Plan::by(way)).await;
    let mut attacker = world.browser();
    let back = world.until_callback(&mut attacker, "smoke").await;
    let victim = world.browser();
    let mut busy = world.browser();
    let other_state = parameter(&busy.get(&world.url("/login")).await.location(), "state").unwrap();
    for (who, mut browser, url) in [
        ("no cookie", victim, back.clone()),
        ("another's cookie", busy.clone(), back.clone()),
        ("another's state", attacker.clone(), with_parameter(&back, "state", &other_state)),
        ("own state, another's code", busy.clone(), with_parameter(&back, "state", &other_state)),
        ("no state", attacker.clone(), back.split("&state").next().unwrap().to_owned()),
        ("an empty state", attacker.clone(), with_parameter(&back, "state", "")),
        ("two states", attacker.clone(), format!("{back}&state=x")),
        ("garbage", attacker.clone(), with_parameter(&back, "state", "%00<script>")),
    ] {
        let answer = browser.get(&url).await;
        assert_eq!(answer.status, 400, "{who}: {}", answer.body);
        assert!(answer.cookie(COOKIE).is_none() && !answer.body.contains("<script>"), "{who}");
    }
    assert_eq!(attacker.get(&back).await.status, 303, "where it belongs it is still good");
}

/// Two tabs of one browser may sign in at the same time.
pub(crate) async fn several_tabs_sign_in(way: Way) {
    let world = World::stand(Plan::by(way)).await;
    let mut browser = world.browser();
    let first = world.until_callback(&mut browser, "smoke").await;
    let second = world.until_callback(&mut browser, "smoke").await;
    let mut tab = browser.clone();
    assert_eq!(browser.get(&first).await.status, 303);
    assert_eq!(tab.get(&second).await.status, 303);
}

pub(crate) async fn the_forges_errors(way: Way) {
    let world = World::stand(Plan::by(way)).await;
    let mut browser = world.browser();
    let state = parameter(&browser.get(&world.url("/login")).await.location(), "state").unwrap();
    let callback = |query: &str| format!("{}?state={state}&{query}", world.url("/oauth/callback"));
    for (query, status, words) in [
        ("error=access_denied&error_description=%3Cscript%3E", 400, "didn&#39;t allow"),
        ("error=server_error", 502, "answered with an error"),
        ("error=access_denied&code=x", 400, "didn&#39;t allow"),
        ("", 400, "no code"),
        ("code=", 400, "no code"),
        ("code=wrong", 400, "doesn&#39;t take its code"),
    ] {
        let answer = browser.get(&callback(query)).await;
        assert_eq!(answer.status, status, "{query}: {}", answer.body);
        assert!(answer.body.contains(words) && !answer.body.contains("<script>"), "{query}: {}", answer.body);
        assert!(answer.body.contains(&format!("href=\"{}\"", world.url("/login"))), "there is a way on");
        assert!(answer.cookie(COOKIE).is_none());
    }
    let stranger = world.browser().get(&callback("error=access_denied")).await;
    assert_eq!(stranger.status, 400);
    assert!(stranger.body.contains("began in this browser"), "an error needs its state as well");
}

pub(crate) async fn strangers_are_told_that_they_are(way: Way) {
    let mut world = World::stand(Plan::by(way)).await;
    let mut browser = world.browser();
    let answer = world.callback(&mut browser, "stranger").await;
    assert_eq!(answer.status, 403);
    assert!(answer.body.contains("stranger is not among those") && answer.cookie(COOKIE).is_none(), "{}", answer.body);

    // Who is taken off the list has a session and may not use it.
    let mut browser = world.signed_in("Other").await;
    assert_eq!(browser.get(&world.url("/history")).await.status, 200);
    world.values.insert("DISINTO_CHAT_ALLOWED_USERS".to_owned(), "smoke".to_owned());
    world.restart_chat().await;
    let answer = browser.get(&world.url("/history")).await;
    assert_eq!((answer.status, answer.code().as_str()), (403, "not_allowed"));
}

/// An application whose secret was rotated: that is the operator's to mend, and the page says so.
pub(crate) async fn a_stale_client_secret_is_named(way: Way) {
    let mut world = World::stand(Plan::by(way)).await;
    let mut browser = world.browser();
    let back = world.until_callback(&mut browser, "smoke").await;
    world.values.insert("CHAT_OAUTH_CLIENT_SECRET".to_owned(), "stale".to_owned());
    world.restart_chat().await;
    let answer = browser.get(&back).await;
    assert_eq!(answer.status, 502);
    assert!(answer.body.contains("doesn&#39;t accept the chat"), "{}", answer.body);
}

/// Without a public address of the forge a browser is sent to the internal one: what the setting is for.
#[tokio::test]
async fn the_forges_public_address_is_for_browsers() {
    let mut world = World::new(Mode::Subpath).await;
    world.values.remove("FORGE_PUBLIC_URL");
    // Without it nothing says that browsers come over plain http.
    world.values.insert("CHAT_PUBLIC_URL".to_owned(), world.url(""));
    world.restart_chat().await;
    let address = world.browser().get(&world.url("/login")).await.location();
    assert!(address.starts_with(&format!("{}/login/oauth/authorize", world.values["FORGE_URL"])), "{address}");
}

#[tokio::test]
async fn cookies_are_secure_on_https() {
    let mut world = World::new(Mode::Subpath).await;
    world.values.insert("FORGE_PUBLIC_URL".to_owned(), "https://edge.test/forge".to_owned());
    world.values.insert("EDGE_TUNNEL_FQDN".to_owned(), "edge.test".to_owned());
    world.restart_chat().await;
    let answer = Browser::new(world.chat_address()).get(&world.direct("/chat/login")).await;
    let redirect = parameter(&answer.location(), "redirect_uri").unwrap();
    assert_eq!(redirect, "https://edge.test/chat/oauth/callback");
    assert!(answer.cookie("disinto_chat_sign_in").unwrap().ends_with("; HttpOnly; SameSite=Lax; Secure"));
}

/// Any of several cookies of the name may be the right one, wherever it stands.
pub(crate) async fn every_cookie_of_the_name_is_tried(way: Way) {
    let world = World::stand(Plan::by(way)).await;
    let mut signed_in = world.signed_in("smoke").await;
    let good = signed_in.cookie(COOKIE).unwrap().value.clone();
    let stale = "A".repeat(43);
    let mut plain = world.browser();
    plain.is_known_as("smoke");
    for (cookies, status) in [
        (format!("{COOKIE}={stale}; {COOKIE}={good}"), 200),
        (format!("{COOKIE}={good}; {COOKIE}={stale}"), 200),
        (format!("{COOKIE}=; {COOKIE}; other={stale}; {COOKIE}=\u{1}; {COOKIE}={good}").replace('\u{1}', "x"), 200),
        (format!("{COOKIE}={stale}"), 401),
        (format!("{COOKIE}X={good}; X{COOKIE}={good}; {}={good}", COOKIE.to_uppercase()), 401),
        (format!("{COOKIE}=\"{good}\""), 401),
        (format!("{COOKIE}={good}x"), 401),
    ] {
        let answer = plain.send(Method::GET.as_str(), &world.url("/history"), &[("cookie", &cookies)], "").await;
        assert_eq!(answer.status, status, "{cookies}");
    }
    assert_eq!(signed_in.get(&world.url("/history")).await.json(), json!({ "conversations": [] }));
}
