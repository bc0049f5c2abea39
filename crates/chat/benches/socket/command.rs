//! The command that stands in for the real one. Each piece that it prints is the time at which it did.

use std::io::{Read, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

/// What this program is called when it is the command.
pub(crate) const NAME: &str = "stand-in-for-claude";

/// What a turn is to print.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Script {
    /// So many pieces,
    pub(crate) pieces: u64,
    /// so many milliseconds between two, more or less,
    pub(crate) pause: u64,
    /// and before the first. Without a pause the first piece is the time of the very first line.
    pub(crate) start: u64,
}

impl Script {
    /// As a prompt.
    pub(crate) fn prompt(self) -> String {
        format!("{} {} {}", self.pieces, self.pause, self.start)
    }

    fn of(prompt: &str) -> Self {
        let mut numbers = prompt.split_whitespace().filter_map(|word| word.parse::<u64>().ok());
        let mut number = || numbers.next().unwrap_or_default();
        Self { pieces: number(), pause: number(), start: number() }
    }
}

/// Nanoseconds since 1970.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// How long ago each of the pieces in a text was printed, in milliseconds.
pub(crate) fn delays(text: &str) -> impl Iterator<Item = f64> {
    let now = now();
    text.split_whitespace().map(move |printed| now.saturating_sub(printed.parse().unwrap()) as f64 / 1e6)
}

/// Answers the prompt on standard input.
pub(crate) fn run() {
    let mut prompt = String::new();
    std::io::stdin().read_to_string(&mut prompt).unwrap();
    let Script { pieces, pause, start } = Script::of(&prompt);
    let event = |event: Value| say(&json!({ "type": "stream_event", "event": event }));
    let mut first = Some(now()).filter(|_| start == 0);
    say(&json!({ "type": "system", "subtype": "init", "session_id": "3f1de1d2-5b7a-4f8e-9c11-2b1f6a7d8e90" }));
    event(json!({ "type": "message_start", "message": { "usage": { "input_tokens": 1 } } }));
    event(json!({ "type": "content_block_start", "index": 0, "content_block": { "type": "text" } }));
    std::thread::sleep(Duration::from_millis(start));
    let (mut text, mut chance) = (String::new(), u64::from(std::process::id()));
    for _ in 0..pieces {
        if pause > 0 {
            // Not all of them in step.
            chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            std::thread::sleep(Duration::from_millis(pause / 2 + (chance >> 33) % pause));
        }
        let piece = format!("{} ", first.take().unwrap_or_else(now));
        event(json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "text_delta", "text": piece } }));
        text.push_str(&piece);
    }
    say(&json!({ "type": "assistant", "message": { "content": [{ "type": "text", "text": text }] } }));
    let usage = json!({ "input_tokens": 1, "output_tokens": pieces });
    say(&json!({ "type": "result", "subtype": "success", "is_error": false, "result": text, "usage": usage }));
}

fn say(line: &Value) {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{line}").unwrap();
    output.flush().unwrap();
}
