//! What a fault is expected to be found as.

use scenario::decode::{Decoder, closest};
use scenario::yaml::{Kind, Node};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use verdict::{Class, Verdict, rules};

use super::keys;

/// What a good diagnosis of a fault comes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Expectation {
    /// The verdict. `PASS` for what looks wrong and isn't.
    pub verdict: Verdict,
    /// The class of the finding that weighs most.
    pub class: Class,
    /// The causes, each with the codes that name it; any one of them will do.
    pub findings: Vec<Vec<String>>,
}

impl Expectation {
    /// Nothing is wrong.
    pub fn pass() -> Self {
        Self { verdict: Verdict::Pass, class: Class::Note, findings: Vec::new() }
    }

    /// What a good diagnosis of several faults at once comes to; `None` where one of them doesn't say.
    pub(super) fn of_all<'a>(expected: impl Iterator<Item = Option<&'a Expectation>>) -> Option<Self> {
        let all: Vec<&Expectation> = expected.collect::<Option<_>>()?;
        // Classes are in the order in which they decide the verdict.
        let decisive = all.iter().min_by_key(|expected| expected.class)?;
        let findings = all.iter().flat_map(|expected| expected.findings.clone()).collect();
        Some(Self { verdict: decisive.verdict, class: decisive.class, findings })
    }

    /// The class that goes with a verdict where nothing else is said.
    fn usual_class(verdict: Verdict) -> Class {
        match verdict {
            Verdict::Pass => Class::Note,
            Verdict::Fix => Class::Fixable,
            Verdict::Pivot => Class::Pivot,
            Verdict::Inconclusive => Class::Infrastructure,
        }
    }
}

/// The classes that a finding of more than a note can have, by verdict.
fn fits(class: Class, verdict: Verdict) -> bool {
    match verdict {
        Verdict::Pass => false,
        // A pivot that isn't called for is something to fix.
        Verdict::Fix => matches!(class, Class::Fixable | Class::Security | Class::Pivot),
        Verdict::Pivot => class == Class::Pivot,
        Verdict::Inconclusive => class == Class::Infrastructure,
    }
}

/// Reads what is under `expect`.
pub(super) fn read(decoder: &Decoder, node: &Node) -> Option<Expectation> {
    let fields = decoder.fields(node, &keys::EXPECT, node.span)?;
    let verdicts: Vec<(&'static str, Verdict)> = Verdict::ALL.iter().map(|word| (word.as_str(), *word)).collect();
    let verdict = fields.get("verdict").and_then(|node| decoder.word(node, "`verdict`", &verdicts))?;
    let classes: Vec<(&'static str, Class)> =
        Class::ALL.iter().filter(|class| **class != Class::Note).map(|class| (class.as_str(), *class)).collect();
    let class = fields.get("class").and_then(|node| decoder.word(node, "`class`", &classes));
    if let Some(class) = &class
        && !fits(class.value, verdict.value)
    {
        let message = format!("a finding of class {} is no {}", class.value.as_str(), verdict.value.as_str());
        let usual = Expectation::usual_class(verdict.value).as_str();
        let help = if verdict.value == Verdict::Pass {
            "leave `class` out".to_owned()
        } else {
            format!("did you mean `{usual}`?")
        };
        decoder.report(decoder.at(class.span, message).related(verdict.span, "the verdict").help(help));
    }
    let findings = fields.get("findings").map(|node| causes(decoder, node));
    match (&findings, verdict.value) {
        (Some(_), Verdict::Pass) => {
            let message = "with PASS nothing is found but notes";
            decoder.report(decoder.at(verdict.span, message).help("leave `findings` out, or expect another verdict"));
        }
        (None, Verdict::Fix | Verdict::Pivot | Verdict::Inconclusive) => {
            let message = format!("{} must have the key `findings`", keys::EXPECT.noun);
            decoder.report(decoder.at(node.span, message).help("name the code of what is to be found"));
        }
        _ => {}
    }
    let class = class.map_or_else(|| Expectation::usual_class(verdict.value), |class| class.value);
    Some(Expectation { verdict: verdict.value, class, findings: findings.unwrap_or_default() })
}

fn causes(decoder: &Decoder, node: &Node) -> Vec<Vec<String>> {
    let cause = |node: &Node| match node.kind {
        Kind::Sequence(_) => {
            let codes = decoder.list(node, "an item of `findings`").unwrap_or_default();
            codes.iter().filter_map(|node| code(decoder, node)).collect()
        }
        _ => code(decoder, node).into_iter().collect(),
    };
    decoder.list(node, "`findings`").unwrap_or_default().iter().map(cause).collect()
}

/// A code that a rule has.
fn code(decoder: &Decoder, node: &Node) -> Option<String> {
    let code = decoder.text(node, "a code")?;
    if rules::rule(code).is_none() {
        let codes = rules::rules().iter().map(|rule| rule.code);
        let help = match closest(code, codes.clone()) {
            Some(close) => format!("did you mean `{close}`?"),
            None => format!("the codes are {}", codes.collect::<Vec<_>>().join(", ")),
        };
        decoder.report(decoder.at(node.span, format!("no rule has the code `{}`", code.escape_debug())).help(help));
    }
    Some(code.to_owned())
}
