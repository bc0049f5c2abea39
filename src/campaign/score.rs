//! What outcomes add up to, and whether that is good enough.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::outcome::{Judged, Outcome};

/// The version of the format, as in reports.
pub const SCHEMA: u32 = 1;

/// At least so many of a hundred causes must be named.
const NAMED_PERCENT: usize = 95;

/// The score of a campaign: `score.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Score {
    /// The version of the format.
    #[schemars(extend("const" = SCHEMA))]
    pub schema: u32,
    /// The version of edge-smoke that wrote it.
    pub version: String,
    /// What faults were injected into: `embedded` or `containers`.
    pub stack: String,
    /// Wall-clock time of the campaign in milliseconds.
    pub duration_ms: f64,
    /// It is as good as it must be.
    pub holds: bool,
    /// Where it isn't, a sentence each.
    pub shortfalls: Vec<String>,
    /// By all evidence.
    pub all_evidence: Totals,
    /// By what a client at the edge has.
    pub http_alone: Totals,
    /// Fault by fault.
    pub faults: Vec<Outcome>,
}

/// Outcomes, added up. What the stack can't express counts nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Totals {
    /// Faults that showed.
    pub seen: Share,
    /// Faults whose cause was named, of those that say what it is.
    pub named: Share,
    /// Faults whose verdict and class were right, of the same.
    pub class: Share,
    /// Faults whose fix holds, of those with a fix that can be tried.
    pub proven: Share,
    /// Faults with no finding that isn't expected, of those that say what is.
    pub alone: Share,
    /// Of what looks wrong and isn't: what was let be.
    pub innocent: Share,
}

/// So many of so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Share {
    /// So many.
    pub right: usize,
    /// Of so many.
    pub of: usize,
}

impl Share {
    fn add(&mut self, right: Option<bool>) {
        self.right += usize::from(right == Some(true));
        self.of += usize::from(right.is_some());
    }

    fn is_full(self) -> bool {
        self.right == self.of
    }

    /// In whole percent, rounded down; of nothing it is all.
    pub fn percent(self) -> usize {
        (self.right * 100).checked_div(self.of).unwrap_or(100)
    }
}

impl Totals {
    fn of<'a>(outcomes: impl Iterator<Item = (&'a Outcome, &'a Judged)>) -> Self {
        let mut totals = Self::default();
        for (outcome, judged) in outcomes {
            if outcome.is_innocent() {
                totals.innocent.add(Some(judged.is_clean()));
            } else {
                totals.seen.add(Some(judged.seen));
                totals.named.add(judged.named);
                totals.class.add(judged.class_right);
                totals.proven.add(judged.proven);
                totals.alone.add(judged.named.map(|_| judged.besides.is_empty()));
            }
        }
        totals
    }
}

impl Score {
    /// Adds these up.
    pub fn new(stack: &str, duration_ms: f64, faults: Vec<Outcome>) -> Self {
        let judged = |pick: fn(&Outcome) -> Option<&Judged>| {
            Totals::of(faults.iter().filter_map(|outcome| Some((outcome, pick(outcome)?))))
        };
        let all_evidence = judged(|outcome| outcome.judged.as_ref());
        let http_alone = judged(|outcome| outcome.http_alone.as_ref());
        let shortfalls = shortfalls(&all_evidence, &faults);
        Self {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            stack: stack.to_owned(),
            duration_ms,
            holds: shortfalls.is_empty(),
            shortfalls,
            all_evidence,
            http_alone,
            faults,
        }
    }

    /// The score as indented JSON that ends in a line feed.
    ///
    /// # Errors
    /// None that is known: all keys are text.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }

    /// Reads a score; fields that this version doesn't know are skipped.
    ///
    /// # Errors
    /// The text isn't a score, or is one of another version.
    pub fn from_json(text: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Head {
            schema: u64,
        }
        let malformed = |error: serde_json::Error| format!("not a score of edge-smoke: {error}");
        let found = serde_json::from_str::<Head>(text).map_err(malformed)?.schema;
        if found != u64::from(SCHEMA) {
            return Err(format!("it has schema {found}, and this version of edge-smoke reads schema {SCHEMA}"));
        }
        serde_json::from_str(text).map_err(malformed)
    }

    /// Faults that the stack can't express.
    pub fn not_applicable(&self) -> usize {
        self.faults.iter().filter(|outcome| outcome.not_applicable.is_some()).count()
    }
}

fn shortfalls(totals: &Totals, faults: &[Outcome]) -> Vec<String> {
    let mut shortfalls = Vec::new();
    let tried = || faults.iter().filter_map(|outcome| Some((outcome, outcome.judged.as_ref()?)));
    let ids = |is_short: &dyn Fn(&Outcome, &Judged) -> bool| {
        let short = tried().filter(|(outcome, judged)| is_short(outcome, judged));
        short.map(|(outcome, _)| outcome.id.as_str()).collect::<Vec<_>>().join(", ")
    };
    if tried().next().is_none() {
        shortfalls.push("nothing was tried: the stack can express none of the faults".to_owned());
    }
    if !totals.seen.is_full() {
        let which = ids(&|outcome, judged| !outcome.is_innocent() && !judged.seen);
        shortfalls.push(format!("every fault must be seen, and these are not: {which}"));
    }
    if totals.named.percent() < NAMED_PERCENT {
        let which = ids(&|outcome, judged| !outcome.is_innocent() && judged.named == Some(false));
        let percent = totals.named.percent();
        shortfalls
            .push(format!("{NAMED_PERCENT} % of the causes must be named, {percent} % are; not those of {which}"));
    }
    if !totals.class.is_full() {
        let which = ids(&|outcome, judged| !outcome.is_innocent() && judged.class_right == Some(false));
        shortfalls.push(format!("verdict and class must be right, and are not of {which}"));
    }
    if !totals.innocent.is_full() {
        let which = ids(&|outcome, judged| outcome.is_innocent() && !judged.is_clean());
        shortfalls.push(format!("nothing innocent may be flagged, and these are: {which}"));
    }
    shortfalls
}
