//! Who gets in, by the edge and directly: without a session nobody, nowhere, and always with exactly 401.

use std::net::SocketAddr;

use http_body_util::Full;
use proptest::prelude::*;
use routes::Mode;

use crate::browser::{Answer, Browser, exchange};
use crate::ways::Way;
use crate::world::{COOKIE, MODES, Plan, SECRET, World};

const METHODS: &[&str] =
    &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "QUERY", "get", "M-SEARCH"];

/// Paths below the chat's own root, those that exist and those that don't.
const PATHS: &[&str] = &[
    "/",
    "/ws",
    "/new",
    "/history",
    "/history/00000000-0000-0000-0000-000000000000",
    "/history/export",
    "/logout",
    "/static/app.js",
    "/action/issue-create",
    "/auth",
    "/health",
    "/ready",
    "/nosuch",
    "/?a=/login",
];

/// Other spellings of gated paths, as they go onto the wire; `/chat` stands for the place where the chat is.
const TRICKS: &[&str] = &[
    "//chat/history",
    "/chat//history",
    "/chat/../chat/history",
    "/chat/./history",
    "/chat/%2e/history",
    "/chat/%2e%2e/chat/history",
    "/chat/login/../history",
    "/chat/login/%2e%2e/history",
    "/chat/login/..%2fhistory",
    "/chat/oauth/callback/../../history",
    "/chat/login/",
    "/chat/login%2f",
    "/chat/login%00",
    "/chat/login;/../history",
    "/chat/%6cogin/../history",
    "/chat/%68istory",
    "/%63hat/history",
    "/chat/history?x=/chat/login",
    "/chat/history;x",
    "/chat/history/",
    "/chat/auth/verify/../../history",
    "/chat/health",
];

