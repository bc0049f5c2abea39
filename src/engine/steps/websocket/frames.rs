//! What is expected of a frame, and what is kept of it.

use base64::Engine as _;
use scenario::Redactor;
use scenario::model::{Capture, CaptureSource, FrameExpectation, FrameSubject};
use scenario::predicate::{self, Found, Mismatch, MismatchKind};
use verdict::evidence::{FailureKind, FrameKind};

use super::connection::NO_CODE;
use super::words::describe;
use crate::engine::capture::apply;
use crate::engine::content::list;
use crate::engine::expect::{json_path, shown};
use crate::engine::problem::Problem;
use crate::engine::socket::Frame;
use crate::engine::steps::Acting;

/// Why a frame isn't what is expected.
pub(super) struct Unfit<'a> {
    expectation: &'a FrameExpectation,
    why: Why,
}

enum Why {
    /// What was looked at isn't what it should be.
    Mismatch(Mismatch),
    /// It can't be looked at: what was expected, what came, what to do.
    Other(&'static str, String, Option<&'static str>),
}

/// Holds a frame against what is expected of it.
///
/// # Errors
/// `Err` where the scenario is wrong; `Ok(Some(…))` where the frame is.
pub(super) fn look<'a>(
    frame: &Frame,
    expected: &'a [FrameExpectation],
    acting: &Acting<'_>,
    redactor: &Redactor,
) -> Result<Option<Unfit<'a>>, Problem> {
    for expectation in expected {
        let found = match observe(frame, &expectation.subject, acting)? {
            Ok(found) => found,
            Err(why) => return Ok(Some(Unfit { expectation, why })),
        };
        let checked = predicate::check(&expectation.predicate, &found, &|name| acting.lookup(name), redactor);
        match checked {
            Ok(()) => {}
            Err(mismatch) if mismatch.kind == MismatchKind::Unsatisfied => {
                return Ok(Some(Unfit { expectation, why: Why::Mismatch(mismatch) }));
            }
            Err(mismatch) => return Err(mistaken(mismatch, expectation.span, acting)),
        }
    }
    Ok(None)
}

/// A predicate that makes no sense once its variables have their values.
pub(super) fn mistaken(mismatch: Mismatch, span: scenario::Span, acting: &Acting<'_>) -> Problem {
    match mismatch.kind {
        MismatchKind::Unresolved(unresolved) => {
            Problem::unresolved(&acting.planned.source, &unresolved, &acting.names())
        }
        MismatchKind::Invalid(reason) => Problem::scenario(acting.diagnostic(mismatch.span.unwrap_or(span), reason)),
        MismatchKind::Unsatisfied => Problem::scenario(acting.diagnostic(span, mismatch.to_string())),
    }
}

fn observe(frame: &Frame, subject: &FrameSubject, acting: &Acting<'_>) -> Result<Result<Found, Why>, Problem> {
    let text = || String::from_utf8_lossy(&frame.content).into_owned();
    let other = |expected| Ok(Err(Why::Other(expected, describe(frame), None)));
    Ok(Ok(match (subject, frame.kind) {
        (FrameSubject::Text, FrameKind::Text) | (FrameSubject::Pong, FrameKind::Pong) => Found::Text(text()),
        (FrameSubject::Text, _) => return other("a text frame"),
        (FrameSubject::Pong, _) => return other("a pong"),
        (FrameSubject::Binary, FrameKind::Binary) => {
            Found::Text(base64::engine::general_purpose::STANDARD.encode(&frame.content))
        }
        (FrameSubject::Binary, _) => return other("a binary frame"),
        (FrameSubject::Json(path), FrameKind::Text | FrameKind::Binary) => {
            let compiled = json_path(&acting.render(&path.value)?, &acting.planned.source, path.span)?;
            match serde_json::from_slice::<serde_json::Value>(&frame.content) {
                Ok(document) => {
                    list(compiled.query(&document).iter().map(|node| Found::Json((*node).clone())).collect())
                }
                Err(error) => {
                    let beginning = text().chars().take(60).collect::<String>().escape_debug().to_string();
                    let found = format!("{} that begins with `{beginning}` ({error})", describe(frame));
                    return Ok(Err(Why::Other("JSON", found, None)));
                }
            }
        }
        (FrameSubject::Json(_), _) => return other("a frame with JSON"),
        (FrameSubject::CloseCode, FrameKind::Close) => Found::Number(f64::from(frame.code.unwrap_or(NO_CODE))),
        (FrameSubject::CloseReason, FrameKind::Close) => Found::Text(text()),
        (FrameSubject::CloseCode | FrameSubject::CloseReason, _) => {
            let help = "take what comes before it with turns of its own, or pass it over with `skip: true`";
            return Ok(Err(Why::Other("the server's close frame", describe(frame), Some(help))));
        }
    }))
}

