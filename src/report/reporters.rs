//! The one door: takes events as they come, and the report at the end.

use std::fmt;
use std::io::{self, Write};
use std::path::Path;
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::human::Human;
use super::{Report, Style, WriteError, annotations, files, junit, markdown};
use crate::engine::events::{Event, Sink};

/// What goes to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// The report for people, as it happens.
    #[default]
    Human,
    /// `report.json`.
    Json,
    /// `junit.xml`.
    Junit,
    /// GitHub's workflow commands, which become annotations.
    Github,
    /// `summary.md`.
    Markdown,
}

impl Format {
    /// All of them, in the order in which they are shown.
    pub const ALL: &'static [Format] = &[Format::Human, Format::Json, Format::Junit, Format::Github, Format::Markdown];

    /// The name on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Format::Human => "human",
            Format::Json => "json",
            Format::Junit => "junit",
            Format::Github => "github",
            Format::Markdown => "markdown",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Format::ALL.iter().copied().find(|format| format.as_str() == text).ok_or_else(|| {
            let names: Vec<&str> = Format::ALL.iter().map(|format| format.as_str()).collect();
            format!("expected one of {}, found `{text}`", names.join(", "))
        })
    }
}

/// The report could not be delivered; the verdict stands all the same.
#[derive(Debug, thiserror::Error)]
pub enum FinishError {
    /// A file could not be written. It was said in the human report already.
    #[error(transparent)]
    File(#[from] WriteError),
    /// Standard output or standard error could not be written to.
    #[error("could not write the report to the terminal or pipe: {0}")]
    Stream(#[from] io::Error),
    /// The report could not be put into JSON.
    #[error("could not write the report as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// All reporters of a run.
pub struct Reporters {
    format: Format,
    state: Mutex<State>,
}

struct State {
    human: Human,
    /// Where a format for programs goes.
    out: Option<Box<dyn Write + Send>>,
}

impl fmt::Debug for Reporters {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Reporters").field("format", &self.format).finish_non_exhaustive()
    }
}

impl Reporters {
    /// Reporters that write `format` to `out`. With a format for programs, what is for people goes to `err`; `style` is
    /// that of the stream which people read.
    pub fn new(format: Format, style: Style, out: Box<dyn Write + Send>, err: Box<dyn Write + Send>) -> Self {
        let (people, programs) = match format {
            Format::Human => (out, None),
            Format::Json | Format::Junit | Format::Github | Format::Markdown => (err, Some(out)),
        };
        Self { format, state: Mutex::new(State { human: Human::new(style, people), out: programs }) }
    }

    /// Takes lines that are there only for the moment off the terminal: before anything else is written to it, and when
    /// a run is given up.
    pub fn clear(&self) {
        self.state().human.clear();
    }

    /// Writes the files into `report_dir`, says what the run came to, and writes what programs asked for.
    ///
    /// # Errors
    /// A file or a stream could not be written. All that can be shown has been shown by then, the verdict included.
    pub fn finish(&self, report: &Report, report_dir: &Path) -> Result<(), FinishError> {
        let mut state = self.state();
        let json = report.to_json()?;
        let (junit, markdown) = (junit::junit(report), markdown::markdown(report));
        // The JSON last: whoever waits for it finds the others there.
        let written =
            files::write(report_dir, &[("junit.xml", &junit), ("summary.md", &markdown), ("report.json", &json)]);
        let place = written.as_ref().map(|folder| folder.join("report.json"));
        let shown = state.human.finish(report, place.as_ref().map(AsRef::as_ref).map_err(|error| *error));
        let delivered = match &mut state.out {
            None => Ok(()),
            Some(out) => {
                let text = match self.format {
                    Format::Json => json,
                    Format::Junit => junit,
                    Format::Markdown => markdown,
                    Format::Github => annotations::github(report),
                    Format::Human => String::new(),
                };
                out.write_all(text.as_bytes()).and_then(|()| out.flush())
            }
        };
        written?;
        delivered?;
        shown?;
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere must not cost the report.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink for Reporters {
    fn emit(&self, event: Event) {
        self.state().human.on(event);
    }
}
