//! Signing in and out, and the gate.

use serde_json::Value;

use super::{SECRET, send, session_of, stand};

#[tokio::test]
async fn in_and_out() {
    let stand = stand(&[], &[]).await;
    let mut browser = stand.browser();
    let to_forge = browser.get("/chat/login").await;
    let location = to_forge.location.unwrap();
    assert_eq!(to_forge.status, 303);
    for part in ["code_challenge_method=S256", "scope=openid+profile", "%2Fchat%2Foauth%2Fcallback", "state="] {
        assert!(location.contains(part), "{part}: {location}");
    }
    let back = stand.back_from_forge(&mut browser, "smoke").await;
    let answer = browser.get(&back).await;
    assert_eq!((answer.status, answer.location.as_deref()), (303, Some("http://edge.test/chat/")));
    let cookie = answer.cookies.iter().find(|cookie| cookie.name == "disinto_chat_session").unwrap();
    assert_eq!(cookie.attributes, ["HttpOnly", "Path=/chat", "SameSite=Lax"]);
    assert_eq!(browser.get(&back).await.status, 400, "an answer of the forge's is good for one time");
    let session = send(&mut browser, "smoke", "GET", "/chat/session", &Value::Null).await.json();
    assert_eq!((&session["user"], &session["actions"][0]), (&"smoke".into(), &"issue-create".into()));
    let page = send(&mut browser, "smoke", "GET", "/chat/", &Value::Null).await;
    assert!(page.body.contains("href=\"history\"") && page.body.contains("src=\"static/chat.js\""), "{}", page.body);
    assert_eq!(send(&mut browser, "smoke", "GET", "/chat/static/chat.js", &Value::Null).await.status, 200);
    let other = send(&mut browser, "other", "GET", "/chat/session", &Value::Null).await;
    assert_eq!((other.status, &other.json()["error"]["code"]), (403, &"identity_not_copied".into()));
    assert_eq!(send(&mut browser, "smoke", "POST", "/chat/logout", &Value::Null).await.status, 200);
    assert_eq!(send(&mut browser, "smoke", "GET", "/chat/session", &Value::Null).await.status, 401);
}

#[tokio::test]
async fn what_the_forge_refuses() {
    let stand = stand(&[], &[]).await;
    let mut browser = stand.browser();
    let back = stand.back_from_forge(&mut browser, "smoke").await;
    let state = back.split("state=").nth(1).unwrap().to_owned();
    for (query, status) in [
        ("", 400),
        (&*format!("state={state}"), 400),
        (&*format!("state={state}&error=access_denied"), 400),
        (&*format!("state={state}&error=server_error"), 502),
        (&*format!("state={state}&code=a&code=b"), 400),
        (&*format!("state={state}&code=guessed"), 400),
    ] {
        let answer = browser.get(&format!("/chat/oauth/callback?{query}")).await;
        assert_eq!((answer.status, answer.cookies.len()), (status, 0), "{query}: {}", answer.body);
    }
}

#[tokio::test]
async fn what_the_gate_answers() {
    let stand = stand(&[], &[]).await;
    let session = stand.session("smoke").await;
    let mut edge = stand.browser();
    let html = ("accept", "text/html");
    let asked = [("x-forwarded-method", "GET"), ("x-forwarded-uri", "/chat/")];
    for (fields, expected) in [
        (vec![("x-forward-auth-secret", SECRET), ("cookie", session.as_str())], (200, "")),
        (vec![("x-forward-auth-secret", "guessed"), ("cookie", &session)], (403, "wrong_secret")),
        (vec![("cookie", &session)], (403, "wrong_secret")),
        (vec![("x-forward-auth-secret", SECRET)], (401, "unauthenticated")),
        (vec![("x-forward-auth-secret", SECRET), html, asked[0], asked[1]], (401, "Sign in first")),
        (vec![], (401, "unauthenticated")),
    ] {
        let answer = edge.send("GET", "/chat/auth/verify", "", &fields).await;
        assert_eq!(
            (answer.status, answer.body.contains(expected.1)),
            (expected.0, true),
            "{fields:?}: {}",
            answer.body
        );
        assert_eq!(answer.headers.contains_key("x-forwarded-user"), answer.status == 200);
    }
    for path in ["/chat/", "/chat", "/chat/history", "/chat/no-such", "/", "/login", "/chat/login/", "//chat/history"] {
        let answer = edge.send("GET", path, "", &[("x-forwarded-user", "smoke")]).await;
        assert_eq!(answer.status, 401, "{path}");
    }
    assert_eq!((edge.get("/health").await.status, edge.get("/ready").await.status), (200, 200));
}

#[tokio::test]
async fn a_navigation_is_sent_to_the_login_where_the_settings_say_so() {
    let stand = stand(&[], &[("CHAT_GATE_REDIRECT", "true")]).await;
    let mut browser = stand.browser();
    let page = browser.get("/chat/").await;
    assert_eq!((page.status, page.location.as_deref()), (303, Some("http://edge.test/chat/login")));
    assert_eq!(browser.get("/chat/history").await.status, 401);
    let script = [("accept", "text/html"), ("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")];
    assert_eq!(browser.send("GET", "/chat/", "", &script).await.status, 401);
}

#[tokio::test]
async fn on_a_host_of_its_own_both_addresses_work() {
    let own = [("EDGE_ROUTING_MODE", "subdomain"), ("EDGE_TUNNEL_FQDN_CHAT", "chat.edge.test")];
    let stand = stand(&[], &own).await;
    let mut browser = stand.browser();
    for path in ["/login", "/chat/login"] {
        let location = browser.get(path).await.location.unwrap();
        assert!(location.contains("http%3A%2F%2Fchat.edge.test%2Foauth%2Fcallback"), "{location}");
    }
    assert_eq!(browser.get("/history").await.status, 401);
}

#[tokio::test]
async fn a_restart_keeps_sessions() {
    let mut stand = stand(&[], &[]).await;
    let session = stand.session("smoke").await;
    stand.chat.pause(std::time::Duration::from_millis(50)).await;
    stand.chat.resume(tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap()).unwrap();
    let fields = [("cookie", session.as_str()), ("x-forwarded-user", "smoke")];
    assert_eq!(stand.browser().send("GET", "/chat/history", "", &fields).await.status, 200);
    assert!(
        !session_of(&{
            let mut browser = stand.browser();
            let back = stand.back_from_forge(&mut browser, "smoke").await;
            browser.get(&back).await
        })
        .contains(&session)
    );
}
