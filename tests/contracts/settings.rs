//! The wrong settings that were recorded, as what they are: values.

use std::collections::BTreeMap;

use edge_smoke::stack::{ApplicationChange, StackOptions};
use routes::change::RouteChange;
use scenario::model::{Mode, Service};

/// One setting that is wrong.
pub(crate) struct Setting {
    /// The recording's name.
    pub(crate) name: &'static str,
    /// What it is.
    pub(crate) wrong: Wrong,
    /// It is about the CI, alone or together with the forge.
    pub(crate) needs_ci: bool,
    /// The scenarios that fail with it, each with the reason; all others pass.
    pub(crate) fails: &'static [(&'static str, &'static str)],
}

/// What is set wrong.
pub(crate) enum Wrong {
    /// Nothing.
    Nothing,
    /// A service's setting.
    Environment(Service, &'static str, &'static str),
    /// Whether a route strips its prefix.
    Strips(&'static str, bool),
    /// Where the forge may send browsers back to.
    RedirectUri(Service, &'static str),
    /// A service doesn't run.
    Stopped(Service),
}

/// All of them; a trial compares them with the files.
pub(crate) const SETTINGS: &[Setting] = &[
    Setting { name: "healthy", wrong: Wrong::Nothing, needs_ci: false, fails: &[] },
    Setting {
        name: "forge-root-url-internal",
        wrong: Wrong::Environment(Service::Forge, "GITEA__server__ROOT_URL", "http://forgejo:3000/"),
        needs_ci: false,
        fails: &[("forge-login", "a stranger is sent to /user/login, which is nobody's")],
    },
    Setting {
        name: "forge-root-url-without-prefix",
        wrong: Wrong::Environment(Service::Forge, "GITEA__server__ROOT_URL", "${edge}/"),
        needs_ci: false,
        fails: &[("forge-login", "a stranger is sent to /user/login, which is nobody's")],
    },
    Setting {
        name: "forge-edge-does-not-strip",
        wrong: Wrong::Strips("forge", false),
        needs_ci: false,
        fails: &[
            ("forge-login", "the login page is the forge's own 404"),
            ("root-redirect", "so is the page that the root leads to"),
        ],
    },
    Setting {
        name: "ci-host-internal",
        wrong: Wrong::Environment(Service::Ci, "WOODPECKER_HOST", "http://woodpecker:8000"),
        needs_ci: true,
        fails: &[],
    },
    Setting {
        name: "ci-host-without-prefix",
        wrong: Wrong::Environment(Service::Ci, "WOODPECKER_HOST", "${edge}"),
        needs_ci: true,
        fails: &[],
    },
    Setting { name: "ci-edge-strips-prefix", wrong: Wrong::Strips("ci", true), needs_ci: true, fails: &[] },
    Setting { name: "ci-down", wrong: Wrong::Stopped(Service::Ci), needs_ci: true, fails: &[] },
    Setting {
        name: "oauth-redirect-registered-without-prefix",
        wrong: Wrong::RedirectUri(Service::Ci, "${edge}/authorize"),
        needs_ci: true,
        fails: &[],
    },
];

/// The setting of a recording.
pub(crate) fn named(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.name == name)
}

impl Setting {
    /// How a stack is stood up with it.
    pub(crate) fn options(&self) -> StackOptions {
        // All that was recorded was under subpaths, over http.
        let mut options = StackOptions::new(Mode::Subpath);
        match self.wrong {
            Wrong::Nothing => {}
            Wrong::Environment(service, name, value) => {
                let setting = BTreeMap::from([(name.to_owned(), Some(value.to_owned()))]);
                options.environment.insert(service, setting);
            }
            Wrong::Strips(route, strips) => {
                let change = RouteChange { strip_prefix: Some(strips), ..RouteChange::default() };
                options.routes.insert(route.to_owned(), Some(change));
            }
            Wrong::RedirectUri(service, uri) => {
                let change = ApplicationChange { redirect_uris: Some(vec![uri.to_owned()]) };
                options.applications.insert(service, change);
            }
            Wrong::Stopped(service) => {
                options.stop.insert(service);
            }
        }
        options
    }
}
