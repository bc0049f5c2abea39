//! The log of a service.

use verdict::evidence::ServiceLog;

use super::super::style::{Paint, Style};
use super::super::text::{count, one_line};

/// The last lines of a service's log. They are not wrapped: a line of a log should stay one that can be searched for.
pub(in super::super) fn log(log: &ServiceLog, style: Style) -> String {
    if log.lines.is_empty() {
        return String::new();
    }
    let what = style.paint(Paint::Strong, "log");
    let mut text = format!("{what} of {}, the last {}\n", one_line(&log.service), count(log.lines.len(), "line"));
    for line in &log.lines {
        text.push_str(&format!("  | {}\n", one_line(line)));
    }
    text
}
