//! What went over a WebSocket: its last frames, and how it ended.

use verdict::evidence::{Direction, Ending, EndingKind, FrameKind, FrameRecord, WebSocketRecord};

use super::super::style::{Paint, Style};
use super::super::text::{count, duration, one_line, size};

/// The most frames that are shown; the last ones lead to the failure.
const SHOWN: usize = 12;
/// The most characters of a frame's content that are shown.
const CONTENT: usize = 80;

/// The WebSocket of a step, a line each, without indentation.
pub(super) fn socket(record: &WebSocketRecord, style: Style) -> Vec<String> {
    let mut lines = vec![format!(
        "WebSocket: open for {}, {} sent, {} received",
        duration(record.open_ms),
        count(usize::try_from(record.sent).unwrap_or(usize::MAX), "frame"),
        record.received
    )];
    let left_out = record.frames.len().saturating_sub(SHOWN);
    if left_out > 0 {
        lines.push(format!("  … {} before", count(left_out + usize::try_from(record.omitted).unwrap_or(0), "frame")));
    }
    lines.extend(record.frames.iter().skip(left_out).map(frame));
    lines.push(ending(&record.ending, style));
    lines
}

fn frame(frame: &FrameRecord) -> String {
    let word = match frame.direction {
        Direction::Sent => "sent",
        Direction::Received => "came",
    };
    let mut parts = vec![format!("  {word} {}", frame.kind.as_str())];
    match frame.kind {
        FrameKind::Close => parts.extend(frame.code.map(|code| code.to_string())),
        _ => parts.push(size(frame.bytes)),
    }
    parts.push(format!("at {}", duration(frame.at_ms)));
    if let Some(excerpt) = &frame.excerpt {
        let text = one_line(excerpt);
        let beginning: String = text.chars().take(CONTENT).collect();
        let more = if beginning.len() < text.len() { "…" } else { "" };
        parts.push(format!("{beginning}{more}"));
    }
    parts.join(" · ")
}

fn ending(ending: &Ending, style: Style) -> String {
    let code = ending.code.map(|code| format!(" with {code}")).unwrap_or_default();
    let reason = ending.reason.as_ref().map(|reason| format!(": {}", one_line(reason))).unwrap_or_default();
    let (words, is_bad) = match ending.how {
        EndingKind::ClosedByClient => (format!("closed by us{code}{reason}"), false),
        EndingKind::ClosedByServer => (format!("closed by the server{code}{reason}"), false),
        EndingKind::Cut => (format!("cut without a close frame{reason}"), true),
        EndingKind::Broken => (format!("against the protocol{reason}"), true),
        EndingKind::TooLarge => (format!("more came than is read{reason}"), true),
        EndingKind::StillOpen => ("still open when the step ended".to_owned(), false),
    };
    format!("  {}", if is_bad { style.paint(Paint::Bad, &words) } else { words })
}
