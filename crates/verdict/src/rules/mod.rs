//! The rules: from evidence to findings.
//!
//! One rule a file. A rule sees what was observed; it sees neither a fault file nor the healthy configuration. Rules
//! run in the order of [`rules`], specific before general, and each claims the symptoms that its cause explains: a
//! later rule doesn't see them any more, so a root cause hides its consequences.

mod address;
mod app;
mod case;
mod chat;
mod ci;
mod connection;
mod cookie;
mod cookie_for_all;
mod edge;
mod errored;
mod external_bad_gateway;
mod forge;
mod gate;
mod hook;
mod identity;
mod nothing_ran;
mod oauth;
mod optional_asset;
mod page;
mod service;
mod service_died;
mod service_restarted;
mod stack_failed;
mod stream;
mod timeout;
mod unexplained;
mod unreachable;
mod view;
mod websocket;

use std::collections::BTreeSet;

use crate::evidence::{Evidence, Mode, StackKind};
use crate::finding::{Class, Finding, Proof, Severity};
use crate::fix::Change;
use case::{Candidate, Case};

pub use unexplained::CODE as UNEXPLAINED;

/// A rule: how a cause is told, and what is said about it.
#[derive(Debug)]
pub struct Rule {
    /// The code of its findings, stable over versions: `area/cause`.
    pub code: &'static str,
    /// The class of its findings.
    pub class: Class,
    /// The severity of its findings.
    pub severity: Severity,
    /// A few words.
    pub title: &'static str,
    /// What it means, and how it comes about: a few sentences.
    pub explain: &'static str,
    /// What tells it from what looks alike.
    pub told_by: &'static str,
    /// What to do, for Caddy and for the services' settings where they are concerned.
    pub remedy: &'static str,
    /// Where that is written down: RFC sections, pages of the programs' documentation, issues. Facts of our own are
    /// named as such.
    pub references: &'static [&'static str],
    /// Where it applies; elsewhere it isn't tried.
    pub needs: Needs,
    find: fn(&Case<'_>) -> Vec<Candidate>,
}

/// Where a rule applies. An empty list means: anywhere.
#[derive(Debug, Clone, Copy)]
pub struct Needs {
    /// Kinds of stack.
    pub stacks: &'static [StackKind],
    /// Routing modes.
    pub modes: &'static [Mode],
    /// Services that must be part of the stack.
    pub services: &'static [&'static str],
}

impl Needs {
    /// Applies anywhere, even where no stack stood.
    pub const NOTHING: Needs = Needs { stacks: &[], modes: &[], services: &[] };

    /// Applies wherever a stack stood.
    pub const A_STACK: Needs =
        Needs { stacks: &[StackKind::Embedded, StackKind::Containers, StackKind::External], modes: &[], services: &[] };

    fn met_by(&self, evidence: &Evidence) -> bool {
        let Some(stack) = &evidence.stack else {
            return self.stacks.is_empty() && self.modes.is_empty() && self.services.is_empty();
        };
        (self.stacks.is_empty() || self.stacks.contains(&stack.kind))
            && (self.modes.is_empty() || self.modes.contains(&stack.mode))
            && self.services.iter().all(|name| stack.services.iter().any(|service| service.name == *name))
    }
}

