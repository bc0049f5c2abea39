//! `assets`: what a page loads.

use crate::decode::{Decoder, Fields};
use crate::model::{Action, Assets, AssetsAspect, AssetsPage, Step, Subject};
use crate::parse::expect::Expectations;
use crate::parse::predicate::{self, Domain};
use crate::parse::{keys, request, values};
use crate::yaml::Node;

/// The word for the last page.
const LAST: &str = "page";

pub(super) fn assets(decoder: &Decoder, fields: &Fields<'_>, value: &Node) -> Option<Assets> {
    let page = match value.as_word() {
        Some(LAST) => Some(AssetsPage::Last),
        _ => request::target_of(decoder, value, "assets", request::Speaks::Http).map(AssetsPage::At),
    };
    let under = fields.get("under").and_then(|node| predicate::whole_url(decoder, node, "`under`"));
    let list =
        |key: &str| fields.get(key).map(|node| decoder.one_or_many(node, &format!("`{key}`"))).unwrap_or_default();
    let ignore = list("ignore").iter().filter_map(|node| predicate::pattern(decoder, node, "`ignore`")).collect();
    let origins = list("origins").iter().filter_map(|node| predicate::whole_url(decoder, node, "`origins`")).collect();
    let limit = fields.get("limit").and_then(|node| decoder.integer(node, "`limit`", 1, keys::MOST_ASSETS));
    let headers = fields.get("headers").map(|node| values::headers(decoder, node)).unwrap_or_default();
    let basic_auth = fields.get("basic_auth").and_then(|node| request::basic_auth(decoder, node, "basic_auth"));
    let limit = limit.and_then(|limit| usize::try_from(limit).ok());
    Some(Assets { page: page?, under, ignore, origins, limit, headers, basic_auth })
}

/// What is expected of them.
pub(super) fn expect(expectations: &mut Expectations<'_>, node: &Node) {
    let Some(fields) = expectations.decoder.fields(node, &keys::ASSETS, node.span) else { return };
    for (key, value) in fields.iter() {
        let (aspect, domain) = match key.value.as_str() {
            "count" => (AssetsAspect::Count, Domain::Count),
            "scripts" => (AssetsAspect::Scripts, Domain::Count),
            "styles" => (AssetsAspect::Styles, Domain::Count),
            "images" => (AssetsAspect::Images, Domain::Count),
            "fonts" => (AssetsAspect::Fonts, Domain::Count),
            "broken" => (AssetsAspect::Broken, Domain::Count),
            "notes" => (AssetsAspect::Notes, Domain::Count),
            "urls" => (AssetsAspect::Urls, Domain::Text),
            _ => (AssetsAspect::Duration, Domain::Duration),
        };
        expectations.add(Subject::Assets(aspect), value, domain, &format!("`{}`", key.value));
    }
}

/// Reports expectations of assets where a step loads none.
pub(super) fn check_company(decoder: &Decoder, step: &Step) {
    let of_assets = step.expect.iter().find(|expectation| matches!(expectation.subject, Subject::Assets(_)));
    if let (Some(expectation), false) = (of_assets, matches!(step.action, Action::Assets(_))) {
        let diagnostic = decoder.at(expectation.span, "only an `assets` step loads what can be expected of assets");
        decoder.report(diagnostic.help("put a step `assets: page` behind this one, and expect it there"));
    }
}
