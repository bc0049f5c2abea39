//! The command that stands in for the real one. Each piece that it prints is the time at which it did.

use std::io::{Read, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

/// What this program is called when it is the command.
pub(crate) const NAME: &str = "stand-in-for-claude";

/// Nanoseconds since 1970.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// Answers `PIECES PAUSE START`: so many pieces, so many milliseconds between two, more or less, and before the first.
pub(crate) fn run() {
    let mut prompt = String::new();
    std::io::stdin().read_to_string(&mut prompt).unwrap();
    let mut numbers = prompt.split_whitespace().filter_map(|word| word.parse::<u64>().ok());
    let mut number = || numbers.next().unwrap_or_default();
    let (pieces, pause, start) = (number(), number(), number());
    let event = |event: Value| say(&json!({ "type": "stream_event", "event": event }));
    say(&json!({ "type": "system", "subtype": "init", "session_id": "3f1de1d2-5b7a-4f8e-9c11-2b1f6a7d8e90" }));
    event(json!({ "type": "message_start", "message": { "usage": { "input_tokens": 1 } } }));
    event(json!({ "type": "content_block_start", "index": 0, "content_block": { "type": "text" } }));
    std::thread::sleep(Duration::from_millis(start));
    let (mut text, mut chance) = (String::new(), u64::from(std::process::id()));
    for _ in 0..pieces {
        // Not all of them in step.
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        std::thread::sleep(Duration::from_millis(pause / 2 + (chance >> 33) % pause.max(1)));
        let piece = format!("{} ", now());
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
