//! The forge double beside what real forges answered: `data/*.json` holds the facts of recorded exchanges, in the order in which one browser
//! made them behind an edge that strips `/forge`.

use std::collections::BTreeMap;

use doubles::forge::{Flavour, Forge};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::browser::{Answer, Browser};

async fn forge(flavour: Flavour, root_url: &str) -> Forge {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    Forge::builder().flavour(flavour).root_url(root_url).unwrap().user("smoke", "right").serve(listener).unwrap()
}

fn strings(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|item| item.as_str().unwrap().to_owned()).collect()
}

/// Cookies as the data has them: name, what happens, attributes; in no order.
fn cookies(answer: &Answer) -> Vec<Vec<String>> {
    let mut all: Vec<Vec<String>> = answer
        .cookies
        .iter()
        .map(|cookie| {
            let happens = if cookie.deleted { "deleted" } else { "set" };
            [cookie.name.clone(), happens.to_owned()].into_iter().chain(cookie.attributes.clone()).collect()
        })
        .collect();
    all.sort();
    all
}

fn expected_cookies(value: &Value) -> Vec<Vec<String>> {
    let mut all: Vec<Vec<String>> = value.as_array().unwrap().iter().map(strings).collect();
    all.sort();
    all
}

/// What the edge makes of an address.
fn stripped(target: &str) -> &str {
    target.strip_prefix("/forge").unwrap()
}

async fn replay(flavour: Flavour, data: &str) {
    let data: Value = serde_json::from_str(data).unwrap();
    let forge = forge(flavour, data["root_url"].as_str().unwrap()).await;
    let mut browser = Browser::new(forge.addr());
    let mut login = None;
    for exchange in data["exchanges"].as_array().unwrap() {
        let target = exchange["target"].as_str().unwrap();
        let answer = match exchange["method"].as_str().unwrap() {
            "GET" => browser.get(stripped(target)).await,
            _ => {
                let token =
                    login.as_ref().map_or_else(Vec::new, |page: &Answer| page.attributes("input[name=_csrf]", "value"));
                browser
                    .post(stripped(target), &format!("user_name=smoke&password=wrong&_csrf={}", token.join("")))
                    .await
            }
        };
        assert_eq!(Value::from(answer.status), exchange["status"], "{target}");
        assert_eq!(Value::from(answer.content_type.clone()), exchange["content_type"], "{target}");
        assert_eq!(Value::from(answer.location.clone()), exchange["location"], "{target}");
        assert_eq!(cookies(&answer), expected_cookies(&exchange["cookies"]), "{target}");
        if target == "/forge/user/login" && login.is_none() {
            login = Some(answer);
        }
    }
    let login = login.unwrap();
    assert_eq!(login.attributes("form input[type=hidden]", "name"), strings(&data["hidden_fields"]));
    assets(&mut browser, &login, strings(&data["asset_references"])).await;
    let openid: BTreeMap<String, Value> =
        serde_json::from_str(&browser.get("/.well-known/openid-configuration").await.body).unwrap();
    for (name, value) in data["openid"].as_object().unwrap() {
        assert_eq!(openid.get(name), Some(value), "{name}");
    }
}

/// The references are those of the real page, up to the version in their query. What they refer to is there where the prefix fits.
async fn assets(browser: &mut Browser, page: &Answer, expected: Vec<String>) {
    let path = |reference: &String| reference.split('?').next().unwrap().to_owned();
    let queried = |references: &[String]| references.iter().filter(|reference| reference.contains("?v=")).count();
    let mut found: Vec<String> = [("link[rel]", "href"), ("script", "src"), ("img", "src")]
        .iter()
        .flat_map(|(selector, attribute)| page.attributes(selector, attribute))
        .collect();
    found.sort();
    assert_eq!(found.iter().map(path).collect::<Vec<_>>(), expected.iter().map(path).collect::<Vec<_>>());
    assert_eq!(queried(&found), queried(&expected));
    for reference in found.iter().filter_map(|reference| reference.strip_prefix("/forge")) {
        let answer = browser.get(reference).await;
        let kind = match reference.split('?').next().unwrap().rsplit('.').next().unwrap() {
            "css" => "text/css; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "svg" => "image/svg+xml",
            _ => "image/png",
        };
        assert_eq!((answer.status, answer.content_type.as_deref()), (200, Some(kind)), "{reference}");
    }
    assert_eq!(browser.get("/assets/js/nosuch.js").await.status, 404);
}

#[tokio::test]
async fn gitea_healthy() {
    replay(Flavour::Gitea, include_str!("../data/gitea-healthy.json")).await;
}

#[tokio::test]
async fn gitea_with_an_internal_root_url() {
    replay(Flavour::Gitea, include_str!("../data/gitea-forge-root-url-internal.json")).await;
}

#[tokio::test]
async fn gitea_with_a_root_url_without_prefix() {
    replay(Flavour::Gitea, include_str!("../data/gitea-forge-root-url-without-prefix.json")).await;
}

#[tokio::test]
async fn forgejo_healthy() {
    replay(Flavour::Forgejo, include_str!("../data/forgejo-healthy.json")).await;
}

#[tokio::test]
async fn forgejo_with_an_internal_root_url() {
    replay(Flavour::Forgejo, include_str!("../data/forgejo-forge-root-url-internal.json")).await;
}

/// The cookies of a sign-in that was sent on to the page that it interrupted.
async fn sign_in(flavour: Flavour, data: &str) {
    let data: Value = serde_json::from_str(data).unwrap();
    let forge = forge(flavour, data["root_url"].as_str().unwrap()).await;
    let mut browser = Browser::new(forge.addr());
    let location = browser.get("/user/settings").await.location.unwrap();
    let page = browser.get(stripped(&location)).await;
    let token = page.attributes("input[name=_csrf]", "value").join("");
    let answer = browser.post("/user/login", &format!("user_name=smoke&password=right&_csrf={token}")).await;
    assert_eq!(
        (answer.status, answer.location.as_deref(), answer.content_type.as_deref()),
        (303, Some("/forge/user/settings"), None)
    );
    assert_eq!(cookies(&answer), expected_cookies(&data["sign_in"]["cookies"]));
}

#[tokio::test]
async fn gitea_sign_in() {
    sign_in(Flavour::Gitea, include_str!("../data/gitea-healthy.json")).await;
}

#[tokio::test]
async fn forgejo_sign_in() {
    sign_in(Flavour::Forgejo, include_str!("../data/forgejo-healthy.json")).await;
}
