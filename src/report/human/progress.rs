//! The live lines: what runs right now.

use std::collections::BTreeMap;

use super::super::style::{Paint, Style};
use super::super::text::{left, one_line, shorten};
use super::LABEL;
use crate::engine::events::Event;

/// The most scenarios that are shown at once; a screen must not be filled, or lines could not be taken back.
const SHOWN: usize = 8;

/// What is going on.
#[derive(Debug, Default)]
pub(super) struct Progress {
    stack: Option<String>,
    total: usize,
    done: usize,
    running: BTreeMap<usize, Running>,
}

#[derive(Debug)]
struct Running {
    name: String,
    steps: usize,
    last: Option<String>,
}

impl Progress {
    /// Keeps what an event says.
    pub(super) fn on(&mut self, event: &Event) {
        match event {
            Event::Notice(_) => {}
            Event::StackProgress(text) => self.stack = Some(text.clone()),
            Event::StackReady(_) => self.stack = None,
            Event::RunStarted { scenarios } => {
                self.stack = None;
                self.total = *scenarios;
            }
            Event::ScenarioStarted { index, name, .. } => {
                self.running.insert(*index, Running { name: name.clone(), steps: 0, last: None });
            }
            Event::StepFinished { index, step } => {
                if let Some(running) = self.running.get_mut(index) {
                    running.steps += 1;
                    running.last = Some(step.title.clone());
                }
            }
            Event::ScenarioFinished { index, .. } => {
                self.running.remove(index);
                self.done += 1;
            }
        }
    }

    /// What is shown of it, one entry a line, none wider than the terminal.
    pub(super) fn lines(&self, style: Style) -> Vec<String> {
        // One cell is left free: some terminals wrap when the last one is filled.
        let room = style.width.saturating_sub(1);
        let name_room = (room.saturating_sub(LABEL + 2) / 2).clamp(1, 40);
        let mut lines = Vec::new();
        if let Some(stack) = &self.stack {
            lines.push(labelled("stack", &one_line(stack), room, style));
        }
        for running in self.running.values().take(SHOWN) {
            let name = left(&one_line(&running.name), name_room);
            let last = match &running.last {
                Some(last) => format!("{} done: {}", running.steps, one_line(last)),
                None => String::new(),
            };
            lines.push(labelled("…", format!("{name}  {last}").trim_end(), room, style));
        }
        if !self.running.is_empty() {
            let more = match self.running.len().saturating_sub(SHOWN) {
                0 => String::new(),
                more => format!(", {more} more running"),
            };
            lines.push(labelled("", &format!("{} of {} done{more}", self.done, self.total), room, style));
        }
        lines
    }
}

fn labelled(label: &str, text: &str, room: usize, style: Style) -> String {
    let label = left(label, LABEL.min(room));
    let text = shorten(text, room.saturating_sub(LABEL));
    style.paint(Paint::Faint, &(label + &text))
}