/// All rules, in the order in which they are tried.
static RULES: &[&Rule] = &[
    &stack_failed::RULE,
    &service_died::RULE,
    &service_restarted::RULE,
    &service::down::RULE,
    &service::unsteady::RULE,
    // Where services believe they are. A wrong address is the cause of much that looks otherwise: lost prefixes, unknown
    // callbacks, sessions that never come back.
    &address::internal::RULE,
    &address::host::RULE,
    &address::scheme::RULE,
    &address::port::RULE,
    &address::prefix_missing::RULE,
    &address::prefix_wrong::RULE,
    // What the edge does with connections and contents.
    &stream::buffered::RULE,
    &edge::compression_broken::RULE,
    &connection::cut::RULE,
    &websocket::cut::RULE,
    &websocket::upgrade_lost::RULE,
    &edge::body_too_large::RULE,
    // What the edge does with paths and requests.
    &edge::route_unmatched::RULE,
    &edge::catch_all::RULE,
    &edge::wrong_upstream::RULE,
    &edge::prefix_doubled::RULE,
    &edge::prefix_stripped::RULE,
    &edge::prefix_not_added::RULE,
    &edge::prefix_kept::RULE,
    &edge::redirect_loop::RULE,
    &edge::redirect_misdirected::RULE,
    &edge::forwarded_spoofable::RULE,
    &edge::forwarded_missing::RULE,
    &edge::host_rewritten::RULE,
    &edge::authorization_lost::RULE,
    // What a program does whatever it is told: after all that a setting or a route could cure.
    &page::root_absolute::RULE,
    &app::redirect_loop::RULE,
    &app::ignores_prefix::RULE,
    &external_bad_gateway::RULE,
    &unreachable::RULE,
    &service::slow::RULE,
    &timeout::RULE,
    &errored::RULE,
    &nothing_ran::RULE,
    // Holes, and who a service takes its visitors for.
    &edge::admin_open::RULE,
    &edge::log_leaks::RULE,
    &cookie::leaked::RULE,
    &identity::spoofable::RULE,
    &forge::internal_api_open::RULE,
    &oauth::state_unchecked::RULE,
    &gate::bypassed::RULE,
    &chat::identity_believed::RULE,
    &chat::origin_unchecked::RULE,
    &chat::actions_from_elsewhere::RULE,
    &chat::gate_answers_anybody::RULE,
    &chat::strangers_admitted::RULE,
    &chat::session_fixed::RULE,
    &chat::sign_out_ignored::RULE,
    &chat::session_outlived::RULE,
    &chat::socket_outlives_session::RULE,
    &chat::history_of_others::RULE,
    &chat::repository_unchecked::RULE,
    &chat::token_told::RULE,
    &chat::page_without_policy::RULE,
    // Sessions that never come back: what else fails at a sign-in follows from them.
    &cookie::secure_over_http::RULE,
    &cookie::rejected::RULE,
    &cookie::path_too_narrow::RULE,
    &cookie::collision::RULE,
    &cookie::shadowed::RULE,
    // The question at the gate, and who is let in.
    &chat::redirects_programs::RULE,
    &gate::secret_mismatch::RULE,
    &gate::user_not_copied::RULE,
    &gate::login_gated::RULE,
    &chat::user_not_listed::RULE,
    &chat::command_fails::RULE,
    &chat::forge_token_refused::RULE,
    // A chat's own ways.
    &chat::navigation_unknown::RULE,
    &chat::first_cookie_only::RULE,
    &chat::answer_at_once::RULE,
    &chat::socket_unlimited::RULE,
    &chat::repeats_actions::RULE,
    // Signing in at one service by way of another.
    &oauth::internal_endpoint::RULE,
    &oauth::endpoint_elsewhere::RULE,
    &oauth::redirect_uri_unregistered::RULE,
    &oauth::client_unknown::RULE,
    &oauth::provider_unreachable::RULE,
    &oauth::secret_refused::RULE,
    &ci::registration_closed::RULE,
    &oauth::state_lost::RULE,
    // From a push to a pipeline.
    &hook::misdirected::RULE,
    &hook::denied::RULE,
    &ci::no_agent::RULE,
    // What session cookies are like, and whether they arrive.
    &cookie::insecure::RULE,
    &cookie::dropped::RULE,
    // What none of them is the cause of, and arrives otherwise than it was sent.
    &edge::response_rewritten::RULE,
    &optional_asset::RULE,
    &cookie_for_all::RULE,
    // What the specific ones leave over, by where it comes from.
    &service::failing::RULE,
    &page::asset_broken::RULE,
    // Last: it takes whatever no other rule explained.
    &unexplained::RULE,
];

/// All rules, in the order in which they are tried.
pub fn rules() -> &'static [&'static Rule] {
    RULES
}

/// The rule with this code.
pub fn rule(code: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.code == code)
}

