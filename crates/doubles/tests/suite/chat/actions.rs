//! Actions, from the proposal to what the forge has.

use serde_json::{Value, json};

use super::{open_as, say, send, stand, until};
use crate::standing::Caller;

#[tokio::test]
async fn a_proposal_becomes_an_issue_once() {
    let stand = stand(&[], &[]).await;
    let session = stand.session("smoke").await;
    let mut socket = open_as(&stand, "smoke", &session).await.unwrap();
    let markup = "<action type=\"issue-create\">{\"title\":\"From the chat\",\"body\":\"b\"}</action>";
    say(&mut socket, &json!({ "type": "chat_request", "message": format!("please {markup}") })).await;
    let heard = until(&mut socket, &["complete"]).await;
    let complete = heard.last().unwrap();
    assert_eq!(complete["text"], "You said: please ");
    let proposal = &complete["actions"][0];
    assert_eq!((&proposal["type"], &proposal["payload"]["repo"]), (&"issue-create".into(), &"smoke/demo".into()));
    let mut click = proposal["payload"].clone();
    click["id"] = proposal["id"].clone();
    click["conversation_id"] = complete["conversation_id"].clone();
    let mut browser = stand.signed_in("smoke").await;
    let done = send(&mut browser, "smoke", "POST", "/chat/action/issue-create", &click).await;
    assert_eq!((done.status, &done.json()["number"]), (201, &1.into()), "{}", done.body);
    let again = send(&mut browser, "smoke", "POST", "/chat/action/issue-create", &click).await;
    assert_eq!((again.status, again.json()), (201, done.json()));
    let issues = Caller::smoke(&stand.forge).get("/repos/smoke/demo/issues").await.json();
    assert_eq!((issues.as_array().unwrap().len(), &issues[0]["title"]), (1, &"From the chat".into()));
    let id = complete["conversation_id"].as_str().unwrap();
    let kept = send(&mut browser, "smoke", "GET", &format!("/chat/history/{id}"), &Value::Null).await.json();
    assert_eq!(
        (&kept["entries"][2]["role"], &kept["entries"][2]["action"]["result"]["number"]),
        (&"action".into(), &1.into())
    );
}

#[tokio::test]
async fn what_is_refused() {
    let stand = stand(&[], &[]).await;
    let mut browser = stand.signed_in("smoke").await;
    for (kind, payload, status, code) in [
        ("issue-delete", json!({}), 404, "unknown_action"),
        ("ci-run", json!({ "branch": "main" }), 404, "unknown_action"),
        ("issue-create", json!({ "title": "" }), 422, "invalid_payload"),
        ("issue-create", json!({ "title": "t", "id": "x" }), 422, "invalid_payload"),
        ("issue-create", json!({ "title": "t", "repo": "smoke/elsewhere" }), 403, "repository_not_allowed"),
        ("issue-create", json!({ "title": "t", "labels": ["none"] }), 422, "unknown_label"),
        ("pr-create", json!({ "title": "t", "head": "nosuch", "base": "main" }), 422, "not_found"),
    ] {
        let answer = send(&mut browser, "smoke", "POST", &format!("/chat/action/{kind}"), &payload).await;
        assert_eq!((answer.status, &answer.json()["error"]["code"]), (status, &code.into()), "{payload}");
    }
    let headers = [("x-forwarded-user", "smoke"), ("origin", "http://edge.test"), ("content-type", "text/plain")];
    let plain = browser.send("POST", "/chat/action/issue-create", "{\"title\":\"t\"}", &headers).await;
    assert_eq!(plain.status, 415);
}
