//! The report for people: what happens as it happens, then what failed and where, what was found, and the verdict.
//!
//! Every line of it is made by a pure function; [`Human`] decides when, and is the only one that writes.

mod changes;
mod ending;
mod failures;
mod findings;
mod head;
mod logs;
mod progress;
mod proof;
mod row;
mod socket;
mod trace;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use scenario::Diagnostic;

use super::text::without_leading_command;
use super::{Annotations, Report, Style, WriteError, annotations};
use crate::engine::events::Event;
use progress::Progress;

pub(super) use logs::log;
pub(super) use trace::trace;

/// Cells of the column that says what a line is about.
const LABEL: usize = 8;

/// Writes the report for people.
pub(super) struct Human {
    style: Style,
    to: Box<dyn Write + Send>,
    progress: Progress,
    /// Lines that are there only until something else is written.
    live_lines: usize,
    notices: usize,
    /// Something stands on the stream.
    wrote: bool,
    /// The scenarios were shown as they ended.
    played: bool,
    /// The located failures of each scenario, by its place in the run.
    diagnostics: BTreeMap<usize, Vec<Diagnostic>>,
    /// The first error in writing; a reader who leaves early (`| head`) is none.
    error: Option<io::Error>,
}

impl Human {
    pub(super) fn new(style: Style, to: Box<dyn Write + Send>) -> Self {
        let progress = Progress::default();
        Self {
            style,
            to,
            progress,
            live_lines: 0,
            notices: 0,
            wrote: false,
            played: false,
            diagnostics: BTreeMap::new(),
            error: None,
        }
    }

    /// Shows what an event says.
    pub(super) fn on(&mut self, event: Event) {
        self.progress.on(&event);
        let text = match event {
            Event::Notice(text) => {
                self.notices += 1;
                head::notice(&text, self.notices == 1, self.style)
            }
            // On a terminal the live line says it.
            Event::StackProgress(_) if self.style.live => String::new(),
            Event::StackProgress(text) => head::progress(&text, self.style),
            Event::StackReady(facts) => head::stack(&facts, self.style),
            Event::RunStarted { scenarios } => {
                self.played = true;
                head::run(scenarios, self.style)
            }
            Event::ScenarioStarted { .. } | Event::StepFinished { .. } => String::new(),
            Event::ScenarioFinished { index, journey, diagnostics } => {
                self.diagnostics.insert(index, diagnostics);
                row::row(&journey, self.style)
            }
        };
        self.show(&text);
    }

    /// Shows what came of it all, after the scenarios themselves where no events told of them, and where the report was, or could not be, written.
    ///
    /// # Errors
    /// The first error in writing, now or before.
    pub(super) fn finish(&mut self, report: &Report, written: Result<&Path, &WriteError>) -> io::Result<()> {
        if !self.played {
            self.replay(report);
        }
        self.progress = Progress::default();
        let mut text = String::new();
        for (index, journey) in report.scenarios.iter().enumerate() {
            // The report's journey rather than the event's: it has the logs, which are asked for after the end.
            let diagnostics = self.diagnostics.get(&index).map_or(&[][..], Vec::as_slice);
            text.push_str(&failures::failure(journey, diagnostics, self.style));
        }
        for finding in &report.findings {
            text.push('\n');
            text.push_str(&findings::finding(finding, self.style));
        }
        if let Some(changes) = report.changes.as_ref().filter(|changes| !changes.scenarios.is_empty()) {
            text.push('\n');
            text.push_str(&changes::changes(changes, self.style));
        }
        if !report.proof.is_empty() {
            text.push('\n');
            text.push_str(&proof::proof(&report.proof, self.style));
        }
        text.push('\n');
        text.push_str(&ending::ending(report, written, self.style));
        // Nothing stands above a report without a stack, a scenario or an event.
        self.show(if self.wrote { &text } else { text.trim_start_matches('\n') });
        if self.style.annotations == Annotations::Github {
            // Past the disarming of what looks like a command: these are meant as such, and escape what they quote.
            self.write(&annotations::github(report));
        }
        self.error.take().map_or(Ok(()), Err)
    }

    /// Tells a report's scenarios as if they had just run: a merged report comes without events, and a stack that never
    /// stood ends before them.
    fn replay(&mut self, report: &Report) {
        if let Some(stack) = &report.stack {
            self.on(Event::StackReady(stack.clone()));
        }
        if report.scenarios.is_empty() {
            return;
        }
        self.on(Event::RunStarted { scenarios: report.scenarios.len() });
        for (index, journey) in report.scenarios.iter().enumerate() {
            self.on(Event::ScenarioFinished { index, journey: journey.clone(), diagnostics: Vec::new() });
        }
    }

    /// Takes the live lines away.
    pub(super) fn clear(&mut self) {
        self.progress = Progress::default();
        self.show("");
    }

    /// Writes `text` above the live lines, and those anew.
    fn show(&mut self, text: &str) {
        let mut out = String::new();
        if self.live_lines > 0 {
            // Up to the first live line, then erase to the end of the screen (ECMA-48, CUU and ED).
            out.push_str(&format!("\x1b[{}A\r\x1b[J", self.live_lines));
        }
        for line in text.split_inclusive('\n') {
            out.push_str(&without_leading_command(line));
        }
        let live = if self.style.live { self.progress.lines(self.style) } else { Vec::new() };
        self.live_lines = live.len();
        for line in live {
            out.push_str(&line);
            out.push('\n');
        }
        if !out.is_empty() {
            self.wrote = true;
            self.write(&out);
        }
    }

    /// Writes as it stands; the first error is kept for the end.
    fn write(&mut self, text: &str) {
        let result = self.to.write_all(text.as_bytes()).and_then(|()| self.to.flush());
        if let Err(error) = result
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            self.error.get_or_insert(error);
        }
    }
}
