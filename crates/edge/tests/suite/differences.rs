//! Where the in-process edge differs from Caddy, each with its reason. All else must be the same.

use crate::requests::Case;
use crate::wire::Message;

/// Whether the in-process edge refuses a target that Caddy takes: hyper answers 400 to some of the characters that no URI has (RFC 3986,
/// appendix A), as RFC 9112, section 3.2 advises, and Go's server to none of them.
pub(crate) fn refuses(case: &Case) -> bool {
    let (path, query) = case.target.split_once('?').unwrap_or((&case.target, ""));
    path.contains(['<', '>', '`']) || query.contains(['"', '<'])
}

/// What is compared of an answer.
pub(crate) fn answer(answer: &Message) -> Vec<String> {
    if matches!(answer.status(), 400 | 413 | 502) {
        // The words of a refusal, and whether there are any, are each server's own.
        return vec![answer.status().to_string()];
    }
    let mut lines = vec![answer.start.clone(), format!("content: {}", answer.text())];
    for (name, value) in &answer.fields {
        match name.as_str() {
            // Each has a clock of its own.
            "date" => {}
            // Caddy names itself in its own answers; the in-process edge has no product to name.
            "server" if value == "Caddy" => {}
            // Whether the connection is kept is each server's affair. (`Upgrade` is compared.)
            "connection" if value == "close" => {}
            // Go's server guesses a type where the service sent none. A guess misleads whoever tests the service, so there is none here.
            "content-type" if answer.status() == 401 && value == "text/plain; charset=utf-8" => {}
            _ => lines.push(field(name, value)),
        }
    }
    lines.sort();
    lines
}

/// What is compared of a request that a service saw.
pub(crate) fn request(case: &Case, request: &Message) -> Vec<String> {
    let asked_for_encoding = case.fields.iter().any(|field| field.starts_with("Accept-Encoding"));
    let mut lines = vec![request.start.clone(), format!("content: {}", request.text())];
    for (name, value) in &request.fields {
        match name.as_str() {
            // Go's client asks for gzip where the browser asked for nothing, and unpacks the answer again: nobody sees it but the service.
            "accept-encoding" if value == "gzip" && !asked_for_encoding => {}
            _ => lines.push(field(name, value)),
        }
    }
    lines.sort();
    lines
}

/// In `Via` each gives its own name (RFC 9110, section 7.6.3).
fn field(name: &str, value: &str) -> String {
    let value =
        if name == "via" { value.replace("Caddy", "EDGE").replace("edge-smoke", "EDGE") } else { value.to_owned() };
    format!("{name}: {value}")
}
