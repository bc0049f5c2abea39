//! What of a Markdown text is code, told as the text comes.

/// The longest beginning of a line that is looked at; a fence stands at its first columns.
const LINE_HEAD: usize = 128;

/// Follows a text through its fenced blocks and spans of code.
#[derive(Debug, Default)]
pub(super) struct Fences {
    /// The open block's character and how many of it opened it.
    open: Option<(char, usize)>,
    line: String,
    /// How many backticks the line has had.
    ticks: usize,
}

impl Fences {
    /// Goes over the next piece of the text.
    pub(super) fn pass(&mut self, text: &str) {
        for character in text.chars() {
            if character == '\n' {
                self.end_line();
                continue;
            }
            if character == '`' {
                self.ticks += 1;
            }
            if self.line.len() < LINE_HEAD {
                self.line.push(character);
            }
        }
    }

    /// Whether what comes next is code.
    pub(super) fn in_code(&self) -> bool {
        self.open.is_some() || self.ticks % 2 == 1 || fence(&self.line).is_some()
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        self.ticks = 0;
        match (self.open, fence(&line)) {
            // The text after backticks that open a block holds none; otherwise they are a span of code.
            (None, Some((mark, count, rest))) if mark != '`' || !rest.contains('`') => {
                self.open = Some((mark, count));
            }
            (Some((mark, least)), Some((other, count, rest)))
                if mark == other && count >= least && rest.trim().is_empty() =>
            {
                self.open = None;
            }
            _ => {}
        }
    }
}

/// A line's fence: its character, how many there are, and what follows.
fn fence(line: &str) -> Option<(char, usize, &str)> {
    let text = line.trim_start_matches(' ');
    // Deeper than this it is in a list, where an indented fence counts too.
    if line.len() - text.len() > 12 {
        return None;
    }
    let mark = text.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
    let rest = text.trim_start_matches(mark);
    let count = text.len() - rest.len();
    (count >= 3).then_some((mark, count, rest))
}
