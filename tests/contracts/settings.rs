//! The wrong settings that were recorded: fault files of the same names, and what each makes fail.

use std::collections::BTreeSet;
use std::path::Path;

use edge_smoke::fault::{self, Fault};
use edge_smoke::stack::{Product, StackOptions};
use scenario::Source;
use scenario::model::{Mode, Service};

/// Scenarios that fail, each with the forges that they fail with, and why.
type Failing = &'static [(&'static str, &'static [Product], &'static str)];

const ANY: &[Product] = &[Product::Gitea, Product::Forgejo];
/// Gitea 1.26 sends clients of its registry for a token to the host that they called; Forgejo to its own idea of its address.
const FORGEJO: &[Product] = &[Product::Forgejo];

/// The chat's sign-in by the forge, with which all of its journeys begin, and what comes after it where that is looked at.
macro_rules! no_chat {
    ($why:literal, $($other:expr),* $(,)?) => {
        &[
            ("chat-login", ANY, $why),
            ("chat-gate", ANY, "it opens nothing then"),
            ("chat-ws", ANY, "it begins with that sign-in"),
            ("chat-actions", ANY, "as above"),
            ("chat-assets", ANY, "as above"),
            ("chat-history", ANY, "as above"),
            ("chat-limits", ANY, "as above"),
            ("chat-strangers", ANY, "as above"),
            ("chat-session-end", ANY, "as above"),
            ("cookies-reversed", ANY, "as above"),
            $($other),*
        ]
    };
}

/// The recorded settings, each with the scenarios that fail with it; all others pass.
const FAILS: &[(&str, Failing)] = &[
    ("healthy", &[]),
    (
        "forge-root-url-internal",
        no_chat![
            "who signs in ends at /user/login, which is nobody's",
            ("forge-assets", ANY, "the pages refer to /assets/, which is nobody's"),
            ("forge-login", ANY, "a stranger is sent to /user/login, which is nobody's"),
            ("ci-oauth", ANY, "the sign-in at the CI ends there as well"),
            ("ci-api", ANY, "it begins with that sign-in"),
            ("cookies", ANY, "as above"),
            ("forge-address", ANY, "its metadata names what only containers know"),
            ("registry", FORGEJO, "the token is at an address that only containers know"),
        ],
    ),
    (
        "forge-root-url-without-prefix",
        no_chat![
            "who signs in ends at /user/login, which is nobody's",
            ("forge-assets", ANY, "the pages refer to /assets/, which is nobody's"),
            ("forge-login", ANY, "a stranger is sent to /user/login, which is nobody's"),
            ("ci-oauth", ANY, "the sign-in at the CI ends there as well"),
            ("ci-api", ANY, "it begins with that sign-in"),
            ("cookies", ANY, "as above"),
            ("forge-address", ANY, "its metadata names the root"),
        ],
    ),
    (
        "forge-edge-does-not-strip",
        no_chat![
            "the page that asks for consent is the forge's own 404",
            ("forge-assets", ANY, "a picture of the forge's is its own 404"),
            ("forge-login", ANY, "the login page is the forge's own 404"),
            ("root-redirect", ANY, "so is the page that the root leads to"),
            ("bare-prefixes", ANY, "and the one that /forge leads to"),
            ("git-clone", ANY, "and the forge's advertisement of a repository"),
            ("git-push", ANY, "as above"),
            ("large-push", ANY, "as above"),
            ("ci-oauth", ANY, "and the page that asks for consent"),
            ("ci-api", ANY, "it begins with that sign-in"),
            ("cookies", ANY, "as above"),
            ("forge-address", ANY, "its metadata is its own 404"),
            ("registry", FORGEJO, "the token is below /forge"),
        ],
    ),
    ("ci-host-internal", CI_LOST),
    ("ci-host-without-prefix", CI_LOST),
    ("ci-edge-strips-prefix", CI_LOST),
    (
        "ci-down",
        &[
            ("bare-prefixes", ANY, "/ci leads to a 502"),
            ("ci-dashboard", ANY, "the dashboard is a 502"),
            ("ci-oauth", ANY, "so is the sign-in"),
            ("ci-api", ANY, "it begins with that sign-in"),
            ("cookies", ANY, "as above"),
            ("cookies-reversed", ANY, "as above"),
        ],
    ),
    (
        "oauth-redirect-registered-without-prefix",
        &[
            ("ci-oauth", ANY, "the forge refuses a redirect URI that it doesn't know"),
            ("ci-api", ANY, "it begins with that sign-in"),
            ("cookies", ANY, "as above"),
            ("cookies-reversed", ANY, "as above"),
        ],
    ),
];

/// Woodpecker's idea of its path isn't what reaches it.
const CI_LOST: Failing = &[
    ("ci-dashboard", ANY, "every script is the dashboard's index, or nobody's"),
    ("ci-oauth", ANY, "the sign-in is the dashboard's index"),
    ("ci-api", ANY, "it begins with that sign-in"),
    ("cookies", ANY, "as above"),
    ("cookies-reversed", ANY, "as above"),
];

/// A recorded setting.
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    /// The recording's name.
    pub(crate) name: &'static str,
    fails: Failing,
    /// What is set wrong, where anything is.
    fault: Option<Fault>,
}

/// All of them; a trial compares them with the recordings.
pub(crate) fn all() -> Vec<Setting> {
    FAILS.iter().map(|&(name, fails)| Setting { name, fails, fault: (name != "healthy").then(|| read(name)) }).collect()
}

fn read(name: &str) -> Fault {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("faults").join(format!("{name}.yaml"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let fault = fault::read(&Source::new(path.display().to_string(), text));
    fault.unwrap_or_else(|errors| panic!("{}", errors[0].render(false)))
}

impl Setting {
    /// It is about the CI, alone or together with the forge.
    pub(crate) fn needs_ci(&self) -> bool {
        self.fault.as_ref().is_some_and(|fault| fault.inject.services().contains(&Service::Ci))
    }

    /// The scenarios that fail with it where the forge is this one.
    pub(crate) fn fails(&self, forge: Product) -> BTreeSet<&'static str> {
        let fails = self.fails.iter().filter(|(_, forges, _)| forges.contains(&forge));
        fails.map(|(scenario, _, _)| *scenario).collect()
    }

    /// How a stack is stood up with it.
    pub(crate) fn options(&self) -> StackOptions {
        // All that was recorded was under subpaths, over http.
        let options = StackOptions::new(Mode::Subpath);
        match self.fault.clone() {
            Some(fault) => fault.inject.into_options(options),
            None => options,
        }
    }
}
