//! The renderer: file, line and column, the line itself, carets, then what was expected, what came, what to do.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthChar;

use super::Diagnostic;
use crate::span::{Source, Span};
use crate::text;

/// The widest part of a source line that is shown, in terminal cells. Longer lines are cut around the place.
const MAX_WIDTH: usize = 110;
/// How much of a cut line is kept before the place.
const KEPT_BEFORE: usize = 40;
/// Cells that a tab takes.
const TAB: &str = "    ";

/// Escape sequences of a terminal, or nothing.
struct Style {
    error: &'static str,
    frame: &'static str,
    strong: &'static str,
    reset: &'static str,
}

const PLAIN: Style = Style { error: "", frame: "", strong: "", reset: "" };
const COLOR: Style = Style { error: "\x1b[1;31m", frame: "\x1b[1;34m", strong: "\x1b[1m", reset: "\x1b[0m" };

pub(super) fn render(diagnostic: &Diagnostic, color: bool) -> String {
    let style = if color { &COLOR } else { &PLAIN };
    let mut out = String::new();
    let Style { error, frame, strong, reset } = style;
    push(&mut out, format_args!("{error}error{reset}{strong}: {}{reset}\n", text::lines(&diagnostic.message)));
    let widest =
        diagnostic.span.iter().chain(diagnostic.related.iter().map(|(span, _)| span)).map(|span| span.line).max();
    let gutter = widest.map_or(1, |line| line.to_string().len());
    if let Some(source) = &diagnostic.source {
        match diagnostic.span {
            Some(span) => {
                snippet(&mut out, style, gutter, source, span, "-->", '^', diagnostic.label.as_deref().unwrap_or(""));
            }
            None => push(&mut out, format_args!("{:gutter$}{frame}-->{reset} {}\n", "", text::one_line(&source.name))),
        }
        for (span, label) in &diagnostic.related {
            snippet(&mut out, style, gutter, source, *span, ":::", '-', label);
        }
    }
    let notes = [("expected", &diagnostic.expected), ("found", &diagnostic.found), ("help", &diagnostic.help)];
    // `found` is set in line with `expected`, so that the two can be compared by eye.
    let align = if diagnostic.expected.is_some() && diagnostic.found.is_some() { "expected".len() } else { 0 };
    for (name, note) in notes {
        let Some(note) = note else { continue };
        let width = if name == "help" { 0 } else { align };
        let indent = format!("\n{:1$}", "", gutter + 3 + name.len().max(width) + 2);
        let note = text::lines(note).replace('\n', &indent);
        let padding = width.saturating_sub(name.len());
        push(&mut out, format_args!("{:gutter$} {frame}={reset} {strong}{name}{reset}: {:padding$}{note}\n", "", ""));
    }
    out
}

fn push(out: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a string can't fail.
    let _ = out.write_fmt(arguments);
}

#[expect(clippy::too_many_arguments, reason = "private, and each says one thing about the same three lines")]
fn snippet(
    out: &mut String,
    style: &Style,
    gutter: usize,
    source: &Source,
    span: Span,
    arrow: &str,
    mark: char,
    label: &str,
) {
    let Style { error, frame, reset, .. } = style;
    let name = text::one_line(&source.name);
    push(out, format_args!("{:gutter$}{frame}{arrow}{reset} {name}:{}:{}\n", "", span.line, span.column));
    let window = Window::around(&source.text, span);
    let marks = mark.to_string().repeat(window.marked);
    let color = if mark == '^' { error } else { frame };
    let label = text::one_line(label);
    let space = if label.is_empty() { "" } else { " " };
    let gap = if window.shown.is_empty() { "" } else { " " };
    push(out, format_args!("{:gutter$} {frame}|{reset}\n", ""));
    push(out, format_args!("{frame}{:>gutter$} |{reset}{gap}{}\n", span.line, window.shown));
    push(
        out,
        format_args!("{:gutter$} {frame}|{reset} {:2$}{color}{marks}{space}{label}{reset}\n", "", "", window.before),
    );
}

/// The part of a line that is shown, with the cells before the carets and the number of carets.
struct Window {
    shown: String,
    before: usize,
    marked: usize,
}

impl Window {
    fn around(source: &str, span: Span) -> Self {
        let start = source.floor_char_boundary(span.start);
        let end = source.ceil_char_boundary(span.end).max(start);
        let is_break = |character| matches!(character, '\n' | '\r');
        let line_start = source[..start].rfind(is_break).map_or(0, |offset| offset + 1);
        let line_end = source[start..].find(is_break).map_or(source.len(), |offset| start + offset);
        // A byte order mark takes no cell and says nothing.
        let line_start = if source[line_start..start].starts_with('\u{feff}') { line_start + 3 } else { line_start };
        let mut before = cells(&source[line_start..start]);
        let mut marked = cells(&source[start..end.min(line_end)]);
        let mut after = cells(&source[end.min(line_end)..line_end]);
        let mut shown = String::new();
        if width(&before) + width(&marked) + width(&after) > MAX_WIDTH {
            if width(&before) > KEPT_BEFORE {
                before = keep_end(&before, KEPT_BEFORE);
                before.insert(0, "…".to_owned());
            }
            let room = MAX_WIDTH.saturating_sub(width(&before)).max(1);
            if width(&marked) > room {
                marked = keep_start(&marked, room);
                after = vec!["…".to_owned()];
            }
            let room = MAX_WIDTH.saturating_sub(width(&before) + width(&marked));
            if width(&after) > room.max(1) {
                after = keep_start(&after, room);
                after.push("…".to_owned());
            }
        }
        shown.extend(before.iter().chain(&marked).chain(&after).map(String::as_str));
        Self { shown: shown.trim_end().to_owned(), before: width(&before), marked: width(&marked).max(1) }
    }
}

/// The text as pieces of which each is shown or left out as a whole.
fn cells(text: &str) -> Vec<String> {
    let mut buffer = [0; 4];
    text.chars()
        .map(|character| match character {
            '\t' => TAB.to_owned(),
            character => text::one_line(character.encode_utf8(&mut buffer)).into_owned(),
        })
        .collect()
}

fn width(cells: &[String]) -> usize {
    cells.iter().flat_map(|cell| cell.chars()).map(|character| character.width().unwrap_or(0)).sum()
}

fn keep_start(cells: &[String], room: usize) -> Vec<String> {
    let mut used = 0;
    let fits = cells.iter().take_while(|cell| {
        used += width(std::slice::from_ref(*cell));
        used <= room
    });
    fits.cloned().collect()
}

fn keep_end(cells: &[String], room: usize) -> Vec<String> {
    let mut reversed: Vec<String> = cells.to_vec();
    reversed.reverse();
    let mut kept = keep_start(&reversed, room);
    kept.reverse();
    kept
}
