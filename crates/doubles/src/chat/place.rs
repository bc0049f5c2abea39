//! Where the service hangs: below `/chat`, and at the root too where it has a host of its own.

/// How the edge routes (`EDGE_ROUTING_MODE`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Below `/chat` of a shared host.
    Subpath,
    /// On a host of its own.
    Subdomain,
}

/// What a path asks for. It is taken byte for byte: nothing is decoded and nothing resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place<'a> {
    Health,
    Ready,
    /// `/chat` itself, which lacks the slash that relative references need.
    Bare,
    /// A path of the service's own.
    Own(&'a str),
    Elsewhere,
}

impl<'a> Place<'a> {
    pub(super) fn of(path: &'a str, mode: Mode) -> Self {
        match path {
            "/health" => return Self::Health,
            "/ready" => return Self::Ready,
            "/chat" => return Self::Bare,
            _ => {}
        }
        match path.strip_prefix("/chat") {
            Some(own) if own.starts_with('/') => Self::Own(own),
            _ if mode == Mode::Subdomain && path.starts_with('/') => Self::Own(path),
            _ => Self::Elsewhere,
        }
    }

    /// Whether it answers people who aren't signed in.
    pub(super) fn is_open(self) -> bool {
        matches!(self, Self::Health | Self::Ready | Self::Own("/login" | "/oauth/callback" | "/auth/verify"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_written_plainly_is_open() {
        for (path, subpath, subdomain) in [
            ("/chat/", Place::Own("/"), Place::Own("/")),
            ("/chat/login", Place::Own("/login"), Place::Own("/login")),
            ("/chat", Place::Bare, Place::Bare),
            ("/login", Place::Elsewhere, Place::Own("/login")),
            ("/health", Place::Health, Place::Health),
            ("*", Place::Elsewhere, Place::Elsewhere),
        ] {
            assert_eq!(
                (Place::of(path, Mode::Subpath), Place::of(path, Mode::Subdomain)),
                (subpath, subdomain),
                "{path}"
            );
        }
        for trick in [
            "//chat/login",
            "/chat//login",
            "/chat/login/",
            "/chat/./login",
            "/chat/%6cogin",
            "/chatter/login",
            "/chat/health",
        ] {
            assert!(
                !Place::of(trick, Mode::Subpath).is_open() && !Place::of(trick, Mode::Subdomain).is_open(),
                "{trick}"
            );
        }
    }
}
