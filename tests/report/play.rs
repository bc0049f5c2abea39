//! Plays a made-up run to the reporters, and keeps what they wrote.

use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use edge_smoke::engine::events::{Event, Sink};
use edge_smoke::report::{FinishError, Format, Report, Reporters, Style};
use jiff::Timestamp;
use scenario::Diagnostic;
use verdict::evidence::{Evidence, Journey, StackFacts, Trouble};
use verdict::judge;

/// A made-up run.
#[derive(Debug, Default)]
pub(crate) struct Run {
    pub(crate) notices: Vec<String>,
    pub(crate) progress: Vec<String>,
    pub(crate) stack: Option<StackFacts>,
    pub(crate) journeys: Vec<(Journey, Vec<Diagnostic>)>,
    pub(crate) troubles: Vec<Trouble>,
}

impl Run {
    pub(crate) fn report(&self) -> Report {
        let evidence = Evidence {
            stack: self.stack.clone(),
            journeys: self.journeys.iter().map(|(journey, _)| journey.clone()).collect(),
            troubles: self.troubles.clone(),
            ..Evidence::default()
        };
        let judgement = judge(&evidence);
        let started: Timestamp = "2026-11-21T02:03:04.500123456Z".parse().expect("a point in time");
        Report::from_parts(started, Duration::from_millis(1240), evidence, judgement)
    }

    fn events(&self) -> Vec<Event> {
        let mut events: Vec<Event> = self.notices.iter().cloned().map(Event::Notice).collect();
        events.extend(self.progress.iter().cloned().map(Event::StackProgress));
        let Some(stack) = &self.stack else { return events };
        events.push(Event::StackReady(stack.clone()));
        events.push(Event::RunStarted { scenarios: self.journeys.len() });
        for (index, (journey, _)) in self.journeys.iter().enumerate() {
            let (name, file) = (journey.name.clone(), journey.file.clone());
            events.push(Event::ScenarioStarted { index, name, file });
        }
        for (index, (journey, diagnostics)) in self.journeys.iter().enumerate() {
            // The logs are asked for when the scenarios have run.
            let (journey, diagnostics) = (Journey { logs: Vec::new(), ..journey.clone() }, diagnostics.clone());
            events
                .extend(journey.steps.iter().cloned().map(|step| Event::StepFinished { index, step: Box::new(step) }));
            events.push(Event::ScenarioFinished { index, journey, diagnostics });
        }
        events
    }
}

/// A stream that can be looked at.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stream(Arc<Mutex<Vec<u8>>>);

impl Stream {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("no panic").clone()).expect("UTF-8")
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What the reporters wrote.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) result: Result<(), FinishError>,
}

/// Plays `run`, the report folder being `folder`.
pub(crate) fn play_into(run: &Run, format: Format, style: Style, folder: &Path) -> Answer {
    let (out, err) = (Stream::default(), Stream::default());
    let reporters = Reporters::new(format, style, Box::new(out.clone()), Box::new(err.clone()));
    for event in run.events() {
        reporters.emit(event);
    }
    let result = reporters.finish(&run.report(), folder);
    let shown = |stream: &Stream| stream.text().replace(&folder.display().to_string(), "reports");
    Answer { out: shown(&out), err: shown(&err), result }
}

/// Plays `run` into a folder of its own.
pub(crate) fn play(run: &Run, format: Format, style: Style) -> Answer {
    let folder = tempfile::tempdir().expect("a folder");
    play_into(run, format, style, folder.path())
}
