//! What was tried.

use verdict::{Attempt, Proof};

use super::super::style::{Paint, Style};
use super::super::text::{duration, one_line};
use super::ending::labelled;

/// The fixes that were tried, each in a line or two.
pub(super) fn proof(attempts: &[Attempt], style: Style) -> String {
    let mut text = String::new();
    for (index, attempt) in attempts.iter().enumerate() {
        let Attempt { code, summary, outcome, seen, duration_ms, .. } = attempt;
        let paint = match outcome {
            Proof::Verified => Paint::Good,
            Proof::Refuted => Paint::Bad,
            Proof::Untried => Paint::Odd,
        };
        let outcome = if *outcome == Proof::Untried { "not proved" } else { outcome.as_str() };
        let what = format!("{}: {}", one_line(code), one_line(summary).trim_end_matches('.'));
        text.push_str(&labelled(if index == 0 { "tried" } else { "" }, Paint::Strong, &what, style));
        let what = format!("{outcome} after {}: {}", duration(*duration_ms), one_line(seen));
        text.push_str(&style.paint(paint, &labelled("", Paint::Strong, &what, style)));
    }
    text
}
