//! What a line of the command means (`--output-format stream-json --include-partial-messages`).
//!
//! Every version of the command brings types of lines that the last one didn't have. They are passed over.

use serde_json::Value;
use uuid::Uuid;

use super::Usage;

/// What a line means, as far as it matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    /// The command is ready, in this session.
    Ready { session: Option<Uuid> },
    /// The API begins a message.
    MessageBegins { input_tokens: u64 },
    /// A block of text begins in it.
    BlockBegins,
    /// A piece of the block's text.
    Piece(String),
    /// What the message has cost so far.
    MessageCost { output_tokens: u64 },
    /// A block of a message, whole: what counts in the end.
    Whole(String),
    /// The turn's result.
    Result(Outcome),
    /// Known, and of no meaning here.
    Passed,
    /// Nothing that the command is known to print.
    Unknown,
}

/// How a turn ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcome {
    /// It ended without an answer.
    pub(super) is_error: bool,
    /// What it says: the last message, or what went wrong.
    pub(super) text: String,
    /// What it cost.
    pub(super) usage: Usage,
}

/// Reads a line.
pub(super) fn read(line: &[u8]) -> Line {
    // Garbage comes in quantities.
    let value = line.starts_with(b"{").then(|| serde_json::from_slice::<Value>(line).ok()).flatten();
    let Some(value) = value else { return Line::Unknown };
    // What the command's own assistants say isn't for the person.
    let is_aside = value["parent_tool_use_id"].is_string();
    match value["type"].as_str() {
        Some("system") if value["subtype"] == "init" => {
            Line::Ready { session: value["session_id"].as_str().and_then(|text| text.parse().ok()) }
        }
        Some("stream_event") if !is_aside => event(&value["event"]),
        Some("assistant") if !is_aside => assistant(&value),
        Some("result") => Line::Result(outcome(&value)),
        Some("system" | "stream_event" | "assistant" | "user") => Line::Passed,
        _ => Line::Unknown,
    }
}

/// An event of the Messages API, passed on.
fn event(event: &Value) -> Line {
    match event["type"].as_str() {
        Some("message_start") => {
            Line::MessageBegins { input_tokens: count(&event["message"]["usage"], "input_tokens") }
        }
        Some("content_block_start") if event["content_block"]["type"] == "text" => Line::BlockBegins,
        Some("content_block_delta") => match (&event["delta"]["type"], event["delta"]["text"].as_str()) {
            (kind, Some(text)) if kind == "text_delta" => Line::Piece(text.to_owned()),
            _ => Line::Passed,
        },
        Some("message_delta") => Line::MessageCost { output_tokens: count(&event["usage"], "output_tokens") },
        _ => Line::Passed,
    }
}

/// A message or a block of one. One that the command wrote by itself, to say that the API failed, is told by its `error`.
fn assistant(value: &Value) -> Line {
    if value["error"].is_string() || value["message"]["model"] == "<synthetic>" {
        return Line::Passed;
    }
    let blocks = value["message"]["content"].as_array().map(Vec::as_slice).unwrap_or_default();
    let texts = blocks.iter().filter(|block| block["type"] == "text").filter_map(|block| block["text"].as_str());
    let text = texts.collect::<Vec<_>>().join("\n\n");
    if text.is_empty() { Line::Passed } else { Line::Whole(text) }
}

