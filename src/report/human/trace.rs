//! The trace of a step, hop by hop: the hop where a prefix is lost can be pointed at.

use verdict::evidence::{Exchange, OAuthPhaseKind, ResponseRecord, SetCookie, StepRecord};

use super::super::style::{Paint, Style};
use super::super::text::{count, duration, one_line, size};
use super::socket::socket;

/// Cells before the text of a hop.
const INDENT: usize = 5;

/// The trace of a step; nothing where nothing was sent. URLs stand whole, so that they can be copied.
pub(in super::super) fn trace(step: &StepRecord, style: Style) -> String {
    if step.trace.is_empty() {
        return String::new();
    }
    let tries = if step.attempts > 1 { format!(", the last of {} attempts", step.attempts) } else { String::new() };
    let title = format!("`{}` ({}:{})", one_line(&step.title), one_line(&step.file), step.line);
    let mut text =
        format!("{} of {title}, {}{tries}\n", style.paint(Paint::Strong, "trace"), count(step.trace.len(), "exchange"));
    for (index, exchange) in step.trace.iter().enumerate() {
        if let Some(phase) =
            step.oauth.iter().flat_map(|oauth| &oauth.phases).find(|phase| phase.first_exchange == index)
            && let Some(heading) = heading(phase.kind)
        {
            text.push_str(&format!("     {heading}:\n"));
        }
        text.push_str(&hop(index + 1, exchange, style));
    }
    for line in step.websocket.iter().flat_map(|record| socket(record, style)) {
        text.push_str(&format!("{:INDENT$}{line}\n", ""));
    }
    text
}

/// What a part of a sign-in by OAuth tries; nothing for the sign-in itself.
fn heading(kind: OAuthPhaseKind) -> Option<&'static str> {
    match kind {
        OAuthPhaseKind::First => None,
        OAuthPhaseKind::Again => Some("a second sign-in"),
        OAuthPhaseKind::ForgedState => Some("a good code with a forged state"),
        OAuthPhaseKind::Error => Some("an error in the code's place"),
        OAuthPhaseKind::AnotherBrowser => Some("a good code in another browser"),
    }
}

fn hop(number: usize, exchange: &Exchange, style: Style) -> String {
    let request = &exchange.request;
    let mut text = format!("{number:>3}  {} {}\n", one_line(&request.method), one_line(&request.url));
    let mut line = |content: String| text.push_str(&format!("{:INDENT$}{content}\n", ""));
    if let Some(response) = &exchange.response {
        line(format!("→ {}", answer(response, exchange.duration_ms, style)));
        for cookie in &response.set_cookies {
            line(format!("  Set-Cookie: {}", self::cookie(cookie)));
        }
    }
    match (&exchange.error, &exchange.response) {
        (Some(error), _) => line(format!("→ {}", style.paint(Paint::Bad, &one_line(error)))),
        (None, None) => line(format!("→ {}", style.paint(Paint::Bad, "no response"))),
        (None, Some(_)) => {}
    }
    text
}

/// Status, where it leads, what it carries: an empty 200 without a type looks like a page to whoever asks for the
/// status alone.
fn answer(response: &ResponseRecord, milliseconds: f64, style: Style) -> String {
    let paint = match response.status {
        200..=399 => Paint::Strong,
        _ => Paint::Bad,
    };
    let mut parts = vec![style.paint(paint, &response.status.to_string())];
    if let Some(location) = response.header("location") {
        parts.push(format!("Location: {}", one_line(location)));
    }
    match response.header("content-type") {
        Some(content_type) => parts.push(one_line(content_type)),
        None if (300..400).contains(&response.status) || response.status == 101 => {}
        None => parts.push("no Content-Type".to_owned()),
    }
    parts.push(size(response.body_bytes));
    parts.push(duration(milliseconds));
    parts.join(" · ")
}

/// A cookie's name and attributes; its value is nobody's business.
fn cookie(cookie: &SetCookie) -> String {
    let mut text = one_line(&cookie.name);
    let named = [("Path", &cookie.path), ("Domain", &cookie.domain), ("SameSite", &cookie.same_site)];
    for (name, value) in named {
        if let Some(value) = value {
            text.push_str(&format!("; {name}={}", one_line(value)));
        }
    }
    for (name, present) in [("HttpOnly", cookie.http_only), ("Secure", cookie.secure)] {
        if present {
            text.push_str(&format!("; {name}"));
        }
    }
    if cookie.deleted {
        text.push_str(" (deleted)");
    }
    if let Some(refused) = &cookie.refused {
        text.push_str(&format!(" (browsers refuse it: {})", one_line(refused)));
    }
    text
}
