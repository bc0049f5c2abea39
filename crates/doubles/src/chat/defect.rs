//! Mistakes that such services are shipped with. Each changes what the double does at the one place where it would be made, and nothing
//! else; the service's settings know none of them.

use std::collections::BTreeSet;

macro_rules! defects {
    ($(#[doc = $meaning:literal] $variant:ident = $name:literal,)+) => {
        /// A mistake that the service was built with.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Defect {
            $(#[doc = $meaning] $variant,)+
        }

        impl Defect {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The names of all of them, in the same order.
            pub const NAMES: &'static [&'static str] = &[$($name,)+];

            /// Its name in files and settings.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What is wrong, in a sentence.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning.trim_ascii(),)+ }
            }
        }
    };
}

defects! {
    /// The socket opens whatever page asks for it: `Origin` isn't looked at.
    OriginUnchecked = "origin-unchecked",
    /// What changes something is done whatever page asks for it: `Origin` isn't looked at.
    ActionsOriginUnchecked = "actions-origin-unchecked",
    /// Who sends `X-Forwarded-User` is taken for that person, without a session and without the edge's secret.
    ForwardedUserTrusted = "forwarded-user-trusted",
    /// A sign-in can be finished in another browser than the one that began it: `state` is known, and bound to no cookie.
    StateUnbound = "state-unbound",
    /// `state` isn't looked at when the forge sends a browser back.
    StateUnchecked = "state-unchecked",
    /// A session is good for longer than its cookie: its end isn't looked at.
    SessionsNeverExpire = "sessions-never-expire",
    /// A socket that is open stays open when its session ends.
    SocketOutlivesSession = "socket-outlives-session",
    /// The gate answers whoever asks, without the edge's secret.
    VerifyWithoutSecret = "verify-without-secret",
    /// A browser that opens a page is told by `Sec-Fetch-Dest` alone, which browsers send on secure origins only.
    GateByFetchDestAlone = "gate-by-fetch-dest-alone",
    /// Whoever has no session is sent to the login, programs and the socket too.
    RedirectsEveryRequest = "redirects-every-request",
    /// The answer is held back until it is complete, and comes in one burst.
    AnswerAtOnce = "answer-at-once",
    /// The page asks for its data at the root of its host, not relative to itself.
    RootAbsoluteFetch = "root-absolute-fetch",
    /// Everybody who is signed in reads every conversation.
    HistoryOfOthers = "history-of-others",
    /// A session keeps the name that the browser had for it before the sign-in.
    SessionNotRotated = "session-not-rotated",
    /// What is asked over the socket isn't counted.
    LimitsNotOnSocket = "limits-not-on-socket",
    /// Two clicks on one button are two actions.
    DoubleClickActsTwice = "double-click-acts-twice",
    /// Actions are carried out on whichever repository is named.
    AnyRepository = "any-repository",
    /// Of several cookies of the session's name only the first is tried.
    CookieFirstOnly = "cookie-first-only",
    /// Signing out takes the cookie away, and leaves the session good.
    LogoutKeepsSession = "logout-keeps-session",
    /// Everybody whom the forge knows may use the service.
    StrangersAdmitted = "strangers-admitted",
    /// The session's cookie lacks `HttpOnly`.
    CookieReadableByScripts = "cookie-readable-by-scripts",
    /// The session's cookie goes along with other sites' requests: `SameSite=None` stands where `Lax` should.
    CookieCrossSite = "cookie-cross-site",
    /// The page is told the forge's token.
    TokenTold = "token-told",
    /// Slashes that follow each other in a path are read as one, as many routers do: `//chat/history` is `/chat/history`.
    SlashesMerged = "slashes-merged",
    /// On a host of its own, too, it knows paths below `/chat` alone.
    OnlyBelowPrefix = "only-below-prefix",
    /// The page has no Content-Security-Policy.
    PageWithoutPolicy = "page-without-policy",
}

impl Defect {
    /// The one of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|defect| defect.name() == name)
    }

    /// Reads names with commas between, as they stand in a setting.
    ///
    /// # Errors
    /// The first name that there isn't, with those that there are.
    pub fn list(text: &str) -> Result<BTreeSet<Self>, String> {
        let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
        names
            .map(|name| {
                Self::from_name(name).ok_or_else(|| {
                    let known: Vec<&str> = Self::ALL.iter().map(|defect| defect.name()).collect();
                    format!("there is no defect `{}`; there are {}", name.escape_debug(), known.join(", "))
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_theirs() {
        for defect in Defect::ALL {
            assert_eq!(Defect::from_name(defect.name()), Some(*defect));
            assert!(defect.name().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{}", defect.name());
            assert!(defect.meaning().ends_with('.') && !defect.meaning().starts_with(' '), "{}", defect.meaning());
        }
        let both = BTreeSet::from([Defect::OriginUnchecked, Defect::AnyRepository]);
        assert_eq!(Defect::list("any-repository, origin-unchecked,"), Ok(both));
        assert!(Defect::list("origin").unwrap_err().starts_with("there is no defect `origin`; there are origin-unch"));
    }
}
