//! Whether a report calls for the fallback.

use scenario::model::Service;
use verdict::evidence::{Mode, ServiceKind, StackFacts, StackKind};
use verdict::{Class, Finding, Verdict};

use crate::images::entry;
use crate::report::Report;

/// What a report calls for.
#[derive(Debug, Clone, PartialEq)]
pub enum Call<'a> {
    /// The fallback.
    Pivot {
        /// The stack.
        stack: &'a StackFacts,
        /// The criteria that are met.
        criteria: Vec<&'a Finding>,
    },
    /// Something else, or nothing: why, in a sentence.
    Nothing(String),
}

/// Where what a report says comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The real programs, on a stack of ours.
    Real,
    /// A site that somebody else runs: a recommendation.
    Recommendation,
    /// Doubles, at least in part: it doesn't speak for the real programs.
    Doubles,
}

impl<'a> Call<'a> {
    /// What this report calls for.
    pub fn of(report: &'a Report) -> Self {
        let criteria: Vec<&Finding> = report.findings.iter().filter(|finding| finding.class == Class::Pivot).collect();
        match (&report.stack, report.verdict) {
            (Some(stack), Verdict::Pivot) if stack.mode == Mode::Subpath => Call::Pivot { stack, criteria },
            (Some(_), Verdict::Pivot) => Call::Nothing("the stack is in the mode subdomain already".to_owned()),
            (None, Verdict::Pivot) => Call::Nothing("no stack stood in that run".to_owned()),
            (_, verdict) => {
                let name = verdict.as_str();
                let reason = criteria.first().map_or_else(
                    || format!("the verdict is {name}, not PIVOT"),
                    |finding| {
                        let code = &finding.code;
                        format!("the verdict is {name}, although a criterion for it is met ({code}): what weighs more comes first")
                    },
                );
                Call::Nothing(reason)
            }
        }
    }
}

impl Standing {
    /// That of a report on this stack. The echo, which is ours, is no double of anything.
    pub fn of(stack: &StackFacts) -> Self {
        let stands_in = |name: &str| {
            let service = Service::PARTS.iter().find(|service| service.as_str() == name);
            service.and_then(|service| entry(*service)).is_none_or(|entry| entry.official.is_some())
        };
        let doubles = || stack.services.iter().any(|it| it.kind == ServiceKind::Double && stands_in(&it.name));
        match stack.kind {
            StackKind::External => Standing::Recommendation,
            StackKind::Containers if !doubles() => Standing::Real,
            StackKind::Containers | StackKind::Embedded => Standing::Doubles,
        }
    }
}
