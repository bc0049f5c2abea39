//! What a rule looks at, and what it hands back.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::evidence::{Evidence, Exchange, Failure, FailureKind, Journey, Outcome, StepRecord};
use crate::finding::{Observation, Place};
use crate::fix::{Change, Fix};
use crate::rules::Refuted;
use crate::rules::view::View;
use crate::sentence::{clause, excerpt};

/// Something that must be explained: one failure of a step, or a journey that ended badly without naming one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Symptom<'a> {
    /// The journey.
    pub(crate) journey: &'a Journey,
    /// The step, where the journey came to one.
    pub(crate) step: Option<&'a StepRecord>,
    /// The failure, where the step names one.
    pub(crate) failure: Option<&'a Failure>,
}

impl<'a> Symptom<'a> {
    /// What kind of trouble it was.
    pub(crate) fn kind(&self) -> Option<FailureKind> {
        self.failure.map(|failure| failure.kind)
    }

    /// The last exchange of the step.
    pub(crate) fn last_exchange(&self) -> Option<&'a Exchange> {
        self.step.and_then(|step| step.trace.last())
    }

    /// The exchanges by which the page came that the step is about: its own, or, where it asked for nothing (a form that isn't on the
    /// page), those of the last step before it that did.
    pub(crate) fn of_page(&self) -> &'a [Exchange] {
        let steps = &self.journey.steps;
        let place = self.step.and_then(|last| steps.iter().position(|step| std::ptr::eq(step, last)));
        let until = place.map_or(&[][..], |place| &steps[..=place]);
        until.iter().rev().map(|step| step.trace.as_slice()).find(|trace| !trace.is_empty()).unwrap_or_default()
    }

    /// The URL that was asked for last.
    pub(crate) fn last_url(&self) -> Option<&'a str> {
        self.last_exchange().map(|exchange| exchange.request.url.as_str())
    }

    /// The status of the last response.
    pub(crate) fn last_status(&self) -> Option<u16> {
        self.last_exchange().and_then(|exchange| exchange.response.as_ref()).map(|response| response.status)
    }

    /// The exchanges of its journey, up to the last one of its step.
    pub(crate) fn history(&self) -> Vec<&'a Exchange> {
        let Some(last) = self.step else { return Vec::new() };
        let steps = &self.journey.steps;
        let end = steps.iter().position(|step| std::ptr::eq(step, last)).map_or(0, |at| at + 1);
        steps.iter().take(end).flat_map(|step| &step.trace).collect()
    }

    /// Nothing is known of the site: the step or the journey could not be tried.
    pub(crate) fn is_errored(&self) -> bool {
        self.journey.outcome == Outcome::Errored || self.step.is_some_and(|step| step.outcome == Outcome::Errored)
    }

    /// The symptom in one line: what was sent, what came, what was wrong with it.
    pub(crate) fn message(&self) -> String {
        let said = match (self.failure, &self.journey.reason, self.step) {
            (Some(failure), _, _) => said(failure),
            (None, Some(reason), _) => clause(reason),
            (None, None, Some(step)) => format!("`{}` failed", clause(&step.title)),
            (None, None, None) => "it failed before its first step".to_owned(),
        };
        match self.last_exchange() {
            Some(exchange) => format!("{}: {said}", sent_and_came(exchange)),
            None => said,
        }
    }

    /// The symptom as evidence.
    pub(crate) fn observation(&self) -> Observation {
        let place = match (self.failure, self.step) {
            (Some(failure), _) => {
                Some(Place { file: failure.file.clone(), line: failure.line, column: failure.column })
            }
            (None, Some(step)) => Some(Place { file: step.file.clone(), line: step.line, column: 1 }),
            (None, None) => None,
        };
        Observation { text: self.message(), scenario: Some(self.journey.name.clone()), place, quote: Vec::new() }
    }
}

/// A failure in a clause: its message, what was expected, what came.
fn said(failure: &Failure) -> String {
    let message = clause(&failure.message);
    match (&failure.expected, &failure.found) {
        (Some(expected), Some(found)) => format!("{message}: expected {}, found {}", excerpt(expected), excerpt(found)),
        (Some(expected), None) => format!("{message}: expected {}", excerpt(expected)),
        (None, Some(found)) => format!("{message}: found {}", excerpt(found)),
        (None, None) => message,
    }
}

/// `GET http://edge.test/forge/ → 404`. Why there was no response is for the failure to say.
fn sent_and_came(exchange: &Exchange) -> String {
    let Exchange { request, response, .. } = exchange;
    let sent = format!("{} {}", request.method, clause(&request.url));
    response.as_ref().map_or_else(|| sent.clone(), |response| format!("{sent} → {}", response.status))
}

