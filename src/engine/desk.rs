//! What is written down of a journey while it goes on.
//!
//! To make evidence of a step takes longer than most else that the harness does in it: all that came is searched for secrets.
//! So a step is laid down here as it was seen, and written up when the next one has sent its request and waits for the
//! answer. Whoever needs what comes of it before, be it a secret that is to be hidden, has it written up at once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use scenario::{Diagnostic, Redactor, Secret};
use verdict::evidence::{GitRecord, OAuthRecord, StepRecord};

use super::assets::{self, Book};
use super::events::{Event, Sink};
use super::problem::Problem;
use super::socket::SocketLog;
use super::trace;
use super::visitor::Hop;

/// A step as it was seen, secrets and all.
pub struct Seen {
    /// What holds no secrets: what the step is, how it ended.
    pub record: StepRecord,
    /// What was wrong.
    pub problems: Vec<Problem>,
    /// The exchanges.
    pub hops: Vec<Hop>,
    /// What a page refers to.
    pub assets: Option<Book>,
    /// What went over a WebSocket.
    pub socket: Option<SocketLog>,
    /// What was seen of a sign-in.
    pub oauth: Option<OAuthRecord>,
    /// What was seen of a repository.
    pub git: Option<GitRecord>,
    /// The credentials that the step itself gave.
    pub credentials: Option<String>,
}

impl Seen {
    /// A step of which there is nothing to be seen but this.
    pub fn only(record: StepRecord, problems: Vec<Problem>) -> Self {
        Self {
            record,
            problems,
            hops: Vec::new(),
            assets: None,
            socket: None,
            oauth: None,
            git: None,
            credentials: None,
        }
    }
}

/// The desk of one journey.
pub struct Desk<'a> {
    /// The journey's place in the run.
    index: usize,
    sink: &'a dyn Sink,
    /// Learns what this journey hides.
    shared: &'a Mutex<Redactor>,
    papers: Mutex<Papers>,
}

#[derive(Default)]
struct Papers {
    redactor: Arc<Redactor>,
    hidden: Vec<String>,
    /// The last step, as long as it isn't written up.
    unwritten: Option<Seen>,
    records: Vec<StepRecord>,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Desk<'a> {
    /// An empty one, with the redactor that the journey begins with.
    pub fn new(index: usize, sink: &'a dyn Sink, shared: &'a Mutex<Redactor>, redactor: Redactor) -> Self {
        let papers = Papers { redactor: Arc::new(redactor), ..Papers::default() };
        Self { index, sink, shared, papers: Mutex::new(papers) }
    }

    /// Lays a step down. The one before is written up.
    pub fn lay(&self, seen: Seen) {
        self.write();
        self.papers().unwritten = Some(seen);
    }

    /// Writes up what lies there.
    pub fn write(&self) {
        let Some(seen) = self.papers().unwritten.take() else { return };
        // Of codes and tokens what the exchanges carried.
        let carried = seen.hops.iter().flat_map(trace::tokens);
        seen.credentials.iter().cloned().chain(carried).for_each(|value| self.hide(&value));
        let redactor = self.papers().redactor.clone();
        let (record, diagnostics) = evidence(seen, &redactor);
        self.sink.emit(Event::StepFinished { index: self.index, step: Box::new(record.clone()) });
        let mut papers = self.papers();
        papers.records.push(record);
        papers.diagnostics.extend(diagnostics);
    }

    /// Hides this value from now on.
    pub fn hide(&self, value: &str) {
        let mut papers = self.papers();
        if papers.hidden.iter().any(|known| known == value) {
            return;
        }
        papers.hidden.push(value.to_owned());
        let mut learned = Redactor::new();
        learned.add(&Secret::new(value));
        Arc::make_mut(&mut papers.redactor).learn(&learned);
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).learn(&learned);
    }

    /// Knows every secret that the journey has met so far.
    pub fn redactor(&self) -> Arc<Redactor> {
        self.write();
        self.papers().redactor.clone()
    }

    /// All that was laid down, written up.
    pub fn clear(&self) -> (Vec<StepRecord>, Vec<Diagnostic>) {
        self.write();
        let mut papers = self.papers();
        (std::mem::take(&mut papers.records), std::mem::take(&mut papers.diagnostics))
    }

    fn papers(&self) -> MutexGuard<'_, Papers> {
        self.papers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The step without secrets, and its problems for people.
fn evidence(seen: Seen, redactor: &Redactor) -> (StepRecord, Vec<Diagnostic>) {
    let of_assets = seen.assets.as_ref().map(assets::hops).unwrap_or_default();
    let trace = seen.hops.iter().chain(of_assets).map(|hop| trace::exchange(hop, redactor)).collect();
    let (failures, diagnostics) = seen.problems.into_iter().map(|problem| problem.report(redactor)).unzip();
    let record = StepRecord {
        reason: seen.record.reason.map(|reason| redactor.redact(&reason).into_owned()),
        trace,
        failures,
        assets: seen.assets.as_ref().map(|book| assets::record(book, redactor)),
        websocket: seen.socket.map(|socket| socket.record(redactor)),
        oauth: seen.oauth.map(|oauth| trace::oauth(oauth, redactor)),
        git: seen.git.map(|git| trace::repository(git, redactor)),
        ..seen.record
    };
    (record, diagnostics)
}
