//! Actions: what a click does at the forge and at the CI, and what it doesn't.

use std::time::Duration;

use routes::Mode;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::browser::Browser;
use crate::ways::Way;
use crate::works::{PATIENCE, Works};
use crate::world::{MODES, Plan, listener};

const ID: &str = "0d7b6c52-95a6-4a39-8f10-0a0f7c1d2e3f";
const CLICK: &str = "5a1c4c0e-7a52-4f39-9a55-9d9f7f6b1c10";

#[tokio::test]
async fn an_issue_is_there_afterwards_with_its_labels() {
    for mode in MODES {
        let mut works = Works::new(mode).await;
        let body = json!({
            "title": "Fix <b>it</b> & \"that\"", "body": "# Why\n<script>alert(1)</script>", "labels": ["Bug", "good first issue"],
            "conversation_id": ID, "id": CLICK,
        });
        let answer = works.click("issue-create", &body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        let done = answer.json();
        let forge = works.world.site.service_url("forge").unwrap();
        assert_eq!((&done["number"], &done["url"]), (&json!(1), &json!(format!("{forge}/smoke/demo/issues/1"))));

        let issue = works.at_forge("/issues/1").await;
        assert_eq!((&issue["title"], &issue["body"]), (&body["title"], &body["body"]), "text is text");
        let labels: Vec<&Value> = issue["labels"].as_array().unwrap().iter().map(|label| &label["name"]).collect();
        assert_eq!(labels, ["bug", "good first issue"]);

        let noted = works.noted(ID).await;
        assert_eq!(noted.len(), 1, "{noted:?}");
        let action = &noted[0]["action"];
        assert_eq!((&action["type"], &action["id"]), (&json!("issue-create"), &json!(CLICK)));
        assert_eq!((&action["result"]["ok"], &action["response"]["status"]), (&json!(true), &json!(201)));
        assert_eq!(action["response"]["body"]["number"], 1);
        assert_eq!(action["payload"]["repo"], "smoke/demo");
        // The token is nobody's to read.
        for text in [answer.body, noted[0].to_string()] {
            assert!(!text.contains(&works.forge_token), "{text}");
        }
    }
}

#[tokio::test]
async fn a_pull_request_has_the_head_and_the_base() {
    let mut works = Works::new(Mode::Subpath).await;
    let body = json!({ "head": "feat/x", "base": "main", "title": "t", "body": "b", "repo": "smoke/demo" });
    let answer = works.click("pr-create", &body).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let number = answer.json()["number"].as_u64().unwrap();
    let pull = works.at_forge(&format!("/pulls/{number}")).await;
    assert_eq!((&pull["head"]["ref"], &pull["base"]["ref"]), (&json!("feat/x"), &json!("main")));
    let forge = works.world.site.service_url("forge").unwrap();
    assert_eq!(answer.json()["url"], format!("{forge}/smoke/demo/pulls/{number}"));
    // Without a conversation the note has one of its own.
    let conversation = answer.json()["conversation_id"].as_str().unwrap().to_owned();
    assert_eq!(works.noted(&conversation).await.len(), 1);

    for (body, code, words) in [
        (json!({ "head": "feat/x", "base": "main", "title": "again" }), "refused", "already"),
        (json!({ "head": "nope", "base": "main", "title": "t" }), "not_found", "`nope`"),
        (json!({ "head": "feat/x", "base": "nope", "title": "t" }), "not_found", "`nope`"),
    ] {
        let answer = works.click("pr-create", &body).await;
        assert_eq!((answer.status, answer.code().as_str()), (422, code), "{}", answer.body);
        assert!(answer.json()["error"]["message"].as_str().unwrap().contains(words), "{}", answer.body);
    }
}

#[tokio::test]
async fn a_pipeline_runs_and_the_ci_shows_it() {
    for mode in MODES {
        let mut works = Works::new(mode).await;
        let answer =
            works.click("ci-run", &json!({ "repo": "smoke/demo", "branch": "main", "conversation_id": ID })).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        let done = answer.json();
        let number = done["number"].as_u64().unwrap();
        let pipeline = works.at_ci(&format!("/repos/1/pipelines/{number}")).await.json();
        assert_eq!((&pipeline["event"], &pipeline["branch"]), (&json!("manual"), &json!("main")));
        let ci = works.world.site.service_url("ci").unwrap();
        assert_eq!(done["url"], format!("{ci}/repos/1/pipeline/{number}"));
        let page = works.world.browser().get(done["url"].as_str().unwrap()).await;
        assert_eq!(page.status, 200);
        assert_eq!(works.noted(ID).await[0]["action"]["response"]["body"]["number"], number);

        let answer = works.click("ci-run", &json!({ "branch": "nope", "conversation_id": ID })).await;
        assert_eq!((answer.status, answer.code().as_str()), (422, "refused"), "{}", answer.body);
        assert!(answer.body.contains("nope"));
        let noted = works.noted(ID).await;
        assert_eq!((noted.len(), &noted[1]["action"]["result"]["ok"]), (2, &json!(false)), "what fails is noted too");
    }
}

/// Woodpecker answers `200` with its dashboard to whatever isn't below its path.
pub(crate) async fn a_page_is_no_pipeline(way: Way) {
    let works = Works::stand(Plan::by(way)).await;
    let without_path = format!("http://{}", works.ci.addr());
    let mut works = works;
    works.world.values.insert("WOODPECKER_URL".to_owned(), without_path);
    works.world.values.remove("WOODPECKER_HOST");
    works.world.restart_chat().await;
    let answer = works.click("ci-run", &json!({ "branch": "main" })).await;
    assert_eq!((answer.status, answer.code().as_str()), (502, "wrong_address"), "{}", answer.body);
    assert!(answer.body.contains("text/html"), "{}", answer.body);
    assert_eq!(works.at_ci("/repos/1/pipelines").await.json(), json!([]));
}

pub(crate) async fn two_clicks_are_one(way: Way) {
    let mut works = Works::stand(Plan::by(way)).await;
    let origin = works.world.origin();
    let url = works.world.url("/action/issue-create");
    let body = json!({ "title": "once", "conversation_id": ID, "id": CLICK }).to_string();
    let click = |mut browser: Browser| {
        let (origin, url, body) = (origin.clone(), url.clone(), body.clone());
        async move {
            let fields = [("origin", origin.as_str()), ("content-type", "application/json")];
            browser.send("POST", &url, &fields, &body).await
        }
    };
    let (one, other) = tokio::join!(click(works.browser.clone()), click(works.browser.clone()));
    assert_eq!((one.status, other.status), (201, 201), "{} {}", one.body, other.body);
    assert_eq!(one.json(), other.json());
    // Also after the chat was started anew.
    works.world.restart_chat().await;
    assert_eq!(click(works.browser.clone()).await.json(), one.json());
    assert_eq!(works.at_forge("/issues").await.as_array().unwrap().len(), 1);
    assert_eq!(works.noted(ID).await.len(), 1);
    // The same without a proposal's id, in quick succession.
    let unnamed = json!({ "title": "twice" });
    let first = works.click("issue-create", &unnamed).await.json();
    assert_eq!(works.click("issue-create", &unnamed).await.json(), first);
    // Another person's click on the same id is another click.
    let body = json!({ "title": "once", "id": CLICK });
    works.browser = works.world.signed_in("Other").await;
    assert_eq!(works.click("issue-create", &body).await.json()["number"], 3);
}

pub(crate) async fn nobody_acts_without_a_session_or_from_elsewhere(way: Way) {
    let works = Works::stand(Plan::by(way)).await;
    let own = works.world.origin();
    let body = json!({ "title": "t" }).to_string();
    let json_type = ("content-type", "application/json");
    for kind in ["issue-create", "pr-create", "ci-run", "branch-delete"] {
        let url = works.world.url(&format!("/action/{kind}"));
        let mut nobody = works.world.browser();
        for fields in
            [vec![json_type], vec![json_type, ("origin", &own)], vec![json_type, ("x-forwarded-user", "smoke")]]
        {
            assert_eq!(nobody.send("POST", &url, &fields, &body).await.status, 401, "{kind} {fields:?}");
        }
        let mut browser = works.browser.clone();
        for fields in [
            vec![json_type],
            vec![json_type, ("origin", "http://evil.test")],
            vec![json_type, ("origin", "null")],
            vec![json_type, ("origin", "http://edge.test:1"), ("sec-fetch-site", "same-site")],
        ] {
            assert_eq!(browser.send("POST", &url, &fields, &body).await.status, 403, "{kind} {fields:?}");
        }
    }
    let mut browser = works.browser.clone();
    let url = works.world.url("/action/issue-create");
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""] {
        let fields = [("origin", own.as_str()), ("content-type", kind)];
        assert_eq!(browser.send("POST", &url, &fields, &body).await.status, 415, "{kind}");
    }
    assert_eq!(browser.get(&url).await.status, 405);
    assert_eq!(works.at_forge("/issues").await, json!([]));
}

