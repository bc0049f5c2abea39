//! `page/root-absolute`: some of what a page refers to is looked for at the root of its host.

use std::collections::BTreeSet;

use crate::evidence::{Asset, AssetProblemKind, Assets, Mode};
use crate::finding::{Class, Observation, Severity};
use crate::fix::Fix;
use crate::rules::case::{Candidate, Case};
use crate::rules::{Needs, Rule};
use crate::sentence::{clause, list};

pub(in crate::rules) static RULE: Rule = Rule {
    code: "page/root-absolute",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "A page looks for its own parts at the root of its host",
    explain: "A reference that begins with a slash is resolved against the host, not against the page: below a prefix it leads to \
              whoever has the root. The page itself is fine, and so is what it refers to relatively; what is missing is an empty \
              list, or a button without an effect, since an edge may well answer 200 there.",
    told_by: "References as they stand in the page begin with a slash and lead out of the prefix, and others of the same page, \
              written relatively, are well. Where all of them lead out, the program doesn't know its prefix.",
    remedy: "Write the references relative to the page (`history` for `/history`), scripts' requests included, or put the prefix \
             before them.",
    references: &["RFC 3986, section 5.2.2", "HTML Standard, section 2.4.3"],
    needs: Needs { modes: &[Mode::Subpath], ..Needs::A_STACK },
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let pages = case.open_by(|symptom| {
        let assets = symptom.step?.assets.as_ref()?;
        let is_it = assets.broken().next().is_some() && assets.broken().all(is_root_absolute) && has_relative(assets);
        is_it.then(|| assets.page.clone())
    });
    let candidate = |(page, explains): (String, Vec<usize>)| {
        let steps = explains.iter().filter_map(|id| case.symptoms.get(*id)?.step?.assets.as_ref());
        let written: BTreeSet<&str> = steps
            .flat_map(|assets| assets.broken().flat_map(|asset| &asset.references))
            .map(|reference| reference.written.as_str())
            .collect();
        let written: Vec<&str> = written.into_iter().collect();
        Candidate {
            cause: format!("{} refers to {}, which is none of its own there.", clause(&page), list(&written)),
            fix: Some(Fix::advice(
                "Upgrade to a program whose references are relative to its page, or begin with its prefix.",
            )),
            observations: written.iter().map(|written| Observation::new(format!("a reference to {written}"))).collect(),
            explains,
        }
    };
    pages.into_iter().map(candidate).collect()
}

fn is_root_absolute(asset: &Asset) -> bool {
    let is_outside = asset.problem.as_ref().is_some_and(|problem| problem.kind == AssetProblemKind::Outside);
    let begins_at_root =
        |written: &str| written.starts_with('/') && !written.starts_with("//") && !written.starts_with("/\\");
    is_outside && asset.references.iter().all(|reference| begins_at_root(&reference.written))
}

/// Something that the page refers to relatively is well.
fn has_relative(assets: &Assets) -> bool {
    let is_relative =
        |asset: &&Asset| asset.references.iter().any(|it| !it.written.starts_with('/') && !it.written.contains("://"));
    assets.list.iter().filter(|asset| asset.problem.is_none()).any(|asset| is_relative(&asset))
}
