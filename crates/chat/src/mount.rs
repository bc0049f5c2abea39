//! Where the service hangs: below `/chat`, and at the root as well where it has a host of its own.

use crate::config::{Mode, PREFIX};

/// What a request's path asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place<'a> {
    /// Whether the process lives. Only on the service's own port: the edge forwards no such path.
    Health,
    /// Whether it can do its work.
    Ready,
    /// `/chat`, whose relative references would lead past the service.
    Bare,
    /// A path of the service's own, beginning with a slash.
    Own(&'a str),
    /// Nothing of the service's.
    Elsewhere,
}

/// Finds the place of a path, which is taken as it is: what has to be decoded or resolved first to be one of ours is none of ours.
pub(crate) fn place(path: &str, mode: Mode) -> Place<'_> {
    match (path, path.strip_prefix(PREFIX)) {
        ("/health", _) => Place::Health,
        ("/ready", _) => Place::Ready,
        (_, Some("")) => Place::Bare,
        (_, Some(rest)) if rest.starts_with('/') => Place::Own(rest),
        _ if mode == Mode::Subdomain && path.starts_with('/') => Place::Own(path),
        _ => Place::Elsewhere,
    }
}

impl Place<'_> {
    /// Whether the path answers people who aren't signed in.
    pub(crate) fn is_open(self) -> bool {
        match self {
            Self::Health | Self::Ready => true,
            Self::Own(path) => matches!(path, "/login" | "/oauth/callback" | "/auth/verify"),
            Self::Bare | Self::Elsewhere => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TRICKS: &[&str] = &[
        "//chat/history",
        "/chat/../chat/history",
        "/chat/./login",
        "/chat/login/",
        "/chat/login/../history",
        "/chat/login/..%2fhistory",
        "/chat/%6cogin",
        "/chat/login%00",
        "/chat/login;x",
        "/chat//login",
        "//chat/login",
        "/CHAT/login",
        "/chat/LOGIN",
        "/chat/health",
        "/chat/ready",
        "/chat/auth/verify/",
        "/chat/oauth/callback/x",
        "/chatter/login",
        "/health/",
        "//health",
        "/chat\\login",
        "",
        "*",
        "/",
    ];

    #[test]
    fn the_same_places_in_both_modes() {
        for mode in [Mode::Subpath, Mode::Subdomain] {
            for (path, expected) in [
                ("/health", Place::Health),
                ("/ready", Place::Ready),
                ("/chat", Place::Bare),
                ("/chat/", Place::Own("/")),
                ("/chat/login", Place::Own("/login")),
                ("/chat/chat/login", Place::Own("/chat/login")),
            ] {
                assert_eq!(place(path, mode), expected, "{path} {mode}");
            }
            for path in TRICKS {
                assert!(!place(path, mode).is_open(), "{path} {mode}");
            }
        }
        assert_eq!(place("/login", Mode::Subpath), Place::Elsewhere);
        assert_eq!(place("/login", Mode::Subdomain), Place::Own("/login"));
        assert_eq!(place("/", Mode::Subdomain), Place::Own("/"));
    }

    proptest! {
        /// Five paths are open, two of them twice on a host of its own, and no others.
        #[test]
        fn nothing_else_is_open(
            segments in prop::collection::vec(
                prop::sample::select(&["chat", "login", "oauth", "callback", "auth", "verify", "health", "ready", "", ".", "..", "%2e", "ws", "LOGIN"][..]),
                0..5,
            ),
            slash in any::<bool>(),
            subdomain in any::<bool>(),
        ) {
            let path = format!("/{}{}", segments.join("/"), if slash { "/" } else { "" });
            let mode = if subdomain { Mode::Subdomain } else { Mode::Subpath };
            let mut open = vec!["/health", "/ready", "/chat/login", "/chat/oauth/callback", "/chat/auth/verify"];
            if subdomain {
                open.extend(["/login", "/oauth/callback", "/auth/verify"]);
            }
            prop_assert_eq!(place(&path, mode).is_open(), open.contains(&path.as_str()), "{}", path);
        }
    }
}