pub(crate) async fn payloads_keep_to_their_schema_and_repositories_to_the_list(way: Way) {
    let mut works = Works::stand(Plan { more: &[("CHAT_ACTION_REPOS", "smoke/second")], ..Plan::by(way) }).await;
    for (kind, body, status, code) in [
        ("branch-delete", json!({ "branch": "main" }), 404, "unknown_action"),
        ("issue-create", json!([]), 422, "invalid_payload"),
        ("issue-create", json!({}), 422, "invalid_payload"),
        ("issue-create", json!({ "title": "t", "state": "closed" }), 422, "invalid_payload"),
        ("issue-create", json!({ "title": "t".repeat(300) }), 422, "invalid_payload"),
        ("issue-create", json!({ "title": "t", "body": "b".repeat(100_000) }), 422, "invalid_payload"),
        ("issue-create", json!({ "title": "t", "body": "b".repeat(1_000_000) }), 413, "too_large"),
        ("issue-create", json!({ "title": "t", "id": "not one" }), 422, "invalid_payload"),
        ("issue-create", json!({ "title": "t", "conversation_id": "../x" }), 422, "invalid_payload"),
        ("issue-create", json!({ "title": "t", "repo": "smoke/other" }), 403, "repository_not_allowed"),
        ("issue-create", json!({ "title": "t", "repo": "../../admin/users" }), 422, "invalid_payload"),
        ("ci-run", json!({ "branch": "main", "repo": "evil/demo" }), 403, "repository_not_allowed"),
        ("ci-run", json!({ "branch": "main; rm -rf /" }), 422, "invalid_payload"),
        ("pr-create", json!({ "head": "evil:main", "base": "main", "title": "t" }), 422, "invalid_payload"),
        ("issue-create", json!({ "title": "t", "labels": ["nope"] }), 422, "unknown_label"),
        // On the list, and not there.
        ("issue-create", json!({ "title": "t", "repo": "smoke/second" }), 422, "not_found"),
    ] {
        let answer = works.click(kind, &body).await;
        let short: String = body.to_string().chars().take(80).collect();
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{short}: {}", answer.body);
    }
    let origin = works.world.origin();
    let fields = [("origin", origin.as_str()), ("content-type", "application/json")];
    let answer = works.browser.send("POST", &works.world.url("/action/ci-run"), &fields, "{").await;
    assert_eq!((answer.status, answer.code().as_str()), (400, "invalid_json"));
    assert_eq!(works.at_forge("/issues").await, json!([]));
    let names = works.click("issue-create", &json!({ "title": "t", "labels": ["nope"] })).await;
    assert!(names.body.contains("bug, good first issue"), "{}", names.body);
}

