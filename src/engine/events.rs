//! What the engine tells: the only door between it and the reporters.

use scenario::Diagnostic;
use verdict::evidence::{Journey, StackFacts, StepRecord};

/// Something that happened in a run, in order. Everything in it is redacted.
#[derive(Debug, Clone)]
pub enum Event {
    /// Something that the user should know before anything else, such as which stack was chosen and why.
    Notice(String),
    /// The stack is coming up; what it is doing now (`starting forge`).
    StackProgress(String),
    /// The stack stands.
    StackReady(StackFacts),
    /// The scenarios begin.
    RunStarted {
        /// How many there are, those that will be skipped included.
        scenarios: usize,
    },
    /// A scenario begins.
    ScenarioStarted {
        /// Its place in the run, from 0.
        index: usize,
        /// Its name.
        name: String,
        /// Its file.
        file: String,
    },
    /// A step ended.
    StepFinished {
        /// The scenario's place in the run, from 0.
        index: usize,
        /// What happened.
        step: Box<StepRecord>,
    },
    /// A scenario ended.
    ScenarioFinished {
        /// Its place in the run, from 0.
        index: usize,
        /// What happened.
        journey: Journey,
        /// Its failures, located, in order.
        diagnostics: Vec<Diagnostic>,
    },
}

/// Where events go. Called from several tasks; must not block for long.
pub trait Sink: Send + Sync {
    /// Takes one event.
    fn emit(&self, event: Event);
}

/// Where nobody is to be told: of journeys that aren't those of the run.
pub struct Nobody;

impl Sink for Nobody {
    fn emit(&self, _: Event) {}
}
