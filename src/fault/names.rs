//! The names that routes can have, and which of them somebody may have meant.

use std::collections::BTreeMap;

use routes::{Mode, Origin, PathMatch, Route, Site};
use scenario::decode::closest;

/// The routes of a site that has all services.
pub(super) fn routes(mode: Mode) -> Vec<Route> {
    whole(mode).map(|site| site.routes).unwrap_or_default()
}

/// A site that has all services.
pub(super) fn whole(mode: Mode) -> Option<Site> {
    let services = routes::standard::SERVICES.iter().chain(routes::standard::TEST_SERVICES);
    let upstreams: BTreeMap<String, String> = services.map(|name| ((*name).to_owned(), "any:1".to_owned())).collect();
    let origin = Origin { scheme: routes::Scheme::Http, host: "edge.test".to_owned(), port: 80 };
    Site::standard(origin, mode, &upstreams).ok()
}

/// Whether there can be a route of this name.
pub(super) fn is_known(name: &str) -> bool {
    [Mode::Subpath, Mode::Subdomain].iter().any(|mode| routes(*mode).iter().any(|route| route.name == name))
}

/// The route that somebody meant who wrote this name, or the path instead of one.
pub(super) fn meant(name: &str) -> Option<String> {
    let all: Vec<Route> =
        [Mode::Subpath, Mode::Subdomain].into_iter().flat_map(routes).filter(|route| route.name != name).collect();
    let words = |text: &str| {
        let mut words: Vec<String> =
            text.split(|character: char| !character.is_ascii_alphanumeric()).map(str::to_ascii_lowercase).collect();
        words.retain(|word| !word.is_empty());
        words.sort_unstable();
        words
    };
    let path_of = |route: &Route| match &route.path {
        PathMatch::Any => "*".to_owned(),
        PathMatch::Exact(path) => path.clone(),
        PathMatch::Prefix(prefix) => format!("{prefix}*"),
    };
    let said = words(name);
    // `bare-chat`, `chat_redirect`: the same words otherwise joined, and another word for the same.
    let synonyms = |word: &str| match word {
        "redirect" | "redir" | "slash" | "noslash" => "bare".to_owned(),
        "v2" | "registries" | "docker" | "oci" => "registry".to_owned(),
        "forgejo" | "gitea" => "forge".to_owned(),
        "woodpecker" => "ci".to_owned(),
        other => other.to_owned(),
    };
    let mut alike: Vec<String> = said.iter().map(|word| synonyms(word)).collect();
    alike.sort_unstable();
    alike.dedup();
    let by_path = all.iter().find(|route| path_of(route) == name);
    let by_words = || all.iter().find(|route| words(&route.name) == said || words(&route.name) == alike);
    let by_root =
        || all.iter().find(|route| route.name == "root" && (name == "/" || said.contains(&"root".to_owned())));
    let by_one = || {
        let has_all = |route: &&Route| !alike.is_empty() && alike.iter().all(|word| words(&route.name).contains(word));
        all.iter().filter(has_all).min_by_key(|route| (words(&route.name).len(), route.name.len() > 14))
    };
    let by_spelling = || closest(name, all.iter().map(|route| route.name.as_str())).map(str::to_owned);
    by_path
        .or_else(by_words)
        .or_else(by_root)
        .map(|route| route.name.clone())
        .or_else(by_spelling)
        .or_else(|| by_one().map(|route| route.name.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_strangers_call_a_route_leads_to_its_name() {
        for (said, expected) in [
            ("registry", Some("forge-registry")),
            ("v2", Some("forge-registry")),
            ("/v2/*", Some("forge-registry")),
            ("forge-v2", Some("forge-registry")),
            ("/v2", Some("forge-registry-bare")),
            ("root-redirect", Some("root")),
            ("/", Some("root")),
            ("bare-chat", Some("chat-bare")),
            ("chat-redirect", Some("chat-bare")),
            ("/ci", Some("ci-bare")),
            ("forgejo", Some("forge")),
            ("woodpecker", Some("ci")),
            ("stagin", Some("staging")),
            ("forge_bare", Some("forge-bare")),
            ("wiki", None),
        ] {
            assert_eq!(meant(said).as_deref(), expected, "{said}");
            assert!(!is_known(said), "{said}");
        }
        assert!(is_known("forge-registry") && is_known("chat-prefixed"));
    }
}
