//! A scenario that ended badly: each failure at its place, and the trace of its step.

use scenario::Diagnostic;
use verdict::evidence::Journey;

use super::super::style::Style;
use super::super::text::{lines, one_line, without_commands};
use super::LABEL;
use super::logs::log;
use super::row::glyph;
use super::trace::trace;

/// What went wrong in a scenario; nothing where no step of it failed, since its line says why already.
pub(super) fn failure(journey: &Journey, diagnostics: &[Diagnostic], style: Style) -> String {
    let (word, paint) = glyph(journey.outcome);
    let heading = format!("{} ({})", one_line(&journey.name), one_line(&journey.file));
    let mut text = String::new();
    let mut located = diagnostics.iter();
    for step in &journey.steps {
        for failure in &step.failures {
            // The event's diagnostics and the record's failures are the same, in the same order; the record alone has
            // no colours.
            let rendered = match located.next() {
                Some(diagnostic) => without_commands(&diagnostic.render(style.color)),
                None => lines(&failure.rendered),
            };
            push_block(&mut text, &rendered);
        }
        if !step.failures.is_empty() {
            push_block(&mut text, &trace(step, style));
        }
    }
    for diagnostic in located {
        push_block(&mut text, &without_commands(&diagnostic.render(style.color)));
    }
    for log in &journey.logs {
        push_block(&mut text, &self::log(log, style));
    }
    if text.is_empty() {
        return text;
    }
    format!("\n{}{}{heading}\n{text}", style.paint(paint, word), " ".repeat(LABEL - word.len()))
}

/// Adds a block with an empty line before it and a line feed at its end.
fn push_block(text: &mut String, block: &str) {
    let block = block.trim_end_matches('\n');
    if !block.is_empty() {
        text.push('\n');
        text.push_str(block);
        text.push('\n');
    }
}
