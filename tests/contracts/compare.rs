//! Recorded beside observed: pure.
//!
//! Left out, for they are the recorder's and not the programs':
//! - the lengths of contents, but for the difference between something and nothing in a 200;
//! - what the recorder's edge did with prefixes without their slash (its `/forge` was a 404, its `/ci` went to the CI; ours are redirects);
//! - the words and the media type of what the edge answers by itself, where it has no route or no service;
//! - whether the forge has its scripts and styles: the recorder's was built without them.

use std::collections::{BTreeMap, BTreeSet};

use crate::recording::{Asset, Cookie, Entry, Exchange};
use crate::shapes::canonical;

/// What is compared of a recording: not the recorder's own prefixes without a slash.
pub(crate) fn is_compared(entry: &str) -> bool {
    entry != "forge home without slash"
}

/// The recording as it would be of a Woodpecker whose own wrong reference is put right: the recorded one refers to an icon at the
/// root, under subpaths too; the same version with its front end built anew doesn't. `None` where that is no matter.
pub(crate) fn with_icon_put_right(recorded: &Entry) -> Option<Entry> {
    const ICON: &str = "/favicons/favicon-light-default";
    let Entry::Assets(assets) = recorded else { return None };
    let sibling = assets.iter().find(|asset| asset.reference == format!("/ci{ICON}.svg"))?;
    let mut assets = assets.clone();
    let icon = assets.iter_mut().find(|asset| asset.reference == format!("{ICON}.png"))?;
    *icon = Asset {
        reference: format!("/ci{ICON}.png"),
        content_type: sibling.content_type.as_ref().map(|media| media.replace("image/svg+xml", "image/png")),
        ..sibling.clone()
    };
    Some(Entry::Assets(assets))
}

/// What differs, in words; empty where nothing does.
pub(crate) fn differences(recorded: Option<&Entry>, observed: Option<&Entry>) -> Vec<String> {
    match (recorded, observed) {
        (None, None) => Vec::new(),
        (Some(Entry::Exchanges(recorded)), Some(Entry::Exchanges(observed))) => exchanges(recorded, observed),
        (Some(Entry::Answers(recorded)), Some(Entry::Answers(observed))) => answers(recorded, observed),
        (Some(Entry::Assets(recorded)), Some(Entry::Assets(observed))) => assets(recorded, observed),
        (Some(Entry::Names(recorded)), Some(Entry::Names(observed))) => differ("names", recorded, observed),
        (Some(Entry::Text(recorded)), Some(Entry::Text(observed))) => differ("value", recorded, observed),
        (Some(Entry::Document(recorded)), Some(Entry::Document(observed))) => {
            let pairs = recorded.iter().map(|(name, value)| (name, Some(value), observed.get(name)));
            pairs.flat_map(|(name, recorded, observed)| differ(name, &recorded, &observed)).collect()
        }
        (recorded, observed) => differ("entry", &recorded, &observed),
    }
}

fn differ<T: PartialEq + std::fmt::Debug>(what: &str, recorded: &T, observed: &T) -> Vec<String> {
    if recorded == observed {
        Vec::new()
    } else {
        vec![format!("{what}: recorded {recorded:?}, observed {observed:?}")]
    }
}

fn exchanges(recorded: &[Exchange], observed: &[Exchange]) -> Vec<String> {
    let chain = |exchanges: &[Exchange]| {
        exchanges
            .iter()
            .map(|exchange| format!("{} {}", canonical(&exchange.request), exchange.status))
            .collect::<Vec<_>>()
    };
    let mut found = Vec::new();
    if recorded.len() != observed.len() {
        found.extend(differ("chain", &chain(recorded), &chain(observed)));
    }
    found.extend(recorded.iter().zip(observed).flat_map(|(recorded, observed)| exchange(recorded, observed)));
    found
}

fn answers(recorded: &BTreeMap<String, Exchange>, observed: &BTreeMap<String, Exchange>) -> Vec<String> {
    // The prefix without its slash is the edge's business.
    let compared = recorded.iter().filter(|(path, _)| path.as_str() != "/ci");
    let pairs = compared.map(|(path, recorded)| (path, recorded, observed.get(path)));
    pairs
        .flat_map(|(path, recorded, observed)| match observed {
            Some(observed) => exchange(recorded, observed),
            None => vec![format!("{path}: not asked for")],
        })
        .collect()
}

