//! One line a scenario.

use verdict::evidence::{Journey, Outcome};

use super::super::style::{Paint, Style};
use super::super::text::{count, duration, left, one_line, right, shorten, wrap};
use super::LABEL;

/// Cells of the column for the number of steps.
const STEPS: usize = 9;
/// Cells of the column for the time.
const TIME: usize = 8;
/// Cells between two columns.
const GAP: usize = 2;

/// The word for an outcome, and how it is set.
pub(super) fn glyph(outcome: Outcome) -> (&'static str, Paint) {
    match outcome {
        Outcome::Passed => ("PASS", Paint::Good),
        Outcome::Failed => ("FAIL", Paint::Bad),
        Outcome::Skipped => ("SKIP", Paint::Faint),
        Outcome::Errored => ("ERROR", Paint::Odd),
    }
}

/// The line of a scenario that ended, and the reason below it where there is one.
pub(super) fn row(journey: &Journey, style: Style) -> String {
    let (word, paint) = glyph(journey.outcome);
    let (name, file) = (one_line(&journey.name), one_line(&journey.file));
    let room = style.measure().saturating_sub(LABEL);
    let label = style.paint(paint, word) + &" ".repeat(LABEL - word.len());
    let numbers = STEPS + TIME + 2 * GAP;
    let mut text = label;
    // Where there is no room for a table, the name is what counts.
    let Some(names) = room.checked_sub(numbers + GAP).filter(|names| *names >= 20) else {
        text.push_str(&shorten(&name, room));
        text.push('\n');
        return text + &reason(journey, room, style);
    };
    let name_room = names * 11 / 20;
    text.push_str(&left(&name, name_room));
    text.push_str(&" ".repeat(GAP));
    if journey.outcome == Outcome::Skipped {
        text.push_str(&style.paint(Paint::Faint, &shorten(&file, names - name_room)));
    } else {
        text.push_str(&style.paint(Paint::Faint, &left(&file, names - name_room)));
        text.push_str(&" ".repeat(GAP));
        text.push_str(&right(&count(journey.steps_taken(), "step"), STEPS));
        text.push_str(&" ".repeat(GAP));
        text.push_str(&right(&duration(journey.duration_ms), TIME));
    }
    text.push('\n');
    text + &reason(journey, room, style)
}

fn reason(journey: &Journey, room: usize, style: Style) -> String {
    let Some(reason) = &journey.reason else { return String::new() };
    let lines = wrap(&one_line(reason), room);
    lines.iter().map(|line| format!("{:LABEL$}{}\n", "", style.paint(Paint::Faint, line))).collect()
}
