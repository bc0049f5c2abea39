//! The page's files over HTTP.

use crate::world::{MODES, World};

#[tokio::test]
async fn the_page_and_what_it_loads() {
    for mode in MODES {
        let world = World::new(mode).await;
        let mut browser = world.signed_in("smoke").await;
        let page = browser.get(&world.url("/")).await;
        assert_eq!((page.status, page.field("content-type").as_deref()), (200, Some("text/html; charset=utf-8")));
        let policy = page.field("content-security-policy").unwrap();
        for part in
            ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'"]
        {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(
            !policy.contains("unsafe") && !policy.contains("'self'"),
            "others' files on the origin are no scripts: {policy}"
        );
        for (name, kind) in [("main.js", "text/javascript"), ("chat.css", "text/css"), ("icon.svg", "image/svg+xml")] {
            let url = world.url(&format!("/static/{name}"));
            let file = browser.get(&url).await;
            assert_eq!(file.status, 200, "{url}");
            assert!(file.field("content-type").unwrap().starts_with(kind), "{url}");
            let tag = file.field("etag").unwrap();
            let again = browser.send("GET", &url, &[("if-none-match", &tag)], "").await;
            assert_eq!((again.status, again.body.as_str()), (304, ""), "{url}");
            let other = browser.send("GET", &url, &[("if-none-match", "\"other\"")], "").await;
            assert_eq!(other.status, 200);
            assert_eq!(world.browser().get(&url).await.status, 401, "{url}");
        }
        for no in [
            "/static/",
            "/static/nosuch.js",
            "/static/../main.js",
            "/static/..%2fmain.js",
            "/static/main.js%00",
            "/static/a/main.js",
        ] {
            let status = browser.get(&world.url(no)).await.status;
            assert!(status == 404 || status == 400, "{no}: {status}");
        }
        let session = browser.get(&world.url("/session")).await;
        assert_eq!((session.status, &session.json()["user"]), (200, &"smoke".into()));
        assert_eq!(session.json()["actions"], serde_json::json!([]));
    }
}
