//! The model behind the Messages API, as a client meets it.

use std::time::{Duration, Instant};

use bytes::Bytes;
use doubles::messages::{Answer, Builder, Failure, Messages, Usage};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};

async fn serve(builder: Builder) -> Messages {
    builder.serve(TcpListener::bind("127.0.0.1:0").await.unwrap()).unwrap()
}

/// Sends a request with these fields, and gives the answer with its content still to come.
async fn send(model: &Messages, path: &str, fields: &[(&str, &str)], content: String) -> Response<Incoming> {
    let stream = TcpStream::connect(model.address()).await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = fields.iter().fold(Request::post(path), |request, (name, value)| request.header(*name, *value));
    sender.send_request(request.body(Full::new(Bytes::from(content))).unwrap()).await.unwrap()
}

const FIELDS: [(&str, &str); 2] = [("x-api-key", "sk-one"), ("anthropic-version", "2023-06-01")];

fn prompt(text: &str, is_streamed: bool) -> String {
    let messages = json!([{ "role": "user", "content": text }]);
    json!({ "model": "m", "max_tokens": 9, "messages": messages, "stream": is_streamed }).to_string()
}

async fn json_of(answer: Response<Incoming>) -> (u16, Value) {
    let status = answer.status().as_u16();
    (status, serde_json::from_slice(&answer.into_body().collect().await.unwrap().to_bytes()).unwrap())
}

#[tokio::test]
async fn a_prompt_is_answered_at_once() {
    let model = serve(Messages::builder()).await;
    let (status, message) =
        json_of(send(&model, "/v1/messages?beta=true", &FIELDS, prompt("hello there", false)).await).await;
    assert_eq!((status, &message["content"][0]["text"]), (200, &json!("You said: hello there")));
    assert_eq!(message["usage"], json!({ "input_tokens": 2, "output_tokens": 4 }));
    assert_eq!(model.requests()[0]["messages"][0]["content"], "hello there");
    let (_, counted) =
        json_of(send(&model, "/v1/messages/count_tokens", &FIELDS, prompt("hello there", false)).await).await;
    assert_eq!(counted, json!({ "input_tokens": 2 }));
}

#[tokio::test]
async fn tokens_come_one_by_one() {
    let delay = Duration::from_millis(30);
    let usage = Usage { input_tokens: 7, output_tokens: 70 };
    let model = serve(Messages::builder().answer(Answer::says("one two three")).token_delay(delay).usage(usage)).await;
    let answer = send(&model, "/v1/messages", &FIELDS, prompt("count", true)).await;
    assert_eq!(answer.headers()["content-type"], "text/event-stream; charset=utf-8");
    let (mut body, mut arrived, mut text) = (answer.into_body(), Vec::new(), String::new());
    while let Some(frame) = body.frame().await {
        let piece = String::from_utf8(frame.unwrap().into_data().unwrap().to_vec()).unwrap();
        arrived.extend(piece.contains("text_delta").then(Instant::now));
        text.push_str(&piece);
    }
    assert_eq!(arrived.len(), 3, "{text}");
    assert!(arrived[2] - arrived[0] >= delay, "{arrived:?}");
    let names: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
    assert_eq!((names[0], names[names.len() - 1]), ("message_start", "message_stop"));
    assert!(text.contains(r#""usage":{"output_tokens":70}"#), "{text}");
}

#[tokio::test]
async fn a_tool_is_asked_for_until_its_result_comes() {
    let script = Answer::says("It says {results}.").using("Read", json!({ "file_path": "/a" }));
    let model = serve(Messages::builder().answer(script)).await;
    let (_, message) = json_of(send(&model, "/v1/messages", &FIELDS, prompt("read", false)).await).await;
    assert_eq!((&message["stop_reason"], &message["content"][0]["name"]), (&json!("tool_use"), &json!("Read")));
    let id = &message["content"][0]["id"];
    let result = json!([{ "type": "tool_result", "tool_use_id": id, "content": "seven" }]);
    let messages = json!([
        { "role": "user", "content": "read" },
        { "role": "assistant", "content": message["content"] },
        { "role": "user", "content": result },
    ]);
    let content = json!({ "model": "m", "max_tokens": 9, "messages": messages }).to_string();
    let (_, message) = json_of(send(&model, "/v1/messages", &FIELDS, content).await).await;
    assert_eq!(message["content"][0]["text"], "It says seven.");
}

#[tokio::test]
async fn what_the_api_refuses_is_refused_in_its_words() {
    let model = serve(Messages::builder().key("sk-one")).await;
    let fields = |key: &'static str, version: &'static str| {
        [("x-api-key", key), ("anthropic-version", version)]
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .collect()
    };
    type Fields = Vec<(&'static str, &'static str)>;
    let cases: [(Fields, &str, String, u16, &str); 9] = [
        (fields("", "1"), "/v1/messages", prompt("a", true), 401, "x-api-key header is required"),
        (fields("sk-two", "1"), "/v1/messages", prompt("a", true), 401, "invalid x-api-key"),
        (fields("sk-one", ""), "/v1/messages", prompt("a", true), 400, "anthropic-version: header is required"),
        (FIELDS.into(), "/v1/messages", "{".to_owned(), 400, "not valid JSON"),
        (FIELDS.into(), "/v1/messages", "{}".to_owned(), 400, "model: Field required"),
        (FIELDS.into(), "/v1/messages", r#"{"model":"m"}"#.to_owned(), 400, "messages: Field required"),
        (FIELDS.into(), "/v1/messages", r#"{"model":"m","messages":[]}"#.to_owned(), 400, "at least one message"),
        (
            FIELDS.into(),
            "/v1/messages",
            r#"{"model":"m","messages":[0]}"#.to_owned(),
            400,
            "max_tokens: Field required",
        ),
        (FIELDS.into(), "/v1/complete", prompt("a", true), 404, "Not found"),
    ];
    for (fields, path, content, expected, words) in cases {
        let (status, said) = json_of(send(&model, path, &fields, content.clone()).await).await;
        assert_eq!((status, &said["type"]), (expected, &json!("error")), "{content}");
        assert!(said["error"]["message"].as_str().unwrap().contains(words), "{said}");
    }
    let bearer = [("authorization", "Bearer sk-one"), ("anthropic-version", "1")];
    assert_eq!(send(&model, "/v1/messages", &bearer, prompt("a", false)).await.status(), 200);
}

#[tokio::test]
async fn it_fails_as_it_is_told_to_before_or_in_the_middle() {
    let early = Answer::says("").when("early").failing(Failure { status: 529, after_tokens: None });
    let late = Answer::says("one two three").failing(Failure { status: 500, after_tokens: Some(2) });
    let model = serve(Messages::builder().answer(early).answer(late)).await;
    let (status, said) = json_of(send(&model, "/v1/messages", &FIELDS, prompt("early", true)).await).await;
    assert_eq!((status, &said["error"]["type"]), (529, &json!("overloaded_error")));
    let answer = send(&model, "/v1/messages", &FIELDS, prompt("late", true)).await;
    let text = String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap();
    assert_eq!(text.matches("text_delta").count(), 2, "{text}");
    assert!(text.contains("event: error\n") && !text.contains("message_stop"), "{text}");
}