fn outcome(value: &Value) -> Outcome {
    let errors = value["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    let errors: Vec<&str> = errors.iter().filter_map(Value::as_str).collect();
    let subtype = value["subtype"].as_str().unwrap_or_default();
    let text = match value["result"].as_str() {
        Some(text) => text.to_owned(),
        None if errors.is_empty() => subtype.to_owned(),
        None => errors.join("; "),
    };
    let usage = &value["usage"];
    Outcome {
        is_error: value["is_error"] == true || subtype.starts_with("error"),
        text,
        usage: Usage { input_tokens: count(usage, "input_tokens"), output_tokens: count(usage, "output_tokens") },
    }
}

fn count(usage: &Value, name: &str) -> u64 {
    usage[name].as_u64().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_mean_what_they_mean() {
        let session = "68175633-705b-4030-8998-498bbb060883";
        let ready = format!(r#"{{"type":"system","subtype":"init","session_id":"{session}","tools":[]}}"#);
        let cases = [
            (ready.as_str(), Line::Ready { session: session.parse().ok() }),
            (r#"{"type":"system","subtype":"init","session_id":"chat-7"}"#, Line::Ready { session: None }),
            (r#"{"type":"system","subtype":"api_retry","attempt":2}"#, Line::Passed),
            (
                r#"{"type":"stream_event","event":{"type":"message_start","message":{"usage":{"input_tokens":10}}}}"#,
                Line::MessageBegins { input_tokens: 10 },
            ),
            (
                r#"{"type":"stream_event","event":{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}}"#,
                Line::BlockBegins,
            ),
            (
                r#"{"type":"stream_event","event":{"type":"content_block_start","index":0,"content_block":{"type":"tool_use"}}}"#,
                Line::Passed,
            ),
            (
                r#"{"type":"stream_event","event":{"type":"content_block_delta","delta":{"type":"text_delta","text":"Hé "}}}"#,
                Line::Piece("Hé ".to_owned()),
            ),
            (
                r#"{"type":"stream_event","event":{"type":"content_block_delta","delta":{"type":"thinking_delta","thinking":"hm"}}}"#,
                Line::Passed,
            ),
            (
                r#"{"type":"stream_event","parent_tool_use_id":"toolu_1","event":{"type":"content_block_delta","delta":{"type":"text_delta","text":"aside"}}}"#,
                Line::Passed,
            ),
            (
                r#"{"type":"stream_event","event":{"type":"message_delta","usage":{"output_tokens":7}}}"#,
                Line::MessageCost { output_tokens: 7 },
            ),
            (
                r#"{"type":"assistant","message":{"content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"a"}]},"parent_tool_use_id":null}"#,
                Line::Whole("a".to_owned()),
            ),
            (r#"{"type":"assistant","message":{"content":[{"type":"tool_use","name":"Read"}]}}"#, Line::Passed),
            (
                r#"{"type":"assistant","error":"authentication_failed","message":{"model":"<synthetic>","content":[{"type":"text","text":"Invalid API key"}]}}"#,
                Line::Passed,
            ),
            (r#"{"type":"user","message":{}}"#, Line::Passed),
            (r#"{"type":"prompt_suggestion"}"#, Line::Unknown),
            (r#"{"type":7}"#, Line::Unknown),
            ("[]", Line::Unknown),
            ("Segmentation fault", Line::Unknown),
            ("", Line::Unknown),
        ];
        for (line, expected) in cases {
            assert_eq!(read(line.as_bytes()), expected, "{line}");
        }
    }

    #[test]
    fn results_say_how_it_ended() {
        let cases = [
            (
                r#"{"type":"result","subtype":"success","is_error":false,"result":"a","usage":{"input_tokens":1,"output_tokens":2}}"#,
                false,
                "a",
            ),
            (
                r#"{"type":"result","subtype":"success","is_error":true,"result":"Invalid API key"}"#,
                true,
                "Invalid API key",
            ),
            (
                r#"{"type":"result","subtype":"error_during_execution","errors":["No conversation","x"]}"#,
                true,
                "No conversation; x",
            ),
            (r#"{"type":"result","subtype":"error_max_turns"}"#, true, "error_max_turns"),
            (r#"{"type":"result"}"#, false, ""),
        ];
        for (line, is_error, text) in cases {
            let Line::Result(outcome) = read(line.as_bytes()) else { panic!("{line}") };
            assert_eq!((outcome.is_error, outcome.text.as_str()), (is_error, text), "{line}");
        }
    }

    proptest! {
        #[test]
        fn no_line_is_too_odd(line in proptest::collection::vec(any::<u8>(), 0..200)) {
            read(&line);
        }

        #[test]
        fn no_value_is_too_odd(kind in "(system|stream_event|assistant|result|user)", rest in "[\\[\\]{}\":,a-z0-9 ]{0,80}") {
            read(format!(r#"{{"type":"{kind}","event":{rest},"message":{rest},"usage":{rest}}}"#).as_bytes());
            read(format!(r#"{{"type":"{kind}","event":[],"message":7,"usage":"a","result":[],"errors":{{}}}}"#).as_bytes());
        }
    }
}
