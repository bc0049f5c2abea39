//! How the human report may look where it goes.

/// What the stream that people read can show: standard output with the human format, standard error with any other.
/// Whoever makes it looks at the terminal and at `NO_COLOR`; nothing in the reporters does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Colours are understood and wanted.
    pub color: bool,
    /// Lines can be overwritten: it is a terminal.
    pub live: bool,
    /// Cells in a line.
    pub width: usize,
    /// What reads the log besides people.
    pub annotations: Annotations,
}

/// Failures once more at the end, one a line, for what reads logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Annotations {
    /// Nothing reads it but people, who have seen them already.
    #[default]
    None,
    /// `file:line:column: error: …`, for a log that shows lines as they are: Woodpecker's.
    Lines,
    /// Workflow commands, which GitHub makes annotations of.
    Github,
}

/// A run of text set apart from the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Paint {
    /// All is well.
    Good,
    /// Something is wrong.
    Bad,
    /// Something needs a look.
    Odd,
    /// A heading or a label.
    Strong,
    /// Of less weight than the rest.
    Faint,
}

impl Style {
    /// No colours and no overwriting, 100 cells: what a log or a file gets.
    pub const PLAIN: Style = Style { color: false, live: false, width: 100, annotations: Annotations::None };

    /// `text` set apart by colour, where there are colours. The text must be clean already.
    pub(super) fn paint(self, paint: Paint, text: &str) -> String {
        // Select Graphic Rendition (ECMA-48, section 8.3.117).
        let code = match paint {
            Paint::Good => "1;32",
            Paint::Bad => "1;31",
            Paint::Odd => "1;33",
            Paint::Strong => "1",
            Paint::Faint => "2",
        };
        if self.color && !text.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// The width that lines are set for: wider ones are harder to read, narrower ones can't hold a table.
    pub(super) fn measure(self) -> usize {
        self.width.clamp(40, 120)
    }
}
