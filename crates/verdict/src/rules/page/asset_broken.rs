//! `page/asset-broken`: something that a page can't do without is broken, and no rule says why.

use std::collections::BTreeSet;

use crate::evidence::{Asset, Assets};
use crate::finding::{Class, Observation, Severity};
use crate::fix::Fix;
use crate::rules::case::{Candidate, Case};
use crate::rules::{Needs, Rule};
use crate::sentence::{clause, count};

pub(in crate::rules) static RULE: Rule = Rule {
    code: "page/asset-broken",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "A page loads something that isn't what it should be",
    explain: "A script, a stylesheet or another thing that the page doesn't work without isn't there, is empty, or is something \
              else than it claims (a script that is a page, most often), and nothing wrong with addresses, prefixes or routes \
              explains it. The page itself answers 200.",
    told_by: "An essential asset with something wrong, that no other cause explains. What a page can do without is a note.",
    remedy: "Ask for the asset's URL by hand, through the edge and past it; where both answer alike, the program was built or \
             installed without it.",
    references: &["HTML Standard, section 4.12.1 (scripts)", "WHATWG MIME Sniffing, section 7"],
    needs: Needs::A_STACK,
    find,
};

/// How many assets are shown.
const SHOWN: usize = 8;

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let pages = case.open_by(|symptom| {
        let assets = symptom.step?.assets.as_ref()?;
        assets.broken().next().is_some().then(|| assets.page.clone())
    });
    let candidate = |(page, explains): (String, Vec<usize>)| {
        let steps = explains.iter().filter_map(|id| case.symptoms.get(*id)?.step?.assets.as_ref());
        let broken: BTreeSet<String> = steps.flat_map(Assets::broken).map(about).collect();
        let mut observations: Vec<Observation> = broken.iter().take(SHOWN).map(Observation::new).collect();
        observations.sort();
        let first = broken.first().map(String::as_str).unwrap_or_default();
        let cause = match broken.len() {
            1 => format!("{} loads {first}.", clause(&page)),
            many => format!("{} loads {} that are broken, among them {first}.", clause(&page), count(many, "file")),
        };
        let fix = Fix::advice(
            "Ask for the asset past the edge: where it is as broken there, reinstall or rebuild the program.",
        );
        Candidate { cause, fix: Some(fix), observations, explains }
    };
    pages.into_iter().map(candidate).collect()
}

/// `http://…/app.js: status 404`
fn about(asset: &Asset) -> String {
    let found = asset.problem.as_ref().map(|problem| format!(": {}", problem.found));
    clause(&format!("{}{}", asset.url, found.unwrap_or_default()))
}
