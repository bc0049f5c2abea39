//! Browsers that come over TLS: by the in-process edge, and by a real Caddy.

use routes::Mode;

use crate::browser::Browser;
use crate::client::{Client, fields, said};
use crate::stand_in::StandIn;
use crate::ways::Way;
use crate::world::{COOKIE, MODES, Plan, World};

async fn signed_in_over_tls(way: Way, mode: Mode) {
    let stand_in = StandIn::answering(&["over ", "TLS"]);
    let settings = stand_in.settings();
    let values: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let world = World::stand(Plan { mode, more: &values, https: true, ..Plan::by(way) }).await;
    assert!(world.origin().starts_with("https://"));
    let mut browser = world.browser();
    let answer = world.callback(&mut browser, "smoke").await;
    assert_eq!((answer.status, answer.location()), (303, world.url("/")));

    let path = if mode == Mode::Subpath { "/chat" } else { "/" };
    let ends = format!("; Path={path}; Max-Age=86400; HttpOnly; SameSite=Lax; Secure");
    let cookie = answer.cookie(COOKIE).unwrap();
    assert!(cookie.ends_with(&ends), "{way:?} {mode}: {cookie}");
    for field in answer.headers.get_all("set-cookie") {
        assert!(field.to_str().unwrap().contains("; Secure"), "{way:?} {mode}: {field:?}");
    }
    assert_eq!(browser.get(&world.url("/history")).await.status, 200);

    // The own origin is the one with https. What a page without it sends changes nothing.
    let plain = world.origin().replacen("https:", "http:", 1);
    for (origin, status) in [(world.origin(), 201), (plain.clone(), 403), ("https://edge.test:1".to_owned(), 403)] {
        assert_eq!(browser.post(&world.url("/new"), &origin, &[]).await.status, status, "{way:?} {mode} {origin}");
        let mut given = fields(&world, &browser);
        given[0].1.clone_from(&origin);
        let came = Client::opening(&world, &given).await.map(drop);
        assert_eq!(came, if status == 201 { Ok(()) } else { Err(status) }, "{way:?} {mode} {origin}");
    }
    let mut client = Client::open(&world, &browser).await;
    client.ask("0d7b6c52-95a6-4a39-8f10-0a0f7c1d2e3f", "?").await;
    assert_eq!(said(&client.until("complete").await), "over TLS");
    assert_eq!(Client::opening(&world, &[("origin", world.origin())]).await.map(drop).unwrap_err(), 401);

    assert_eq!(browser.post(&world.url("/logout"), &world.origin(), &[]).await.status, 200);
    assert_eq!(browser.get(&world.url("/history")).await.status, 401);
}

#[tokio::test]
async fn cookies_are_secure_and_the_socket_opens_by_the_edge() {
    for mode in MODES {
        signed_in_over_tls(Way::Edge, mode).await;
    }
}

#[tokio::test]
async fn cookies_are_secure_and_the_socket_opens_by_caddy() {
    if !Way::Caddy.is_possible() {
        return;
    }
    for mode in MODES {
        signed_in_over_tls(Way::Caddy, mode).await;
    }
}

/// The page that leads to the login does so over https, and so does the redirect.
#[tokio::test]
async fn who_is_sent_to_the_login_stays_on_https() {
    for redirect in ["false", "true"] {
        let more = [("CHAT_GATE_REDIRECT", redirect)];
        let world = World::stand(Plan { more: &more, https: true, ..Plan::new(Mode::Subpath) }).await;
        let answer = world.browser().get(&world.url("/")).await;
        let login = format!("{}/chat/login", world.origin());
        match redirect {
            "true" => assert_eq!((answer.status, answer.location()), (303, login)),
            _ => assert!(answer.status == 401 && answer.body.contains(&login), "{}", answer.body),
        }
    }
}

/// A cookie that is for https alone is sent to nobody else: a browser that gets to the chat by plain http isn't signed in there.
#[tokio::test]
async fn the_session_stays_on_https() {
    let world = World::stand(Plan { https: true, ..Plan::new(Mode::Subpath) }).await;
    let signed_in = world.signed_in("smoke").await;
    let mut plain = Browser::new(world.chat_address());
    plain.jar.clone_from(&signed_in.jar);
    let url = world.url("/history").replacen("https:", "http:", 1);
    assert_eq!(plain.get(&url).await.status, 401);
}
