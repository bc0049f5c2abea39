//! An answer as events, and the same as one message.

use serde_json::{Value, json};

use super::answer::Turn;
use super::settings::Usage;

/// One event of a stream.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Event {
    /// Its data, whose `type` is the event's name.
    pub(super) data: Value,
    /// Whether it carries a token, and takes its time.
    pub(super) is_token: bool,
}

impl Event {
    fn new(data: Value) -> Self {
        Self { data, is_token: false }
    }

    /// As it goes over the wire.
    pub(super) fn text(&self) -> String {
        let name = self.data["type"].as_str().unwrap_or_default();
        format!("event: {name}\ndata: {}\n\n", self.data)
    }
}

/// The head of a message.
#[derive(Debug, Clone)]
pub(super) struct Head {
    /// The message's id.
    pub(super) id: String,
    /// The model as the request named it.
    pub(super) model: String,
}

/// The tokens of a text: words, each with the white space after it.
pub(super) fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let word = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let space = rest[word..].find(|character: char| !character.is_whitespace()).unwrap_or(rest.len() - word);
        let (token, more) = rest.split_at(word + space);
        tokens.push(token);
        rest = more;
    }
    tokens
}

/// The answer as events.
pub(super) fn stream(head: &Head, turn: &Turn, usage: Usage) -> Vec<Event> {
    let mut events = vec![Event::new(
        json!({ "type": "message_start", "message": message(head, vec![], None, Usage { output_tokens: 1, ..usage }) }),
    )];
    let mut event = |data| events.push(Event::new(data));
    match turn {
        Turn::Say(text) => {
            event(
                json!({ "type": "content_block_start", "index": 0, "content_block": { "type": "text", "text": "" } }),
            );
            event(json!({ "type": "ping" }));
            for token in tokens(text) {
                let data = delta(json!({ "type": "text_delta", "text": token }));
                events.push(Event { data, is_token: true });
            }
        }
        Turn::Use(tool) => {
            let block = json!({ "type": "tool_use", "id": tool_id(head), "name": tool.name, "input": {} });
            event(json!({ "type": "content_block_start", "index": 0, "content_block": block }));
            event(delta(json!({ "type": "input_json_delta", "partial_json": tool.input.to_string() })));
        }
    }
    let ended = json!({ "stop_reason": stop_reason(turn), "stop_sequence": null });
    let counted = json!({ "output_tokens": usage.output_tokens });
    for data in [
        json!({ "type": "content_block_stop", "index": 0 }),
        json!({ "type": "message_delta", "delta": ended, "usage": counted }),
        json!({ "type": "message_stop" }),
    ] {
        events.push(Event::new(data));
    }
    events
}

/// The answer at once, for clients that want no stream.
pub(super) fn whole(head: &Head, turn: &Turn, usage: Usage) -> Value {
    let block = match turn {
        Turn::Say(text) => json!({ "type": "text", "text": text }),
        Turn::Use(tool) => {
            json!({ "type": "tool_use", "id": tool_id(head), "name": tool.name, "input": tool.input })
        }
    };
    message(head, vec![block], Some(stop_reason(turn)), usage)
}

/// The event with which a stream breaks off.
pub(super) fn error(error: Value) -> Event {
    Event::new(json!({ "type": "error", "error": error }))
}

fn message(head: &Head, content: Vec<Value>, stop_reason: Option<&str>, usage: Usage) -> Value {
    json!({
        "id": head.id,
        "type": "message",
        "role": "assistant",
        "model": head.model,
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": null,
        "usage": { "input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens },
    })
}

fn delta(delta: Value) -> Value {
    json!({ "type": "content_block_delta", "index": 0, "delta": delta })
}

fn stop_reason(turn: &Turn) -> &'static str {
    match turn {
        Turn::Say(_) => "end_turn",
        Turn::Use(_) => "tool_use",
    }
}

/// The id of the one tool that a message uses: the message's own, with the prefix of tools.
fn tool_id(head: &Head) -> String {
    format!("toolu_{}", head.id.trim_start_matches("msg_"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::ToolUse;

    const USAGE: Usage = Usage { input_tokens: 3, output_tokens: 2 };

    fn head() -> Head {
        Head { id: "msg_1".to_owned(), model: "m".to_owned() }
    }

    #[test]
    fn tokens_are_the_text() {
        for (text, expected) in [
            ("", &[][..]),
            ("one", &["one"]),
            ("one two\n\nthree ", &["one ", "two\n\n", "three "]),
            (" ä ö", &[" ", "ä ", "ö"]),
        ] {
            assert_eq!(tokens(text), expected);
            assert_eq!(tokens(text).concat(), text);
        }
    }

    #[test]
    fn a_text_comes_in_order_and_ends() {
        let events = stream(&head(), &Turn::Say("a b".to_owned()), USAGE);
        let names: Vec<&str> = events.iter().map(|event| event.data["type"].as_str().unwrap()).collect();
        let (start, end) =
            (["message_start", "content_block_start", "ping"], ["content_block_stop", "message_delta", "message_stop"]);
        assert_eq!(names, [&start[..], &["content_block_delta"; 2], &end].concat());
        assert_eq!(events.iter().filter(|event| event.is_token).count(), 2);
        assert_eq!(
            events[3].text(),
            "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"a \"}}\n\n"
        );
        assert_eq!(events[6].data["usage"]["output_tokens"], 2);
    }

    #[test]
    fn a_tool_is_asked_for() {
        let tool = ToolUse { name: "Read".to_owned(), input: json!({ "file_path": "/x" }) };
        let events = stream(&head(), &Turn::Use(tool.clone()), USAGE);
        assert_eq!(events[1].data["content_block"]["name"], "Read");
        assert_eq!(events[2].data["delta"]["partial_json"], "{\"file_path\":\"/x\"}");
        assert_eq!(events[4].data["delta"]["stop_reason"], "tool_use");
        assert_eq!(whole(&head(), &Turn::Use(tool), USAGE)["content"][0]["input"], json!({ "file_path": "/x" }));
    }
}