/// The findings that the rules come to, those that weigh most first. Their order and content don't depend on the order
/// of the evidence.
pub fn diagnose(evidence: &Evidence) -> Vec<Finding> {
    diagnose_without(evidence, &BTreeSet::new())
}

/// The findings that are left when these fixes were tried and refuted: what else may explain the same symptoms.
pub fn diagnose_without(evidence: &Evidence, refuted: &BTreeSet<Refuted>) -> Vec<Finding> {
    apply(RULES, evidence, refuted)
}

/// A fix of a rule's that was tried and didn't hold. Without changes it stands for all candidates of the rule that nothing of
/// ours can carry out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refuted {
    /// The rule's code.
    pub code: String,
    /// What was changed.
    pub changes: Vec<Change>,
}

impl Refuted {
    fn covers(&self, rule: &Rule, candidate: &Candidate) -> bool {
        self.code == rule.code && candidate.fix.as_ref().map_or(&[][..], |fix| &fix.changes) == self.changes
    }
}

fn apply(rules: &[&Rule], evidence: &Evidence, refuted: &BTreeSet<Refuted>) -> Vec<Finding> {
    let mut case = Case::new(evidence).knowing(refuted);
    let mut findings = Vec::new();
    for (place, rule) in rules.iter().enumerate() {
        if !rule.needs.met_by(evidence) {
            continue;
        }
        let candidates = (rule.find)(&case);
        for candidate in candidates {
            if refuted.iter().any(|refuted| refuted.covers(rule, &candidate)) {
                continue;
            }
            // A note explains no failure: otherwise a failed journey could end as PASS.
            if rule.class != Class::Note {
                case.claim(&candidate.explains);
            }
            findings.push((place, finding(rule, candidate, &case)));
        }
    }
    findings.sort_by(|(left_place, left), (right_place, right)| {
        (left.class, left_place, &left.cause, &left.evidence).cmp(&(
            right.class,
            right_place,
            &right.cause,
            &right.evidence,
        ))
    });
    findings.into_iter().map(|(_, finding)| finding).collect()
}

fn finding(rule: &Rule, candidate: Candidate, case: &Case<'_>) -> Finding {
    let mut evidence = candidate.observations;
    evidence
        .extend(candidate.explains.iter().filter_map(|id| case.symptoms.get(*id)).map(|symptom| symptom.observation()));
    evidence.sort();
    evidence.dedup();
    let scenarios: BTreeSet<String> = evidence.iter().filter_map(|observation| observation.scenario.clone()).collect();
    Finding {
        code: rule.code.to_owned(),
        class: rule.class,
        severity: rule.severity,
        title: rule.title.to_owned(),
        cause: candidate.cause,
        fix: candidate.fix,
        proof: Proof::Untried,
        scenarios: scenarios.into_iter().collect(),
        evidence,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_well_formed() {
        let mut seen = BTreeSet::new();
        for rule in rules() {
            assert!(seen.insert(rule.code), "{} is there twice", rule.code);
            let well_formed = |part: &str| {
                !part.is_empty() && part.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-')
            };
            match rule.code.split_once('/') {
                Some((area, cause)) => assert!(well_formed(area) && well_formed(cause), "{}", rule.code),
                None => assert_eq!(rule.code, UNEXPLAINED),
            }
        }
    }

    #[test]
    fn every_rule_speaks_for_itself() {
        for rule in rules() {
            assert!(rule.title.chars().count() <= 60, "{}: a title is a few words", rule.code);
            assert!(!rule.title.ends_with('.'), "{}", rule.code);
            for text in [rule.explain, rule.told_by, rule.remedy] {
                assert!(text.len() > 40 && text.ends_with('.'), "{}: {text}", rule.code);
            }
            assert_eq!(super::rule(rule.code).map(|found| found.title), Some(rule.title));
        }
    }

    #[test]
    fn the_catch_all_comes_last() {
        assert_eq!(rules().last().map(|rule| rule.code), Some(UNEXPLAINED));
        assert!(rule("no/such-rule").is_none());
    }
}
