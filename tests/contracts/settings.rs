//! The wrong settings that were recorded: fault files of the same names, and what each makes fail.

use std::path::Path;

use edge_smoke::fault::{self, Fault};
use edge_smoke::stack::StackOptions;
use scenario::Source;
use scenario::model::{Mode, Service};

/// What a scenario fails of, by the scenario's name.
type Failing = &'static [(&'static str, &'static str)];

/// The recorded settings, each with the scenarios that fail with it and why; all others pass.
const FAILS: &[(&str, Failing)] = &[
    ("healthy", &[]),
    ("forge-root-url-internal", LOST_PREFIX),
    ("forge-root-url-without-prefix", LOST_PREFIX),
    (
        "forge-edge-does-not-strip",
        &[
            ("forge-assets", "a picture of the forge's is its own 404"),
            ("forge-login", "the login page is the forge's own 404"),
            ("root-redirect", "so is the page that the root leads to"),
            ("git-clone", "and the forge's advertisement of a repository"),
            ("git-push", "as above"),
            ("large-push", "as above"),
        ],
    ),
    ("ci-host-internal", &[]),
    ("ci-host-without-prefix", &[]),
    ("ci-edge-strips-prefix", &[]),
    ("ci-down", &[]),
    ("oauth-redirect-registered-without-prefix", &[]),
];

const LOST_PREFIX: Failing = &[
    ("forge-assets", "the pages refer to /assets/, which is nobody's"),
    ("forge-login", "a stranger is sent to /user/login, which is nobody's"),
];

/// A recorded setting.
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    /// The recording's name.
    pub(crate) name: &'static str,
    /// The scenarios that fail with it, with the reasons.
    pub(crate) fails: Failing,
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
