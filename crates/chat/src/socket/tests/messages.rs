//! What is understood, and what is said.

use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::actions::{Action, Kind, Proposal};
use crate::socket::incoming::{Incoming, LONGEST_FRAME, LONGEST_MESSAGE};
use crate::socket::outgoing::{Outgoing, Place, frame};
use crate::turn::Usage;

const ID: Uuid = Uuid::from_u128(0x1111_2222_3333_4444_5555_6666_7777_8888);

#[test]
fn understands_its_messages() {
    let id = ID.to_string();
    let cases = [
        (json!({ "type": "ping" }), Incoming::Ping),
        (
            json!({ "type": "chat_request", "message": "hi" }),
            Incoming::ChatRequest { message: "hi".into(), conversation: None },
        ),
        (
            json!({ "type": "chat_request", "message": "hi", "conversation_id": id, "model": "of the original" }),
            Incoming::ChatRequest { message: "hi".into(), conversation: Some(ID) },
        ),
        (
            json!({ "type": "chat_request", "message": "hi", "conversation_id": "" }),
            Incoming::ChatRequest { message: "hi".into(), conversation: None },
        ),
        (json!({ "type": "cancel", "conversation_id": id }), Incoming::Cancel { conversation: ID }),
        (
            json!({ "type": "resume", "conversation_id": id, "turn": id, "after": 7 }),
            Incoming::Resume { conversation: ID, turn: Some(ID), after: 7 },
        ),
        (
            json!({ "type": "resume", "conversation_id": id }),
            Incoming::Resume { conversation: ID, turn: None, after: 0 },
        ),
    ];
    for (message, expected) in cases {
        assert_eq!(Incoming::read(&message.to_string()), Ok(expected), "{message}");
    }
}

#[test]
fn says_what_is_wrong_with_others() {
    let cases = [
        ("", "invalid_json"),
        ("{", "invalid_json"),
        ("hello", "invalid_json"),
        ("[]", "invalid_json"),
        ("null", "invalid_json"),
        (r#"{"message":"x"}"#, "unknown_type"),
        (r#"{"type":7}"#, "unknown_type"),
        (r#"{"type":"CHAT_REQUEST","message":"x"}"#, "unknown_type"),
        (r#"{"type":"delete_history"}"#, "unknown_type"),
        (r#"{"type":"chat_request"}"#, "invalid_message"),
        (r#"{"type":"chat_request","message":["x"]}"#, "invalid_message"),
        (r#"{"type":"chat_request","message":" \n"}"#, "empty_message"),
        (r#"{"type":"chat_request","message":"a\u0000b"}"#, "invalid_message"),
        (r#"{"type":"chat_request","message":"x","conversation_id":"../../etc"}"#, "invalid_message"),
        (r#"{"type":"chat_request","message":"x","conversation_id":7}"#, "invalid_message"),
        (r#"{"type":"cancel"}"#, "invalid_message"),
        (r#"{"type":"resume","conversation_id":"11112222-3333-4444-5555-666677778888","after":-1}"#, "invalid_message"),
        (
            r#"{"type":"resume","conversation_id":"11112222-3333-4444-5555-666677778888","after":"x"}"#,
            "invalid_message",
        ),
    ];
    for (message, code) in cases {
        assert_eq!(Incoming::read(message).map_err(|wrong| wrong.code), Err(code), "{message}");
    }
    let long = json!({ "type": "chat_request", "message": "x".repeat(LONGEST_MESSAGE + 1), "conversation_id": ID });
    let wrong = Incoming::read(&long.to_string()).unwrap_err();
    assert_eq!((wrong.code, wrong.conversation), ("message_too_long", Some(ID)));
    assert!(Incoming::read(&"[".repeat(100_000)).is_err());
}

#[test]
fn the_longest_question_fits_into_a_frame() {
    let message = json!({ "type": "chat_request", "message": "\u{1}".repeat(LONGEST_MESSAGE), "conversation_id": ID })
        .to_string();
    assert!(message.len() <= LONGEST_FRAME && Incoming::read(&message).is_ok());
}

#[test]
fn frames_are_what_clients_are_promised() {
    let issue = Action::from_json(Kind::IssueCreate, &json!({ "title": "<b>" })).unwrap();
    let proposal = Proposal { id: ID, ..Proposal::new(issue) };
    let place = Some(Place { turn: ID, seq: 3 });
    let says = |said: &Outgoing, conversation, place| -> Value {
        serde_json::from_str(frame(said, conversation, place).as_str()).unwrap()
    };
    let usage = Usage { input_tokens: 1, output_tokens: 2 };
    let complete = Outgoing::Complete { text: "t".into(), usage, actions: vec![proposal], saved: true };
    assert_eq!(
        says(&complete, Some(ID), place),
        json!({
            "type": "complete", "text": "t", "usage": { "input_tokens": 1, "output_tokens": 2 },
            "actions": [{ "id": ID, "type": "issue-create", "payload": { "title": "<b>", "body": "" } }],
            "saved": true, "conversation_id": ID, "turn": ID, "seq": 3,
        })
    );
    assert_eq!(
        says(&Outgoing::Token { token: "a".into() }, Some(ID), place),
        json!({ "type": "token", "token": "a", "conversation_id": ID, "turn": ID, "seq": 3 })
    );
    let limited = Outgoing::Error { code: "rate_limited", message: "m".into(), retry_after: Some(60) };
    assert_eq!(
        says(&limited, None, None),
        json!({ "type": "error", "code": "rate_limited", "message": "m", "retry_after": 60 })
    );
    assert_eq!(says(&Outgoing::Pong, None, None), json!({ "type": "pong" }));
    assert_eq!(says(&Outgoing::SessionExpired, None, None), json!({ "type": "session_expired" }));
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(text in ".{0,200}") {
        let _ = Incoming::read(&text);
    }

    #[test]
    fn a_question_comes_through_as_it_was_typed(message in "\\PC{1,100}") {
        prop_assume!(!message.trim().is_empty());
        let read = Incoming::read(&json!({ "type": "chat_request", "message": message }).to_string());
        prop_assert_eq!(read, Ok(Incoming::ChatRequest { message, conversation: None }));
    }
}
