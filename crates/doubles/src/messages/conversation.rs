//! What a request holds: the conversation so far, as far as it matters for an answer.

use serde_json::Value;

/// What was said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Conversation {
    /// The last thing that a person said.
    pub(super) prompt: String,
    /// How many things a person has said.
    pub(super) prompts: usize,
    /// What the tools gave that were used since.
    pub(super) results: Vec<String>,
    /// How many words there are in all, which stands for the number of tokens.
    pub(super) words: u64,
}

/// Reads the `messages` of a request. What is written by roles other than `user` and `assistant` counts as words alone.
pub(super) fn read(messages: &[Value]) -> Conversation {
    let mut conversation = Conversation::default();
    for message in messages {
        let blocks = blocks(&message["content"]);
        conversation.words += blocks.iter().map(|block| text(block).split_whitespace().count() as u64).sum::<u64>();
        if message["role"] != "user" {
            continue;
        }
        let results = blocks.iter().filter(|block| block["type"] == "tool_result");
        conversation.results.extend(results.map(text));
        let said: Vec<String> = blocks.iter().filter(|block| is_said(block)).map(text).collect();
        if !said.is_empty() {
            conversation.prompt = said.join("\n").trim_end().to_owned();
            conversation.prompts += 1;
            conversation.results.clear();
        }
    }
    conversation
}

/// The blocks of a content, which may also be a bare text.
fn blocks(content: &Value) -> Vec<Value> {
    match content {
        Value::String(text) => vec![serde_json::json!({ "type": "text", "text": text })],
        Value::Array(blocks) => blocks.clone(),
        _ => Vec::new(),
    }
}

/// Whether a person said it. Clients wrap in tags what they put in by themselves.
fn is_said(block: &Value) -> bool {
    let text = block["text"].as_str().unwrap_or_default().trim();
    block["type"] == "text" && !text.is_empty() && !text.starts_with("<system-reminder>")
}

/// All the text in a block.
fn text(block: &Value) -> String {
    match (&block["text"], &block["content"]) {
        (Value::String(text), _) | (_, Value::String(text)) => text.clone(),
        (_, Value::Array(blocks)) => blocks.iter().map(text).collect::<Vec<_>>().join("\n"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read_all(messages: Value) -> Conversation {
        read(messages.as_array().unwrap())
    }

    #[test]
    fn prompts_are_counted_and_the_last_one_stands() {
        let conversation = read_all(json!([
            { "role": "user", "content": "first\n" },
            { "role": "assistant", "content": [{ "type": "text", "text": "yes" }] },
            { "role": "user", "content": [
                { "type": "text", "text": "<system-reminder>today is</system-reminder>" },
                { "type": "text", "text": "second one" },
            ] },
            { "role": "system", "content": [{ "type": "text", "text": "you are" }] },
        ]));
        assert_eq!((conversation.prompt.as_str(), conversation.prompts), ("second one", 2));
        assert_eq!(conversation.words, 1 + 1 + 2 + 2 + 2);
        assert!(conversation.results.is_empty());
    }

    #[test]
    fn results_are_those_since_the_last_prompt() {
        let used = |id: &str, content: Value| json!({ "role": "user", "content": [{ "type": "tool_result", "tool_use_id": id, "content": content }] });
        let conversation = read_all(json!([
            { "role": "user", "content": "read it" },
            used("a", json!("old")),
            { "role": "user", "content": "again" },
            used("b", json!([{ "type": "text", "text": "new" }])),
            used("c", json!("newer")),
        ]));
        assert_eq!(conversation.results, ["new", "newer"]);
        assert_eq!((conversation.prompt.as_str(), conversation.prompts), ("again", 2));
    }

    #[test]
    fn what_makes_no_sense_says_nothing() {
        for message in [json!(null), json!(7), json!({ "role": "user" }), json!({ "role": "user", "content": [{}] })] {
            assert_eq!(read(&[message]), Conversation::default());
        }
    }
}
