//! What a client may say: one JSON object a text frame.

use serde_json::{Map, Value};
use uuid::Uuid;

/// The longest question, in bytes.
pub const LONGEST_MESSAGE: usize = 32 * 1024;

/// The longest frame: a question whose every character is escaped, and what is around it.
pub const LONGEST_FRAME: usize = 6 * LONGEST_MESSAGE + 1024;

/// A message of the client's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    /// A question, in a conversation or in a new one.
    ChatRequest {
        /// What is asked.
        message: String,
        /// The conversation; a new one where it isn't named, or named for the first time.
        conversation: Option<Uuid>,
    },
    /// End the turn of this conversation.
    Cancel {
        /// The conversation.
        conversation: Uuid,
    },
    /// Hand out what came since, and what will come.
    Resume {
        /// The conversation.
        conversation: Uuid,
        /// The turn that the client saw the beginning of.
        turn: Option<Uuid>,
        /// The last `seq` that it saw; 0 for none.
        after: u64,
    },
    /// Say `pong`.
    Ping,
}

/// Why a message can't be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misunderstood {
    /// For programs.
    pub code: &'static str,
    /// For people: what was expected.
    pub message: String,
    /// The conversation that it was about, where that could be read.
    pub conversation: Option<Uuid>,
}

impl Incoming {
    /// Reads a frame. Fields that aren't known are passed over, as clients of other versions send them.
    ///
    /// # Errors
    /// It is no JSON, of an unknown type, or one of its fields isn't as it should be.
    pub fn read(frame: &str) -> Result<Self, Misunderstood> {
        let unclear = |code, message: String| Misunderstood { code, message, conversation: None };
        let value: Value = serde_json::from_str(frame)
            .map_err(|error| unclear("invalid_json", format!("a JSON object was expected: {error}")))?;
        let Value::Object(fields) = value else {
            return Err(unclear("invalid_json", "a JSON object was expected".to_owned()));
        };
        let fields = Fields(fields);
        let Some(kind) = fields.0.get("type").and_then(Value::as_str) else {
            return Err(unclear("unknown_type", "a field `type` with a text was expected".to_owned()));
        };
        match kind {
            "chat_request" => fields.question(),
            "cancel" => Ok(Self::Cancel { conversation: fields.needed("conversation_id")? }),
            "resume" => Ok(Self::Resume {
                conversation: fields.needed("conversation_id")?,
                turn: fields.uuid("turn")?,
                after: match fields.0.get("after") {
                    None | Some(Value::Null) => 0,
                    Some(after) => after.as_u64().ok_or_else(|| fields.wrong("`after`: a number was expected"))?,
                },
            }),
            "ping" => Ok(Self::Ping),
            _ => Err(Misunderstood {
                code: "unknown_type",
                message: "there is no such `type`; there are chat_request, cancel, resume and ping".to_owned(),
                conversation: fields.uuid("conversation_id").ok().flatten(),
            }),
        }
    }
}

struct Fields(Map<String, Value>);

impl Fields {
    fn question(self) -> Result<Incoming, Misunderstood> {
        let conversation = self.uuid("conversation_id")?;
        let Some(message) = self.0.get("message").and_then(Value::as_str) else {
            return Err(self.wrong("`message`: a text was expected"));
        };
        let refuse = |code, message: String| Err(Misunderstood { code, message, conversation });
        if message.trim().is_empty() {
            return refuse("empty_message", "the message is empty".to_owned());
        }
        if message.len() > LONGEST_MESSAGE {
            return refuse("message_too_long", format!("at most {LONGEST_MESSAGE} bytes were expected"));
        }
        // It becomes an argument of a command, and those end at a zero.
        if message.contains('\0') {
            return refuse("invalid_message", "`message`: no zero characters were expected".to_owned());
        }
        Ok(Incoming::ChatRequest { message: message.to_owned(), conversation })
    }

    fn uuid(&self, field: &str) -> Result<Option<Uuid>, Misunderstood> {
        match self.0.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(value) => {
                let uuid = value.as_str().and_then(|text| Uuid::try_parse(text).ok());
                uuid.map(Some).ok_or_else(|| self.wrong(&format!("`{field}`: a UUID was expected")))
            }
        }
    }

    fn needed(&self, field: &str) -> Result<Uuid, Misunderstood> {
        self.uuid(field)?.ok_or_else(|| self.wrong(&format!("`{field}`: a UUID was expected")))
    }

    fn wrong(&self, message: &str) -> Misunderstood {
        let conversation = self.0.get("conversation_id").and_then(Value::as_str);
        Misunderstood {
            code: "invalid_message",
            message: message.to_owned(),
            conversation: conversation.and_then(|text| Uuid::try_parse(text).ok()),
        }
    }
}
