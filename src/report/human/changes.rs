//! What is otherwise than in the last green run.

use verdict::changes::Changes;

use super::super::changes::{differences, heading, place};
use super::super::style::{Paint, Style};
use super::super::text::{one_line, wrap};
use super::LABEL;
use super::ending::labelled;

/// Each scenario's first differing hop.
pub(super) fn changes(changes: &Changes, style: Style) -> String {
    let mut text = labelled("changed", Paint::Strong, &one_line(&heading(changes)), style);
    let mut lines = |content: &str, indent: usize| {
        for line in wrap(&one_line(content), style.measure().saturating_sub(LABEL + indent)) {
            text.push_str(&format!("{:width$}{line}\n", "", width = LABEL + indent));
        }
    };
    for change in &changes.scenarios {
        lines(&place(change), 0);
        differences(change).iter().for_each(|difference| lines(difference, 2));
    }
    text
}
