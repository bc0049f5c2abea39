//! `page/optional-asset`: something that a page loads is broken, and the page can do without it.

use std::collections::{BTreeMap, BTreeSet};

use super::case::{Candidate, Case};
use super::{Needs, Rule};
use crate::evidence::{Asset, AssetKind};
use crate::finding::{Class, Observation, Place, Severity};
use crate::sentence::{clause, count};

/// How many are shown of a page.
const SHOWN: usize = 20;

pub(super) static RULE: Rule = Rule {
    code: "page/optional-asset",
    class: Class::Note,
    severity: Severity::Note,
    title: "Something that a page can do without is broken",
    explain: "An icon, a manifest, a prefetched file or another thing that a page works and looks right without isn't \
              there, or isn't what it claims to be. Some programs are shipped so: Woodpecker 3 refers to an icon of its \
              own without the prefix. Nothing is wrong with the site's configuration for it, so it changes no verdict.",
    told_by: "The reference isn't essential: an icon, a manifest, a prefetch. A script or a style that is broken \
              is a finding.",
    remedy: "Nothing has to be done; who maintains the program may want to know.",
    references: &["HTML Standard, section 4.6.7 (link types)"],
    needs: Needs::NOTHING,
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let mut pages: BTreeMap<&str, (BTreeSet<String>, Vec<Observation>)> = BTreeMap::new();
    for journey in &case.evidence.journeys {
        for step in &journey.steps {
            for (page, asset) in step.assets.iter().flat_map(|assets| assets.notes().map(|asset| (&assets.page, asset)))
            {
                let (said, observations) = pages.entry(page.as_str()).or_default();
                said.insert(about(asset));
                observations.push(Observation {
                    text: about(asset),
                    scenario: Some(journey.name.clone()),
                    place: Some(Place { file: step.file.clone(), line: step.line, column: 1 }),
                    quote: Vec::new(),
                });
            }
        }
    }
    let candidate = |(page, (said, mut observations)): (&str, (BTreeSet<String>, Vec<Observation>))| {
        observations.sort();
        observations.truncate(SHOWN);
        let cause = match (said.len(), said.first()) {
            (1, Some(only)) => format!("{} loads, and can do without, the {only}.", clause(page)),
            (many, _) => {
                format!("{} loads {} that it can do without and that are broken.", clause(page), count(many, "file"))
            }
        };
        Candidate { cause, fix: None, observations, explains: Vec::new() }
    };
    pages.into_iter().map(candidate).collect()
}

/// `icon http://…/favicon.png (<link rel=icon> in http://…/:6): status 404`
fn about(asset: &Asset) -> String {
    let noun = match asset.kind {
        AssetKind::Icon => "icon",
        AssetKind::Manifest => "manifest",
        AssetKind::Style => "alternate stylesheet",
        AssetKind::Font => "font",
        AssetKind::Track => "text track",
        AssetKind::Script | AssetKind::Module | AssetKind::JsonModule => "script",
        AssetKind::Image | AssetKind::Media | AssetKind::Frame | AssetKind::Data => "file",
    };
    let by = asset
        .references
        .first()
        .map(|reference| format!(" ({} in {}:{})", reference.by, reference.file, reference.line));
    let found = asset.problem.as_ref().map(|problem| format!(": {}", problem.found));
    clause(&format!("{noun} {}{}{}", asset.url, by.unwrap_or_default(), found.unwrap_or_default()))
}
