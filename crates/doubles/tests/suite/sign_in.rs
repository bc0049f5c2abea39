//! A browser's way in and out, at both forges, and what a stranger gets.

use std::time::Duration;

use doubles::forge::{Flavour, Forge};
use tokio::net::TcpListener;

use crate::browser::{Answer, Browser};

const FLAVOURS: [Flavour; 2] = [Flavour::Gitea, Flavour::Forgejo];

async fn forge(flavour: Flavour, root_url: &str) -> Forge {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    Forge::builder().flavour(flavour).root_url(root_url).unwrap().user("Smoke", "pass<word>&").serve(listener).unwrap()
}

async fn sign_in(browser: &mut Browser, name: &str, password: &str) -> Answer {
    let page = browser.get("/user/login").await;
    let token = page.attributes("input[name=_csrf]", "value").join("");
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("user_name", name)
        .append_pair("password", password)
        .append_pair("_csrf", &token)
        .finish();
    browser.post("/user/login", &form).await
}

#[tokio::test]
async fn in_and_out() {
    for flavour in FLAVOURS {
        let forge = forge(flavour, "http://edge.test/forge/").await;
        let mut browser = Browser::new(forge.addr());
        let answer = sign_in(&mut browser, "smoke", "pass<word>&").await;
        assert_eq!((answer.status, answer.location.as_deref()), (303, Some("/forge/")), "{flavour:?}");
        let home = browser.get("/").await;
        assert!(home.body.contains("Signed in as <strong>Smoke</strong>"), "{}", home.body);
        assert!(!home.body.contains("/user/login"));
        let settings = browser.get("/user/settings").await;
        assert_eq!(settings.status, 200);
        assert_eq!(browser.get("/user/login").await.location.as_deref(), Some("/forge/"), "signed in already");

        match flavour {
            Flavour::Gitea => {
                assert_eq!(home.attributes("nav a[href$='/user/logout']", "href"), ["/forge/user/logout"]);
                assert_eq!(browser.post("/user/logout", "").await.status, 405);
                let out = browser.get("/user/logout").await;
                assert_eq!((out.status, out.location.as_deref()), (303, Some("/forge/")));
            }
            Flavour::Forgejo => {
                assert_eq!(home.attributes("nav a[data-url]", "data-url"), ["/forge/user/logout"]);
                assert_eq!(browser.get("/user/logout").await.status, 405);
                assert_eq!(browser.post("/user/logout", "").await.status, 400, "no token");
                let token = sign_in_token(&mut browser).await;
                let out = browser.send("POST", "/user/logout", "", &[("x-csrf-token", &token)]).await;
                assert_eq!((out.status, out.body.trim()), (200, r#"{"redirect":"/forge/"}"#));
            }
        }
        assert_eq!(browser.get("/user/settings").await.status, 303, "{flavour:?}");
    }
}

/// The token that the browser's cookie holds.
async fn sign_in_token(browser: &mut Browser) -> String {
    let page = browser.get("/").await;
    let cookie = page.cookies.iter().find(|cookie| cookie.name == "_csrf").expect("a new token after a refused one");
    cookie.value.clone()
}

#[tokio::test]
async fn a_wrong_password_or_name_is_the_form_again() {
    for flavour in FLAVOURS {
        let forge = forge(flavour, "http://edge.test/forge/").await;
        let mut browser = Browser::new(forge.addr());
        for (name, password) in [("smoke", "wrong"), ("nobody", "pass<word>&"), ("", "")] {
            let answer = sign_in(&mut browser, name, password).await;
            assert_eq!(answer.status, 200);
            assert_eq!(answer.attributes("form", "action"), ["/forge/user/login"]);
            assert_eq!(answer.attributes("input[name=user_name]", "value"), [name]);
            assert!(answer.body.contains("flash-error") && !answer.body.contains("pass<word>"));
        }
        assert_eq!(browser.get("/user/settings").await.status, 303);
    }
}

#[tokio::test]
async fn a_form_without_the_token_is_refused_by_forgejo_alone() {
    for (flavour, status) in [(Flavour::Gitea, 303), (Flavour::Forgejo, 400)] {
        let forge = forge(flavour, "http://edge.test/").await;
        let mut browser = Browser::new(forge.addr());
        browser.get("/user/login").await;
        assert_eq!(browser.post("/user/login", "user_name=smoke&password=pass%3Cword%3E%26").await.status, status);
    }
}

#[tokio::test]
async fn nobody_is_sent_elsewhere() {
    let forge = forge(Flavour::Gitea, "http://edge.test/forge/").await;
    for (asked, location) in [
        ("/forge/user/settings", "/forge/user/settings"),
        ("http%3A%2F%2Fedge.test%2Fforge%2Fx", "http://edge.test/forge/x"),
        ("//evil.test/", "/forge/"),
        ("/%5Cevil.test/", "/forge/"),
        ("https%3A%2F%2Fevil.test%2F", "/forge/"),
        ("http%3A%2F%2Fedge.test%2Fforge.evil.test", "/forge/"),
        ("/elsewhere", "/forge/"),
        ("", "/forge/"),
    ] {
        let mut browser = Browser::new(forge.addr());
        let answer = browser
            .post(&format!("/user/login?redirect_to={asked}"), "user_name=smoke&password=pass%3Cword%3E%26")
            .await;
        assert_eq!(answer.location.as_deref(), Some(location), "{asked}");
    }
}

#[tokio::test]
async fn the_session_changes_with_the_sign_in() {
    let forge = forge(Flavour::Gitea, "http://edge.test/").await;
    let mut browser = Browser::new(forge.addr());
    let before = browser.get("/").await.cookies.remove(0).value;
    sign_in(&mut browser, "smoke", "pass<word>&").await;
    let mut thief = Browser::new(forge.addr());
    let stolen = thief.send("GET", "/user/settings", "", &[("cookie", &format!("i_like_gitea={before}"))]).await;
    assert_eq!(stolen.status, 303);
}

#[tokio::test]
async fn an_https_root_url_makes_cookies_secure() {
    let forge = forge(Flavour::Forgejo, "https://edge.test/forge/").await;
    let answer = Browser::new(forge.addr()).get("/").await;
    assert!(!answer.cookies.is_empty());
    for cookie in answer.cookies {
        assert_eq!(cookie.attributes, ["HttpOnly", "Path=/forge", "SameSite=Lax", "Secure"]);
    }
}

#[tokio::test]
async fn what_is_there_and_what_is_not() {
    let forge = forge(Flavour::Gitea, "http://edge.test/forge/").await;
    let mut browser = Browser::new(forge.addr());
    for (target, status) in [
        ("/api/healthz", 200),
        ("/smoke", 200),
        ("//user//login/", 200),
        ("/user/%6cogin", 200),
        ("/favicon.ico", 301),
        ("/nobody", 404),
        ("/forge/", 404),
        ("/forge/user/login", 404),
        ("/api/v1/nosuch", 404),
        ("/api/forgejo/v1/version", 404),
        ("/api/internal/dummy", 403),
        ("/api/internal/manager/processes", 403),
        // For POST alone, and to be told that needs no token.
        ("/api/internal/hook/pre-receive/a/b", 405),
        ("/api/internal/nosuch", 404),
    ] {
        assert_eq!(browser.get(target).await.status, status, "{target}");
    }
    let page = browser.get("/nobody").await;
    assert_eq!(page.content_type.as_deref(), Some("text/html; charset=utf-8"));
    let words = browser.send("GET", "/nobody", "", &[]).await;
    assert_eq!(
        (words.content_type.as_deref(), words.body.as_str()),
        (Some("text/plain;charset=utf-8"), "Not found.\n")
    );
    assert_eq!(browser.send("PUT", "/user/login", "", &[]).await.status, 405);
    let large = "a".repeat(2 << 20);
    assert_eq!(browser.post("/user/login", &large).await.status, 413);
}

#[tokio::test]
async fn the_log_has_paths_without_queries() {
    let forge = forge(Flavour::Forgejo, "http://edge.test/").await;
    Browser::new(forge.addr()).get("/user/login?redirect_to=%2Fsecret").await;
    assert_eq!(forge.log().last(10), ["GET /user/login 200"]);
    forge.shutdown(Duration::from_secs(5)).await;
}
