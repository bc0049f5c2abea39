//! What a client may say: one JSON object a text frame.

use serde_json::Value;

/// The longest question, in bytes, and the longest frame: a question with every character escaped.
pub(super) const LONGEST: usize = 32 * 1024;
pub(super) const LONGEST_FRAME: usize = 6 * LONGEST + 1024;

/// A message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Incoming {
    Ask { message: String, conversation: Option<String> },
    Cancel { conversation: String },
    Resume { conversation: String, turn: Option<String>, after: u64 },
    Ping,
}

/// Why a message means nothing.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unclear {
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) conversation: Option<String>,
}

impl Incoming {
    pub(super) fn read(frame: &str) -> Result<Self, Unclear> {
        let unclear = |code, message: &str| Unclear { code, message: message.to_owned(), conversation: None };
        let Ok(Value::Object(fields)) = serde_json::from_str(frame) else {
            return Err(unclear("invalid_json", "a JSON object was expected"));
        };
        let conversation = uuid(fields.get("conversation_id"));
        let named = conversation.clone().ok().flatten();
        let wrong = |message: &str| Unclear { conversation: named.clone(), ..unclear("invalid_message", message) };
        let is_uuid = |field: &str| wrong(&format!("`{field}`: a UUID was expected"));
        let needed = || conversation.clone().ok().flatten().ok_or_else(|| is_uuid("conversation_id"));
        match fields.get("type").and_then(Value::as_str) {
            Some("ping") => Ok(Self::Ping),
            Some("cancel") => Ok(Self::Cancel { conversation: needed()? }),
            Some("resume") => {
                let after = match fields.get("after") {
                    None | Some(Value::Null) => 0,
                    Some(after) => after.as_u64().ok_or_else(|| wrong("`after`: a number was expected"))?,
                };
                let turn = uuid(fields.get("turn")).map_err(|()| is_uuid("turn"))?;
                Ok(Self::Resume { conversation: needed()?, turn, after })
            }
            Some("chat_request") => {
                let conversation = conversation.clone().map_err(|()| is_uuid("conversation_id"))?;
                let Some(message) = fields.get("message").and_then(Value::as_str) else {
                    return Err(wrong("`message`: a text was expected"));
                };
                let refuse =
                    |code, message: &str| Err(Unclear { conversation: named.clone(), ..unclear(code, message) });
                if message.trim().is_empty() {
                    return refuse("empty_message", "the message is empty");
                }
                if message.len() > LONGEST {
                    return refuse("message_too_long", &format!("at most {LONGEST} bytes were expected"));
                }
                if message.contains('\0') {
                    return refuse("invalid_message", "`message`: no zero characters were expected");
                }
                Ok(Self::Ask { message: message.to_owned(), conversation })
            }
            _ => {
                let message = "there is no such `type`; there are chat_request, cancel, resume and ping";
                Err(Unclear { conversation: named, ..unclear("unknown_type", message) })
            }
        }
    }
}

/// A UUID in small letters; nothing where there is none.
fn uuid(value: Option<&Value>) -> Result<Option<String>, ()> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) if is_uuid(text) => Ok(Some(text.to_ascii_lowercase())),
        Some(_) => Err(()),
    }
}

/// RFC 9562, section 4.
pub(in crate::chat) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages() {
        const ID: &str = "6F9619FF-8b86-4011-b42d-00cf4fc964ff";
        let code = |frame: &str| Incoming::read(frame).unwrap_err().code;
        assert_eq!(Incoming::read("{\"type\":\"ping\",\"x\":1}"), Ok(Incoming::Ping));
        let asked =
            Incoming::read(&format!("{{\"type\":\"chat_request\",\"message\":\"m\",\"conversation_id\":\"{ID}\"}}"));
        assert_eq!(asked, Ok(Incoming::Ask { message: "m".to_owned(), conversation: Some(ID.to_lowercase()) }));
        for (frame, expected) in [
            ("", "invalid_json"),
            ("[]", "invalid_json"),
            ("{}", "unknown_type"),
            ("{\"type\":\"chat_request\"}", "invalid_message"),
            ("{\"type\":\"chat_request\",\"message\":\" \"}", "empty_message"),
            ("{\"type\":\"chat_request\",\"message\":\"m\",\"conversation_id\":1}", "invalid_message"),
            ("{\"type\":\"cancel\"}", "invalid_message"),
            ("{\"type\":\"resume\",\"conversation_id\":\"x\"}", "invalid_message"),
        ] {
            assert_eq!(code(frame), expected, "{frame}");
        }
        let long = serde_json::json!({ "type": "chat_request", "message": "x".repeat(LONGEST + 1) }).to_string();
        assert_eq!(code(&long), "message_too_long");
    }
}
