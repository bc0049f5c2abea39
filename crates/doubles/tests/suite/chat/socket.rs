//! The socket.

use futures_util::SinkExt;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::{hear, open, open_as, say, send, stand, until};

#[tokio::test]
async fn who_may_open_it() {
    let stand = stand(&[], &[]).await;
    let session = stand.session("smoke").await;
    let (origin, user, cookie) = (("origin", "http://edge.test"), ("x-forwarded-user", "smoke"), ("cookie", &*session));
    for (fields, status) in [
        (vec![origin, user], 401),
        (vec![user, cookie], 403),
        (vec![("origin", "http://evil.test"), user, cookie], 403),
        (vec![origin, cookie], 403),
        (vec![origin, user, ("cookie", "disinto_chat_session=made-up")], 401),
    ] {
        assert_eq!(open(&stand, &fields).await.err(), Some(status), "{fields:?}");
    }
    assert!(open_as(&stand, "smoke", &session).await.is_ok());
}

#[tokio::test]
async fn an_answer_comes_word_by_word_and_is_kept() {
    let stand = stand(&[], &[]).await;
    let session = stand.session("smoke").await;
    let mut socket = open_as(&stand, "smoke", &session).await.unwrap();
    say(&mut socket, &json!({ "type": "chat_request", "message": "grüße an alle" })).await;
    let heard = until(&mut socket, &["complete"]).await;
    let kinds: Vec<&str> = heard.iter().map(|message| message["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["started", "token", "token", "token", "token", "token", "complete"]);
    let tokens: String = heard.iter().filter_map(|message| message["token"].as_str()).collect();
    let last = &heard[6];
    assert_eq!((tokens.as_str(), &last["text"]), ("You said: grüße an alle", &tokens.as_str().into()));
    assert_eq!((&last["seq"], &last["usage"]["output_tokens"]), (&7.into(), &5.into()));
    let id = last["conversation_id"].as_str().unwrap();
    let mut browser = stand.signed_in("smoke").await;
    let kept = send(&mut browser, "smoke", "GET", &format!("/chat/history/{id}"), &Value::Null).await.json();
    assert_eq!((&kept["entries"][1]["text"], &kept["total"]), (&last["text"], &2.into()));
    let listed = send(&mut browser, "smoke", "GET", "/chat/history", &Value::Null).await.json();
    assert_eq!(listed["conversations"][0]["title"], "grüße an alle");
    let export = send(&mut browser, "smoke", "GET", &format!("/chat/history/{id}/export"), &Value::Null).await;
    assert_eq!(export.body.lines().count(), 2);
    let mut other = stand.signed_in("other").await;
    assert_eq!(send(&mut other, "other", "GET", &format!("/chat/history/{id}"), &Value::Null).await.status, 404);
}

#[tokio::test]
async fn messages_that_nothing_comes_of() {
    let stand = stand(&[], &[]).await;
    let session = stand.session("smoke").await;
    let mut socket = open_as(&stand, "smoke", &session).await.unwrap();
    let id = "00000000-0000-4000-8000-000000000000";
    for (message, code) in [
        (json!([]), "invalid_json"),
        (json!({ "type": "delete" }), "unknown_type"),
        (json!({ "type": "chat_request", "message": " " }), "empty_message"),
        (json!({ "type": "cancel", "conversation_id": id }), "not_running"),
        (json!({ "type": "resume", "conversation_id": id }), "not_running"),
    ] {
        say(&mut socket, &message).await;
        assert_eq!(hear(&mut socket).await.unwrap()["code"], code, "{message}");
    }
    say(&mut socket, &json!({ "type": "ping" })).await;
    assert_eq!(hear(&mut socket).await.unwrap()["type"], "pong");
    socket.send(Message::binary(vec![0])).await.unwrap();
    assert_eq!(hear(&mut socket).await, None);
}

#[tokio::test]
async fn cancelled_and_resumed() {
    let stand = stand(&[], &[]).await;
    let session = stand.session("smoke").await;
    let mut socket = open_as(&stand, "smoke", &session).await.unwrap();
    let id = "00000000-0000-4000-8000-000000000001";
    let long = "word ".repeat(2000);
    say(&mut socket, &json!({ "type": "chat_request", "message": long, "conversation_id": id })).await;
    let begun = until(&mut socket, &["token"]).await;
    drop(socket);
    let mut socket = open_as(&stand, "smoke", &session).await.unwrap();
    let resume = json!({ "type": "resume", "conversation_id": id, "turn": begun[0]["turn"], "after": 1 });
    say(&mut socket, &resume).await;
    assert_eq!(hear(&mut socket).await.unwrap(), begun[1], "what was said before comes again");
    say(&mut socket, &json!({ "type": "chat_request", "message": "more", "conversation_id": id })).await;
    assert_eq!(until(&mut socket, &["error"]).await.last().unwrap()["code"], "busy");
    say(&mut socket, &json!({ "type": "cancel", "conversation_id": id })).await;
    until(&mut socket, &["cancelled"]).await;
}

#[tokio::test]
async fn the_end_of_the_session_and_of_the_service() {
    let mut stand = stand(&[], &[]).await;
    let session = stand.session("smoke").await;
    let mut socket = open_as(&stand, "smoke", &session).await.unwrap();
    let fields = [("cookie", session.as_str()), ("x-forwarded-user", "smoke"), ("origin", "http://edge.test")];
    assert_eq!(stand.browser().send("POST", "/chat/logout", "", &fields).await.status, 200);
    say(&mut socket, &json!({ "type": "chat_request", "message": "still here" })).await;
    assert_eq!(hear(&mut socket).await.unwrap()["type"], "session_expired");
    assert_eq!(hear(&mut socket).await, None);

    let session = stand.session("smoke").await;
    let mut socket = open_as(&stand, "smoke", &session).await.unwrap();
    stand.chat.pause(std::time::Duration::from_millis(50)).await;
    assert_eq!(hear(&mut socket).await, None);
}
