//! Pages, files and what is not there, signed out: the facts of the recordings `healthy`, `ci-edge-strips-prefix`, `ci-host-without-prefix` and
//! `ci-host-internal`.

use super::alone;
use crate::browser::{Answer, Browser};

const HTML: &str = "text/html; charset=UTF-8";

/// Address, status, type and length of the healthy recording, behind an edge that leaves the prefix; the lengths of answers that are
/// Woodpecker's own sources' are left out.
const SIGNED_OUT: &[(&str, u16, Option<&str>, Option<usize>)] = &[
    ("", 200, Some(HTML), None),
    ("/", 200, Some(HTML), None),
    ("/login", 200, Some(HTML), None),
    ("/login?error=invalid_state", 200, Some(HTML), None),
    ("/nosuch", 200, Some(HTML), None),
    ("/web-config.js", 200, Some("text/javascript; charset=utf-8"), None),
    ("/healthz", 204, None, Some(0)),
    ("/version", 200, Some("application/json; charset=utf-8"), None),
    ("/api/user", 401, Some("text/plain; charset=utf-8"), Some(19)),
    ("/api/repos", 401, Some("text/plain; charset=utf-8"), Some(19)),
    ("/assets/nope.js", 404, Some("text/plain"), Some(18)),
    ("/assets/custom.css", 200, Some("text/css; charset=utf-8"), Some(0)),
    ("/assets/custom.js", 200, Some("text/javascript; charset=utf-8"), Some(0)),
    ("/logout", 303, Some("text/html; charset=utf-8"), Some(31)),
    ("/swagger/index.html", 200, Some("text/html; charset=utf-8"), None),
];

/// The references of the index, and their type where they are found.
const REFERENCES: &[(&str, &str)] = &[
    ("/assets/Icon-CZy6Ok-e.js", "text/javascript"),
    ("/assets/custom.css", "text/css; charset=utf-8"),
    ("/assets/custom.js", "text/javascript; charset=utf-8"),
    ("/assets/dist-Vx9T6V7t.js", "text/javascript"),
    ("/assets/index-BnABfZg1.js", "text/javascript"),
    ("/assets/index-CrJLyjpu.css", "text/css"),
    ("/assets/index.es-CwW4GvmY.js", "text/javascript"),
    ("/assets/runtime-core.esm-bundler-CJOrt7RF.js", "text/javascript"),
    ("/assets/useApi-CROJJdhE-Bm-RRphX.js", "text/javascript"),
    ("/assets/useAuthentication-BnTj_fLX.js", "text/javascript"),
    ("/assets/useConfig-CHp1bqdA.js", "text/javascript"),
    ("/assets/useDate-WPP5XqZ6.js", "text/javascript"),
    ("/assets/useTheme-BNzgGvnA.js", "text/javascript"),
    ("/assets/vue-i18n.runtime-Pf8A0YF8.js", "text/javascript"),
    ("/favicons/favicon-light-default.svg", "image/svg+xml"),
    ("/web-config.js", "text/javascript; charset=utf-8"),
];

/// The one that lacks the prefix.
const WITHOUT_PREFIX: &str = "/favicons/favicon-light-default.png";

fn references(page: &Answer) -> Vec<String> {
    let mut all = page.attributes("link[rel]", "href");
    all.extend(page.attributes("script[src]", "src"));
    all.sort();
    all
}

#[tokio::test]
async fn healthy() {
    let ci = alone("http://edge.test:8080/ci").await;
    let mut browser = Browser::new(ci.addr());
    for (path, status, kind, length) in SIGNED_OUT {
        let answer = browser.get(&format!("/ci{path}")).await;
        assert_eq!((answer.status, answer.content_type.as_deref()), (*status, *kind), "{path}");
        if let Some(length) = length {
            assert_eq!(answer.body.len(), *length, "{path}: {}", answer.body);
        }
    }
    let out = browser.get("/ci/logout").await;
    assert_eq!(out.location.as_deref(), Some("/ci/"));
    let cookies: Vec<_> =
        out.cookies.iter().map(|it| (it.name.as_str(), it.deleted, it.attributes.join(" "))).collect();
    assert_eq!(cookies, [("user_sess", true, "Path=/".to_owned()), ("user_last", true, "Path=/".to_owned())]);
    let config = browser.get("/ci/web-config.js").await.body;
    assert!(config.contains("window.WOODPECKER_ROOT_PATH = \"/ci\";") && config.contains("WOODPECKER_USER = null"));
}