impl Unfit<'_> {
    /// What was expected, and what came, in a clause.
    pub(super) fn clause(&self) -> String {
        match &self.why {
            Why::Mismatch(mismatch) => format!("{}, not {}", mismatch.found, mismatch.expected),
            Why::Other(expected, found, _) => format!("{found}, not {expected}"),
        }
    }

    /// The same as a problem. `place` says which frame it was.
    pub(super) fn problem(self, place: String, acting: &Acting<'_>) -> Problem {
        let message = format!("{} is not what was expected", name(&self.expectation.subject));
        let diagnostic = match self.why {
            Why::Mismatch(mismatch) => {
                let span = mismatch.span.unwrap_or(self.expectation.span);
                let mut diagnostic =
                    acting.diagnostic(span, message).label(place).expected(mismatch.expected).found(mismatch.found);
                diagnostic.help = mismatch.help;
                diagnostic
            }
            Why::Other(expected, found, help) => {
                let mut diagnostic =
                    acting.diagnostic(self.expectation.span, message).label(place).expected(expected).found(found);
                diagnostic.help = help.map(str::to_owned);
                diagnostic
            }
        };
        Problem { kind: FailureKind::Expectation, diagnostic }
    }
}

fn name(subject: &FrameSubject) -> String {
    match subject {
        FrameSubject::Text => "the frame's text".to_owned(),
        FrameSubject::Json(path) => format!("the frame's JSON at `{}`", shown(&path.value)),
        FrameSubject::Binary => "the binary frame".to_owned(),
        FrameSubject::Pong => "the pong".to_owned(),
        FrameSubject::CloseCode => "the close code".to_owned(),
        FrameSubject::CloseReason => "the reason of the close frame".to_owned(),
    }
}

/// The value that a capture finds in a frame.
pub(super) fn captured(capture: &Capture, frame: &Frame, acting: &Acting<'_>) -> Result<String, Problem> {
    let nothing = |found: String| Problem {
        kind: FailureKind::Expectation,
        diagnostic: acting
            .diagnostic(capture.name.span, format!("there is nothing to capture as `{}`", capture.name.value))
            .label(describe(frame))
            .found(found)
            .help("look at the frames below: it may be another one than the scenario means"),
    };
    let text = match &capture.from {
        CaptureSource::Json(path) => {
            let compiled = json_path(&acting.render(&path.value)?, &acting.planned.source, path.span)?;
            let document: serde_json::Value =
                serde_json::from_slice(&frame.content).map_err(|error| nothing(format!("no JSON: {error}")))?;
            match compiled.query(&document).first() {
                Some(serde_json::Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
                None => return Err(nothing("no node at that path".to_owned())),
            }
        }
        _ if frame.kind == FrameKind::Binary => base64::engine::general_purpose::STANDARD.encode(&frame.content),
        _ => String::from_utf8_lossy(&frame.content).into_owned(),
    };
    let Some(pattern) = &capture.regex else { return Ok(text) };
    let rendered = acting.render(&pattern.value)?;
    match apply(&rendered, &text) {
        Ok(Some(part)) => Ok(part),
        Ok(None) => Err(nothing(format!("no match of `{rendered}`"))),
        Err(error) => Err(Problem::scenario(
            acting.diagnostic(pattern.span, format!("`{rendered}` is no regular expression")).found(error),
        )),
    }
}
