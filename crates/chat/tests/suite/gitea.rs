//! Sign-in and actions at a real Gitea, in a container.

use routes::Mode;
use serde_json::{Value, json};

use crate::forges::{Gitea, Which};
use crate::works::Works;
use crate::world::{COOKIE, Plan};

const ID: &str = "0d7b6c52-95a6-4a39-8f10-0a0f7c1d2e3f";
const CLICK: &str = "5a1c4c0e-7a52-4f39-9a55-9d9f7f6b1c10";
const OTHER_CLICK: &str = "6b2d5d1f-8b63-4a4a-8b66-ae0a8a7c2d21";

#[tokio::test]
async fn people_sign_in_at_it_and_actions_act_on_it() {
    if !Gitea::is_possible() {
        return;
    }
    let mut works = Works::stand(Plan { forge: Which::Gitea, ..Plan::new(Mode::Subpath) }).await;
    assert!(works.browser.cookie(COOKIE).is_some());
    issues(&mut works).await;
    pull_requests(&mut works).await;
    pipelines(&mut works).await;
    refusals(&mut works).await;
}

async fn issues(works: &mut Works) {
    let body = json!({
        "title": "Fix <b>it</b> & \"that\"", "body": "# Why\n<script>alert(1)</script>", "labels": ["Bug", "good first issue"],
        "conversation_id": ID, "id": CLICK,
    });
    // A double click, and a third one later.
    let origin = works.world.origin();
    let click = |mut browser: crate::browser::Browser| {
        let (url, origin, body) = (works.world.url("/action/issue-create"), origin.clone(), body.to_string());
        async move {
            let fields = [("origin", origin.as_str()), ("content-type", "application/json")];
            browser.send("POST", &url, &fields, &body).await
        }
    };
    let (one, other) = tokio::join!(click(works.browser.clone()), click(works.browser.clone()));
    assert_eq!((one.status, other.status), (201, 201), "{} {}", one.body, other.body);
    assert_eq!(one.json(), other.json());
    assert_eq!(works.click("issue-create", &body).await.json(), one.json());
    let done = one.json();
    let number = done["number"].as_u64().unwrap();
    let forge = works.world.site.service_url("forge").unwrap();
    assert_eq!(done["url"], format!("{forge}/smoke/demo/issues/{number}"));

    let there = works.at_forge("/issues?type=issues&state=all").await;
    assert_eq!(there.as_array().unwrap().len(), 1, "{there:#}");
    let issue = &there[0];
    assert_eq!((&issue["title"], &issue["body"]), (&body["title"], &body["body"]), "text is text");
    let mut labels: Vec<&str> =
        issue["labels"].as_array().unwrap().iter().filter_map(|label| label["name"].as_str()).collect();
    labels.sort_unstable();
    assert_eq!(labels, ["bug", "good first issue"]);
    // A person finds it by the link.
    let page = works.browser.get(done["url"].as_str().unwrap()).await;
    assert!(page.status == 200 && page.body.contains("Fix &lt;b&gt;it&lt;/b&gt;"), "{}", page.status);
    assert!(!page.body.contains("<script>alert(1)</script>"));
    let noted = works.noted(ID).await;
    assert_eq!((noted.len(), &noted[0]["action"]["response"]["body"]["number"]), (1, &json!(number)));
    assert!(!noted[0].to_string().contains(&works.forge_token));
}

async fn pull_requests(works: &mut Works) {
    let body =
        json!({ "head": "feat/x", "base": "main", "title": "t", "body": "b", "repo": "smoke/demo", "id": OTHER_CLICK });
    let answer = works.click("pr-create", &body).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let number = answer.json()["number"].as_u64().unwrap();
    let pull = works.at_forge(&format!("/pulls/{number}")).await;
    assert_eq!((&pull["head"]["ref"], &pull["base"]["ref"]), (&json!("feat/x"), &json!("main")));
    assert_eq!((&pull["title"], &pull["body"]), (&json!("t"), &json!("b")));
    let forge = works.world.site.service_url("forge").unwrap();
    assert_eq!(answer.json()["url"], format!("{forge}/smoke/demo/pulls/{number}"));
    assert_eq!(works.click("pr-create", &body).await.json(), answer.json(), "the same click");
    assert_eq!(works.at_forge("/pulls").await.as_array().unwrap().len(), 1);
}

async fn pipelines(works: &mut Works) {
    let answer = works.click("ci-run", &json!({ "branch": "main", "conversation_id": ID })).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let (done, ci) = (answer.json(), works.world.site.service_url("ci").unwrap());
    let number = done["number"].as_u64().unwrap();
    let pipeline = works.at_ci(&format!("/repos/1/pipelines/{number}")).await.json();
    assert_eq!((&pipeline["event"], &pipeline["branch"]), (&json!("manual"), &json!("main")));
    assert_eq!(done["url"], format!("{ci}/repos/1/pipeline/{number}"));
    assert_eq!(works.browser.get(done["url"].as_str().unwrap()).await.status, 200);
}

async fn refusals(works: &mut Works) {
    for (kind, body, code, words) in [
        ("issue-create", json!({ "title": "t", "labels": ["nope"] }), "unknown_label", "bug, good first issue"),
        ("pr-create", json!({ "head": "feat/x", "base": "main", "title": "again" }), "refused", "already"),
        ("pr-create", json!({ "head": "nope", "base": "main", "title": "t" }), "not_found", "`nope`"),
        ("pr-create", json!({ "head": "feat/x", "base": "nope", "title": "t" }), "not_found", "`nope`"),
    ] {
        let answer = works.click(kind, &body).await;
        assert_eq!((answer.status, answer.code().as_str()), (422, code), "{body}: {}", answer.body);
        assert!(answer.json()["error"]["message"].as_str().unwrap().contains(words), "{}", answer.body);
    }
    works.world.values.insert("FORGE_TOKEN".to_owned(), "0".repeat(40));
    works.world.restart_chat().await;
    let answer = works.click("issue-create", &json!({ "title": "t" })).await;
    assert_eq!((answer.status, answer.code().as_str()), (502, "token_refused"), "{}", answer.body);
    let there: Value = works.at_forge("/issues?type=issues&state=all").await;
    assert_eq!(there.as_array().unwrap().len(), 1, "{there:#}");
}