#[tokio::test]
async fn everything_that_the_index_refers_to() {
    let ci = alone("http://edge.test:8080/ci").await;
    let mut browser = Browser::new(ci.addr());
    let page = browser.get("/ci/").await;
    let mut expected: Vec<String> = REFERENCES.iter().map(|(path, _)| format!("/ci{path}")).collect();
    expected.push(WITHOUT_PREFIX.to_owned());
    expected.sort();
    assert_eq!(references(&page), expected);
    for (path, kind) in REFERENCES {
        let answer = browser.get(&format!("/ci{path}")).await;
        assert_eq!((answer.status, answer.content_type.as_deref()), (200, Some(*kind)), "{path}");
        assert_eq!(answer.body.is_empty(), path.contains("custom"), "{path}");
        assert!(!answer.body.contains("/BASE_PATH"), "{path}");
    }
    let style = browser.get("/ci/assets/index-CrJLyjpu.css").await.body;
    assert!(style.contains("url(/ci/assets/pattern-Bk3WzR5u.svg)"), "{style}");
}

/// The recordings differ in the settings and in what the edge does; to the server both is a root path, and paths that don't begin with it.
#[tokio::test]
async fn a_prefix_that_is_lost_looks_like_a_page() {
    for (host, prefix, seen_under) in [
        // The edge strips /ci: the server sees addresses without its root path.
        ("http://edge.test:8080/ci", "/ci", ""),
        // The host has no prefix, the edge leaves it.
        ("http://edge.test:8080", "", "/ci"),
        ("http://woodpecker:8000", "", "/ci"),
    ] {
        let ci = alone(host).await;
        let mut browser = Browser::new(ci.addr());
        for (path, ..) in SIGNED_OUT {
            let path = format!("{seen_under}{path}");
            let path = if path.is_empty() { "/" } else { &path };
            let answer = browser.get(path).await;
            assert_eq!((answer.status, answer.content_type.as_deref()), (200, Some(HTML)), "{host} {path}");
            assert!(answer.cookies.is_empty());
            assert!(references(&answer).contains(&format!("{prefix}/web-config.js")), "{host} {path}");
        }
        for (path, _) in REFERENCES {
            let answer = browser.get(&format!("{seen_under}{path}")).await;
            assert_eq!(answer.content_type.as_deref(), Some(HTML), "{host} {path}");
        }
        for callback in ["/authorize", "/authorize?code=a&state=b", "/authorize?error=access_denied"] {
            assert_eq!(browser.get(&format!("{seen_under}{callback}")).await.content_type.as_deref(), Some(HTML));
        }
    }
}

#[tokio::test]
async fn any_method_gets_the_index_where_nothing_is() {
    let ci = alone("http://edge.test:8080/ci").await;
    let mut browser = Browser::new(ci.addr());
    for (method, path) in [("POST", "/ci/nosuch"), ("PUT", "/elsewhere"), ("DELETE", "/ci/"), ("POST", "/ci/healthz")] {
        let answer = browser.send(method, path, "", &[]).await;
        assert_eq!((answer.status, answer.content_type.as_deref()), (200, Some(HTML)), "{method} {path}");
    }
    let options = browser.send("OPTIONS", "/ci/api/user", "", &[]).await;
    assert_eq!((options.status, options.body.as_str()), (200, ""));
    let moved = browser.get("/ci/healthz/?x=1").await;
    assert_eq!((moved.status, moved.location.as_deref()), (301, Some("/ci/healthz?x=1")));
    for path in ["/ci/assets/../index.html", "/ci/assets/%2e%2e/index.html", "/ci/assets/"] {
        assert_eq!((browser.get(path).await.status, browser.get(path).await.body.as_str()), (500, ""), "{path}");
    }
}

#[tokio::test]
async fn other_settings_change_what_it_answers() {
    let ci = alone("http://edge.test:8080").await;
    let mut browser = Browser::new(ci.addr());
    assert_eq!(browser.get("/healthz").await.status, 204);
    let pairs = [
        ("WOODPECKER_HOST", "http://edge.test:8080/ci"),
        ("WOODPECKER_FORGEJO", "true"),
        ("WOODPECKER_FORGEJO_URL", "http://edge.test:8080/forge"),
    ];
    ci.reconfigure(doubles::ci::Settings::read(pairs).unwrap());
    assert_eq!(browser.get("/healthz").await.status, 200);
    assert_eq!(browser.get("/ci/healthz").await.status, 204);
}