/// A symptom's place among those of its case.
pub(crate) type SymptomId = usize;

/// The evidence, and what of it is still to be explained.
#[derive(Debug)]
pub(crate) struct Case<'a> {
    /// All that was observed.
    pub(crate) evidence: &'a Evidence,
    /// All symptoms, explained or not.
    pub(crate) symptoms: Vec<Symptom<'a>>,
    explained: BTreeSet<SymptomId>,
    view: OnceCell<Option<View<'a>>>,
    refuted: BTreeSet<Refuted>,
}

impl<'a> Case<'a> {
    /// The case with nothing explained.
    pub(crate) fn new(evidence: &'a Evidence) -> Self {
        let symptoms = evidence.journeys.iter().flat_map(symptoms_of).collect();
        Self { evidence, symptoms, explained: BTreeSet::new(), view: OnceCell::new(), refuted: BTreeSet::new() }
    }

    /// The same, knowing which fixes were tried and didn't hold.
    pub(crate) fn knowing(self, refuted: &BTreeSet<Refuted>) -> Self {
        Self { refuted: refuted.clone(), ..self }
    }

    /// A fix of this area was tried that changes this setting of a service, and didn't hold.
    pub(crate) fn is_refuted(&self, area: &str, wanted: &Change) -> bool {
        let is_it = |refuted: &Refuted| refuted.code.starts_with(area) && refuted.changes.contains(wanted);
        self.refuted.iter().any(is_it)
    }

    /// The evidence by service; `None` where no stack stood.
    pub(crate) fn view(&self) -> Option<&View<'a>> {
        self.view.get_or_init(|| View::new(self.evidence)).as_ref()
    }

    /// A fix; where it was tried and didn't hold, what else a person can do: the mechanism was seen all the same, and something
    /// that no setting of the stack's undoes is behind it.
    pub(crate) fn unless_refuted(&self, code: &str, fix: Fix, otherwise: &str) -> Fix {
        self.first_left(code, [fix], otherwise)
    }

    /// The same with several fixes, the least first.
    pub(crate) fn first_left(&self, code: &str, fixes: impl IntoIterator<Item = Fix>, otherwise: &str) -> Fix {
        let is_refuted =
            |fix: &Fix| self.refuted.iter().any(|refuted| refuted.code == code && refuted.changes == fix.changes);
        fixes.into_iter().find(|fix| !is_refuted(fix)).unwrap_or_else(|| Fix::advice(otherwise))
    }

    /// What no earlier rule explained.
    pub(crate) fn open(&self) -> impl Iterator<Item = (SymptomId, &Symptom<'a>)> {
        self.symptoms.iter().enumerate().filter(|(id, _)| !self.explained.contains(id))
    }

    /// The open symptoms for which `key` gives something, put together by what it gives.
    pub(crate) fn open_by<K: Ord>(&self, key: impl Fn(&Symptom<'a>) -> Option<K>) -> BTreeMap<K, Vec<SymptomId>> {
        let mut groups = BTreeMap::<K, Vec<SymptomId>>::new();
        for (id, symptom) in self.open() {
            if let Some(key) = key(symptom) {
                groups.entry(key).or_default().push(id);
            }
        }
        groups
    }

    /// Takes these symptoms out of what is open.
    pub(crate) fn claim(&mut self, ids: &[SymptomId]) {
        self.explained.extend(ids);
    }
}

/// Every failure is a symptom. A step or a journey that ended badly and names no failure is one as well: whatever the
/// engine forgot to say, it must not end as PASS.
fn symptoms_of(journey: &Journey) -> Vec<Symptom<'_>> {
    let bad = |outcome| matches!(outcome, Outcome::Failed | Outcome::Errored);
    let mut symptoms = Vec::new();
    for step in &journey.steps {
        let of_step = |failure| Symptom { journey, step: Some(step), failure };
        symptoms.extend(step.failures.iter().map(|failure| of_step(Some(failure))));
        if bad(step.outcome) && step.failures.is_empty() {
            symptoms.push(of_step(None));
        }
    }
    if bad(journey.outcome) && symptoms.is_empty() {
        symptoms.push(Symptom { journey, step: journey.steps.last(), failure: None });
    }
    symptoms
}

/// What a rule comes to.
#[derive(Debug)]
pub(crate) struct Candidate {
    /// What is wrong, and how that is known: one sentence.
    pub(crate) cause: String,
    /// What to change.
    pub(crate) fix: Option<Fix>,
    /// What it rests on besides the symptoms that it explains.
    pub(crate) observations: Vec<Observation>,
    /// The symptoms that it explains. No later rule sees them.
    pub(crate) explains: Vec<SymptomId>,
}