pub(crate) async fn an_action_is_there_only_with_its_token(way: Way) {
    let mut works = Works::stand(Plan::by(way)).await;
    let kinds = |works: &Works| {
        let (mut browser, url) = (works.browser.clone(), works.world.url("/session"));
        async move { browser.get(&url).await.json()["actions"].clone() }
    };
    assert_eq!(kinds(&works).await, json!(["ci-run", "issue-create", "pr-create"]));
    works.world.values.remove("FORGE_TOKEN");
    works.world.restart_chat().await;
    assert_eq!(kinds(&works).await, json!(["ci-run"]));
    let answer = works.click("issue-create", &json!({ "title": "t" })).await;
    assert_eq!((answer.status, answer.code().as_str()), (404, "not_configured"));
    works.world.values.remove("WOODPECKER_TOKEN");
    works.world.restart_chat().await;
    assert_eq!(kinds(&works).await, json!([]));
}

pub(crate) async fn what_failed_can_be_tried_again_and_what_may_have_been_done_cannot(way: Way) {
    let mut works = Works::stand(Plan::by(way)).await;
    let body = json!({ "title": "t", "labels": ["new"], "id": CLICK });
    assert_eq!(works.click("issue-create", &body).await.code(), "unknown_label");
    crate::world::api(
        &works.world.forge,
        "/api/v1/repos/smoke/demo/labels",
        &json!({ "name": "new", "color": "00ff00" }),
    )
    .await;
    assert_eq!(works.click("issue-create", &body).await.status, 201);

    works.world.values.insert("FORGE_TOKEN".to_owned(), "0".repeat(40));
    works.world.restart_chat().await;
    let answer = works.click("issue-create", &json!({ "title": "t" })).await;
    assert_eq!((answer.status, answer.code().as_str()), (502, "token_refused"), "{}", answer.body);

    // A forge that takes the request and never answers it: the issue may be there.
    let silent = listener().await;
    let address = silent.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = silent.accept().await.unwrap();
            tokio::spawn(async move {
                let mut head = vec![0; 4096];
                let read = stream.read(&mut head).await.unwrap_or_default();
                if head[..read].starts_with(b"GET") {
                    let answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
                    let _ = stream.write_all(answer).await;
                }
            });
        }
    });
    works.world.values.insert("FORGE_URL".to_owned(), format!("http://{address}"));
    works.world.patience = Duration::from_millis(500);
    works.world.restart_chat().await;
    let body = json!({ "title": "unclear", "id": ID });
    let answer = works.click("issue-create", &body).await;
    assert_eq!((answer.status, &answer.json()["error"]["unclear"]), (502, &json!(true)), "{}", answer.body);
    let again = tokio::time::timeout(Duration::from_secs(5), works.click("issue-create", &body)).await.unwrap();
    assert_eq!(again.json(), answer.json(), "it is not sent a second time");

    // Nobody at home: nothing was done.
    works.world.values.insert("FORGE_URL".to_owned(), "http://127.0.0.1:1".to_owned());
    works.world.restart_chat().await;
    let answer = tokio::time::timeout(PATIENCE, works.click("issue-create", &json!({ "title": "t" }))).await.unwrap();
    assert_eq!((answer.status, answer.code().as_str()), (502, "unreachable"), "{}", answer.body);
    assert_eq!(answer.json()["error"]["unclear"], false);
}

pub(crate) async fn clicks_count_as_requests(way: Way) {
    let mut works = Works::stand(Plan { more: &[("CHAT_MAX_REQUESTS_PER_HOUR", "1")], ..Plan::by(way) }).await;
    assert_eq!(works.click("issue-create", &json!({ "title": "one" })).await.status, 201);
    let answer = works.click("issue-create", &json!({ "title": "two" })).await;
    assert_eq!(answer.status, 429, "{}", answer.body);
    assert!(answer.field("retry-after").is_some());
}

pub(crate) async fn what_cannot_be_written_down_is_not_done(way: Way) {
    let mut works = Works::stand(Plan::by(way)).await;
    let history = works.world.folder().join("history");
    std::fs::remove_dir_all(&history).unwrap();
    std::fs::write(&history, "").unwrap();
    let answer = works.click("issue-create", &json!({ "title": "t" })).await;
    assert_eq!((answer.status, answer.code().as_str()), (503, "storage"), "{}", answer.body);
    assert_eq!(works.at_forge("/issues").await, json!([]));
}