const FORGED: &[&[(&str, &str)]] = &[
    &[],
    &[("x-forwarded-user", "smoke")],
    &[("x-forwarded-user", "smoke"), ("x-forwarded-uri", "/chat/login"), ("x-forwarded-method", "GET")],
    &[("x-original-url", "/chat/login"), ("x-rewrite-url", "/chat/login"), ("x-forwarded-prefix", "/chat/login")],
    &[("x-http-method-override", "GET"), ("authorization", "Basic c21va2U6cmlnaHQ=")],
    &[("remote-user", "smoke"), ("x-webauth-user", "smoke"), ("x-forwarded-for", "127.0.0.1")],
    &[("accept", "text/html"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")],
    &[
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ],
    &[("cookie", "disinto_chat_session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA; disinto_chat_session=")],
    &[("cookie", "disinto_chat_session=' OR 1=1 --; disinto_chat_sign_in=x")],
    &[("origin", "http://edge.test"), ("sec-fetch-site", "same-origin")],
];

pub(crate) async fn without_a_session_every_gated_path_is_401(way: Way) {
    for (mode, redirect) in [(Mode::Subpath, false), (Mode::Subdomain, false), (Mode::Subpath, true)] {
        let world =
            World::stand(Plan { mode, more: &[("CHAT_GATE_REDIRECT", &redirect.to_string())], ..Plan::by(way) }).await;
        every_gated_path_is_401(&world, world.entrance(), mode, redirect).await;
    }
}

/// Asks for it all, by an edge and past it.
pub(crate) async fn every_gated_path_is_401(world: &World, edge: SocketAddr, mode: Mode, redirect: bool) {
    let mut browser = Browser::new(edge);
    let mut urls: Vec<String> =
        PATHS.iter().flat_map(|path| [world.url(path), world.direct(&format!("/chat{path}"))]).collect();
    // On the service's own port those two are for who runs it.
    let is_open = |url: &String| {
        let path = url.strip_prefix(&world.url("")).unwrap_or_default();
        mode == Mode::Subdomain && world.way == Way::Direct && matches!(path, "/health" | "/ready")
    };
    urls.retain(|url| !is_open(url));
    for trick in TRICKS {
        let host = world.url("");
        urls.push(format!("{}{trick}", host.strip_suffix("/chat").unwrap_or(&host)));
        urls.push(world.direct(trick));
    }
    if mode == Mode::Subdomain {
        urls.extend(PATHS.iter().filter(|path| !matches!(**path, "/health" | "/ready")).map(|path| world.direct(path)));
    }
    for url in &urls {
        let mut direct = Browser::new(world.chat_address());
        let sender = if url.starts_with(&world.direct("")) { &mut direct } else { &mut browser };
        let methods = if redirect { &METHODS[..1] } else { METHODS };
        for method in methods {
            // Every method, and every forgery with one of them.
            let forged = match *method {
                "GET" => FORGED,
                "POST" => &FORGED[..2],
                _ => &FORGED[..1],
            };
            // A redirect is for navigations to the page alone, and only where it is asked for.
            let is_page = url.split('?').next().unwrap().ends_with("chat/") && *method == "GET" && redirect;
            for fields in
                forged.iter().filter(|fields| !is_page || fields.first().is_none_or(|field| field.0 != "accept"))
            {
                let answer = sender.send(method, url, fields, "").await;
                assert_eq!(answer.status, 401, "{mode} {method} {url} {fields:?}: {answer:?}");
                assert!(answer.field("www-authenticate").is_some() && answer.cookie(COOKIE).is_none());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Directly at the service whatever isn't one of the open paths is 401 without a session: never 200, 404, 405 or 500.
    #[test]
    fn whatever_is_asked(paths in prop::collection::vec("/(chat|%63hat|CHAT|)(/|//|/\\.\\./|/%2e/|)[a-z/.%0-9;:@!$&'()*+,=~-]{0,20}", 60)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let world = World::new(Mode::Subdomain).await;
            for path in paths {
                let Ok(uri) = path.parse::<http::Uri>() else { continue };
                let open = ["/health", "/ready", "/chat/login", "/chat/oauth/callback", "/chat/auth/verify", "/login", "/oauth/callback", "/auth/verify"];
                if open.contains(&uri.path()) {
                    continue;
                }
                let request = http::Request::get(&path).header("host", "chat.edge.test").body(Full::default()).unwrap();
                assert_eq!(exchange(world.chat_address(), request).await.status, 401, "{path}");
            }
        });
    }
}

/// What a browser gets is a page with a way to the login; what a program gets is JSON.
pub(crate) async fn the_401_of_people_and_of_programs(way: Way) {
    for mode in MODES {
        let world = World::stand(Plan { mode, ..Plan::by(way) }).await;
        let mut browser = world.browser();
        let page = browser.get(&world.url("/")).await;
        assert_eq!((page.status, page.field("content-type").as_deref()), (401, Some("text/html; charset=utf-8")));
        assert!(page.body.contains(&format!("href=\"{}\"", world.url("/login"))), "{}", page.body);
        assert!(page.body.contains("http-equiv=\"refresh\""), "it takes a person there by itself");
        assert!(page.field("content-security-policy").unwrap().starts_with("default-src 'none'"));
        assert_eq!(page.field("cache-control").as_deref(), Some("no-store"));
        for fields in [
            &[("accept", "*/*")][..],
            &[("accept", "application/json")],
            &[("accept", "text/html;q=0, */*")],
            &[("accept", "text/html"), ("sec-fetch-mode", "cors")],
            &[("accept", "text/html"), ("sec-fetch-dest", "iframe"), ("sec-fetch-mode", "navigate")],
        ] {
            let answer = browser.send("GET", &world.url("/history"), fields, "").await;
            assert_eq!((answer.status, answer.code().as_str()), (401, "unauthenticated"), "{fields:?}");
        }
    }
}

/// With the setting a navigation to the page is sent to the login, and nothing else is: off secure contexts browsers send no fetch metadata.
pub(crate) async fn navigations_are_redirected_where_that_is_asked_for(way: Way) {
    const NAVIGATION: &[(&str, &str)] = &[("accept", "text/html,application/xhtml+xml,*/*;q=0.8")];
    const SECURE: &[(&str, &str)] =
        &[("accept", "text/html"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
    const SOCKET: &[(&str, &str)] = &[("accept", "text/html"), ("connection", "upgrade"), ("upgrade", "websocket")];
    for mode in MODES {
        let world = World::stand(Plan { mode, more: &[("CHAT_GATE_REDIRECT", "true")], ..Plan::by(way) }).await;
        let mut browser = world.browser();
        let trick = |path: &str| format!("{}{path}", world.origin());
        for (method, url, fields, status) in [
            ("GET", world.url("/"), NAVIGATION, 303),
            ("GET", world.url("/?conversation=x"), SECURE, 303),
            ("GET", trick("/chat/"), NAVIGATION, 303),
            ("POST", world.url("/"), NAVIGATION, 401),
            ("HEAD", world.url("/"), NAVIGATION, 401),
            ("GET", world.url("/"), &[("accept", "*/*")], 401),
            ("GET", world.url("/"), &[("accept", "text/html"), ("sec-fetch-mode", "cors")], 401),
            ("GET", world.url("/"), SOCKET, 401),
            ("GET", world.url("/ws"), NAVIGATION, 401),
            ("GET", world.url("/history"), NAVIGATION, 401),
            ("GET", world.url("/action/ci-run"), NAVIGATION, 401),
            ("GET", world.url("/static/app.js"), NAVIGATION, 401),
            ("GET", trick("/chat/./"), NAVIGATION, 401),
            ("GET", trick("//chat/"), NAVIGATION, 401),
            ("GET", trick("/chat/../chat/"), NAVIGATION, 401),
        ] {
            let answer = browser.send(method, &url, fields, "").await;
            assert_eq!(answer.status, status, "{mode} {method} {url} {fields:?}: {}", answer.body);
            if status == 303 {
                assert_eq!(answer.location(), world.url("/login"));
            }
        }
    }
}

/// A browser that loses the session isn't sent to and fro for ever.
pub(crate) async fn who_loses_the_cookie_is_told(way: Way) {
    for redirect in ["true", "false"] {
        let world = World::stand(Plan { more: &[("CHAT_GATE_REDIRECT", redirect)], ..Plan::by(way) }).await;
        let mut browser = world.signed_in("smoke").await;
        browser.jar.retain(|cookie| cookie.name != COOKIE);
        let answer = browser.get(&world.url("/")).await;
        assert_eq!(answer.status, 401);
        assert!(
            answer.body.contains("didn&#39;t send the chat&#39;s cookie back") && !answer.body.contains("refresh"),
            "{}",
            answer.body
        );
    }
}

/// What the edge asks, asked by others.
#[tokio::test]
async fn the_question_to_the_gate() {
    let world = World::new(Mode::Subpath).await;
    let session = format!("{COOKIE}={}", world.signed_in("smoke").await.cookie(COOKIE).unwrap().value);
    let ask = async |method: &str, secrets: &[&str], cookie: Option<&str>, more: &[(&str, &str)]| -> Answer {
        let mut fields: Vec<(&str, &str)> = secrets.iter().map(|secret| ("x-forward-auth-secret", *secret)).collect();
        fields.extend(cookie.map(|cookie| ("cookie", cookie)));
        fields.extend(more);
        Browser::new(world.chat_address()).send(method, &world.direct("/chat/auth/verify"), &fields, "").await
    };
    for method in ["GET", "POST", "OPTIONS"] {
        let open = ask(method, &[SECRET], Some(&session), &[("x-forwarded-user", "root")]).await;
        assert_eq!((open.status, open.field("x-forwarded-user").as_deref()), (200, Some("smoke")), "{method}");
        assert_eq!(ask(method, &[SECRET], None, &[]).await.status, 401);
        assert_eq!(ask(method, &[SECRET], None, &[("x-forwarded-user", "smoke")]).await.status, 401);
        assert_eq!(ask(method, &[], None, &[]).await.status, 401, "nobody is nobody here as everywhere");
        for wrong in [&["guess"][..], &[""], &["<no value>"], &[SECRET, SECRET], &[SECRET, "x"], &[&SECRET[1..]]] {
            for cookie in [None, Some(session.as_str())] {
                let answer = ask(method, wrong, cookie, &[]).await;
                assert_eq!((answer.status, answer.code().as_str()), (403, "wrong_secret"), "{method} {wrong:?}");
                assert_eq!(answer.field("x-forwarded-user"), None);
            }
        }
        assert_eq!(ask(method, &[], Some(&session), &[]).await.status, 403);
    }
    let stranger = "stranger";
    let mut browser = world.browser();
    assert_eq!(world.callback(&mut browser, stranger).await.status, 403);
}

/// Edge and chat hold different secrets: nobody gets in, signed in or not. Past the edge there is no secret to be different.
pub(crate) async fn different_secrets(way: Way) {
    let mut world = World::stand(Plan::by(way)).await;
    let mut browser = world.signed_in("smoke").await;
    world.values.insert("FORWARD_AUTH_SECRET".to_owned(), "another-secret-altogether".to_owned());
    world.restart_chat().await;
    let told = [("x-forward-auth-secret", SECRET)];
    for browser in [&mut browser, &mut world.browser()] {
        let path = if way == Way::Direct { "/auth/verify" } else { "/history" };
        let answer = browser.send("GET", &world.url(path), &told, "").await;
        assert_eq!((answer.status, answer.code().as_str()), (403, "wrong_secret"));
    }
    assert_eq!(world.browser().get(&world.url("/login")).await.status, 303, "the login is not gated");
}

/// Somebody from outside who asks the gate itself.
pub(crate) async fn a_guess_of_the_secret_opens_nothing(way: Way) {
    for mode in MODES {
        let world = World::stand(Plan { mode, ..Plan::by(way) }).await;
        let mut signed_in = world.signed_in("smoke").await;
        for guess in ["guess", "", &SECRET[1..], &SECRET.to_uppercase()] {
            let fields = [("x-forward-auth-secret", guess), ("x-forwarded-uri", "/chat/login")];
            for path in ["/auth/verify", "/auth/verify/", "/history"] {
                let answer = world.browser().send("GET", &world.url(path), &fields, "").await;
                assert!(matches!(answer.status, 401 | 403), "{mode} {path} {guess}: {}", answer.status);
                assert_eq!(answer.field("x-forwarded-user"), None, "{mode} {path} {guess}");
            }
            let answer = signed_in.send("GET", &world.url("/auth/verify"), &fields, "").await;
            // By an edge it is the edge's own question that was answered, whatever else was sent with it.
            let is_own = answer.status == 200 && way != Way::Direct;
            assert!(is_own || answer.code() == "wrong_secret", "{mode} {guess}: {} {}", answer.status, answer.body);
        }
    }
}

/// Behind the gate: the session counts, and the edge's field can only contradict it.
#[tokio::test]
async fn behind_the_gate() {
    for mode in MODES {
        let world = World::new(mode).await;
        let mut edge = world.signed_in("smoke").await;
        for path in ["/history", "/nosuch"] {
            let status = edge.get(&world.url(path)).await.status;
            assert_eq!(status, if path == "/nosuch" { 404 } else { 200 }, "{path}");
        }
        let session = format!("{COOKIE}={}", edge.cookie(COOKIE).unwrap().value);
        let url = world.direct("/chat/history");
        for (fields, status) in [
            (&[("x-forwarded-user", "smoke")][..], 200),
            (&[], 403),
            (&[("x-forwarded-user", "other")], 403),
            (&[("x-forwarded-user", "Smoke")], 403),
            (&[("x-forwarded-user", "smoke"), ("x-forwarded-user", "other")], 403),
            (&[("x-forwarded-user", "")], 403),
        ] {
            let mut with_session = vec![("cookie", session.as_str())];
            with_session.extend(fields);
            let answer = Browser::new(world.chat_address()).send("GET", &url, &with_session, "").await;
            assert_eq!(answer.status, status, "{fields:?}: {}", answer.body);
            let answer = Browser::new(world.chat_address()).send("GET", &url, fields, "").await;
            assert_eq!(answer.status, 401, "{fields:?}: {}", answer.body);
            let mut with_secret = vec![("x-forward-auth-secret", SECRET)];
            with_secret.extend(fields);
            let answer = Browser::new(world.chat_address()).send("GET", &url, &with_secret, "").await;
            assert_eq!(answer.status, 401, "the secret is no session: {fields:?}");
        }
        // A forged field from outside is overwritten by the edge.
        assert_eq!(edge.send("GET", &world.url("/history"), &[("x-forwarded-user", "root")], "").await.status, 200);
    }
}

/// Nobody is who they say they are, with whatever else a gate's answer may hold.
pub(crate) async fn a_forged_name_is_nobody(way: Way) {
    for mode in MODES {
        let world = World::stand(Plan { mode, ..Plan::by(way) }).await;
        // Somebody of that name is signed in elsewhere.
        let mut browser = world.signed_in("smoke").await;
        for fields in [
            &[("x-forwarded-user", "smoke")][..],
            &[("x-forwarded-user", "smoke"), ("x-forward-auth-secret", SECRET)],
            &[("x-forwarded-user", "smoke"), ("x-forward-auth-secret", "guess")],
            &[("x-forwarded-user", "smoke"), ("x-forwarded-user", "smoke")],
            &[("x_forwarded_user", "smoke"), ("remote-user", "smoke")],
            &[("x-forwarded-user", "smoke"), ("connection", "x-forwarded-user")],
        ] {
            for path in ["/", "/history", "/history/export", "/session", "/nosuch"] {
                let answer = world.browser().send("GET", &world.url(path), fields, "").await;
                assert_eq!(answer.status, 401, "{mode} {path} {fields:?}: {}", answer.body);
            }
        }
        assert_eq!(browser.get(&world.url("/history")).await.status, 200);
    }
}

/// An edge whose gate doesn't copy the name: signed out all is as usual, signed in it is 403.
#[tokio::test]
async fn an_edge_that_copies_no_name() {
    let world = World::new(Mode::Subpath).await;
    let mut browser = world.signed_in("smoke").await;
    let mut site = world.site.clone();
    for route in &mut site.routes {
        if let routes::Action::Forward(forward) = &mut route.action
            && let Some(gate) = &mut forward.gate
        {
            gate.copy_headers.clear();
        }
    }
    world.edge.replace(site).unwrap();
    let answer = browser.get(&world.url("/history")).await;
    assert_eq!((answer.status, answer.code().as_str()), (403, "identity_not_copied"));
    assert_eq!(world.browser().get(&world.url("/history")).await.status, 401);
}

/// What changes something is asked for by a page of the chat's own.
pub(crate) async fn foreign_pages_change_nothing(way: Way) {
    for mode in MODES {
        let world = World::stand(Plan { mode, ..Plan::by(way) }).await;
        let mut browser = world.signed_in("smoke").await;
        for (origin, status) in [
            (Some(world.origin()), 201),
            (None, 403),
            (Some("null".to_owned()), 403),
            (Some("http://evil.test".to_owned()), 403),
            (Some(format!("{}.evil.test", world.origin())), 403),
            (Some(world.origin().replace("http:", "https:")), 403),
            (
                Some(world.site.service_url("forge").unwrap().replace("/forge", "")),
                if mode == Mode::Subpath { 201 } else { 403 },
            ),
        ] {
            let fields: Vec<(&str, &str)> = origin.iter().map(|origin| ("origin", origin.as_str())).collect();
            let answer = browser.send("POST", &world.url("/new"), &fields, "").await;
            assert_eq!(answer.status, status, "{mode} {origin:?}: {}", answer.body);
            let put = browser.send("PUT", &world.url("/history"), &fields, "").await;
            assert_eq!(put.status, if status == 201 { 405 } else { 403 }, "{mode} {origin:?}");
        }
    }
}