fn exchange(recorded: &Exchange, observed: &Exchange) -> Vec<String> {
    let mut found = differ("request", &canonical(&recorded.request), &canonical(&observed.request));
    found.extend(differ("status", &recorded.status, &observed.status));
    let location = |exchange: &Exchange| exchange.location.as_deref().map(canonical);
    found.extend(differ("location", &location(recorded), &location(observed)));
    let path = recorded.request.split_once(' ').map_or("", |(_, target)| target);
    if !is_edges_own(path, recorded.status) {
        found.extend(differ("content type", &recorded.content_type, &observed.content_type));
        found.extend(differ("cookies", &sorted(&recorded.set_cookie), &sorted(&observed.set_cookie)));
        if recorded.status == 200 {
            found.extend(differ("is empty", &(recorded.bytes == 0), &(observed.bytes == 0)));
        }
    }
    found.into_iter().map(|difference| format!("{}: {difference}", canonical(&recorded.request))).collect()
}

/// Whether the recorder's edge answered by itself: it had no route for the path, or no service behind it.
fn is_edges_own(target: &str, status: u16) -> bool {
    status == 502 || !["/forge/", "/ci/"].iter().any(|prefix| target.starts_with(prefix))
}

fn sorted(cookies: &[Cookie]) -> Vec<Cookie> {
    let mut cookies = cookies.to_vec();
    cookies.sort();
    cookies
}

/// References by what is essential of them, each with what the answer is: hashed names and versions may differ, and so
/// may how many files the front end is cut into.
fn assets(recorded: &[Asset], observed: &[Asset]) -> Vec<String> {
    let kinds = |assets: &[Asset]| -> BTreeMap<String, BTreeSet<String>> {
        let mut kinds: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for asset in assets {
            kinds.entry(essential(&asset.reference)).or_default().insert(answer(asset));
        }
        kinds
    };
    let has_front_end =
        |asset: &Asset| !(is_built(&asset.reference) && asset.status == 404 && asset.content_type.is_none());
    let (recorded_kinds, observed_kinds) = (kinds(recorded), kinds(observed));
    let mut found = differ("references", &recorded_kinds.keys().collect::<Vec<_>>(), &observed_kinds.keys().collect());
    for (reference, recorded_answers) in &recorded_kinds {
        let Some(observed_answers) = observed_kinds.get(reference) else { continue };
        if recorded_answers == observed_answers {
            continue;
        }
        let is_built_here =
            !recorded.iter().filter(|asset| essential(&asset.reference) == *reference).any(has_front_end);
        let built = format!("200 {}", if reference.contains(".css") { "text/css" } else { "text/javascript" });
        if !(is_built_here && *observed_answers == BTreeSet::from([built])) {
            found.push(format!("{reference}: recorded {recorded_answers:?}, observed {observed_answers:?}"));
        }
    }
    found
}

/// A script or a style of the forge's front end, behind an edge that has a route for it.
fn is_built(reference: &str) -> bool {
    ["/forge/assets/css/", "/forge/assets/js/"].iter().any(|prefix| reference.starts_with(prefix))
}

/// `/ci/assets/index-BnABfZg1.js` → `/ci/assets/*.js`, `index.css?v=1` → `index.css?v=*`.
fn essential(reference: &str) -> String {
    let (path, query) = reference.split_once('?').map_or((reference, ""), |(path, _)| (path, "?v=*"));
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let hashed = name.rsplit_once('.').is_some_and(|(stem, ending)| {
        // As bundlers name them: eight characters of base64url before the ending.
        let hash = stem.len().checked_sub(9).and_then(|at| stem.get(at..)).and_then(|end| end.strip_prefix('-'));
        matches!(ending, "js" | "css") && folder.ends_with("/assets") && hash.is_some()
    });
    let ending = name.rsplit('.').next().unwrap_or_default();
    if hashed { format!("{folder}/*.{ending}") } else { format!("{folder}/{name}{query}") }
}

/// Status and media type, without its parameters; the status alone where the edge answered by itself.
fn answer(asset: &Asset) -> String {
    if is_edges_own(&asset.reference, asset.status) {
        return asset.status.to_string();
    }
    let media = asset.content_type.as_deref().unwrap_or_default();
    format!("{} {}", asset.status, media.split(';').next().unwrap_or_default().trim()).trim_end().to_owned()
}
