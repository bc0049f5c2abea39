//! The messages of OAuth 2 as they stand in addresses. Pure.

use verdict::evidence::{AuthorizationRequest, AuthorizationResponse, StateComparison};

use crate::engine::http::Address;

/// Whether an address lies under another one: same origin, and the path equal or below, segment by segment.
pub(super) fn is_under(address: &Address, base: &Address) -> bool {
    let below = base.path().trim_end_matches('/');
    let rest = address.path().strip_prefix(below);
    address.origin == base.origin && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// An address without its query, which may hold codes.
pub(super) fn bare(address: &Address) -> String {
    format!("{}{}", address.origin, address.path())
}

/// Whether the address is that of the callback and has an authorization response in it (RFC 6749, 4.1.2). The client's
/// start may be the same address without one.
pub(super) fn is_callback(address: &Address, callback: &Address) -> bool {
    let is_there = address.origin == callback.origin && address.path() == callback.path();
    let query = Query::of(address);
    is_there && (query.has("code") || query.has("error"))
}

/// The parameters of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Those of this address.
    pub(super) fn of(address: &Address) -> Self {
        let query = address.target.split_once('?').map(|(_, query)| query).unwrap_or_default();
        let query = query.split('#').next().unwrap_or_default();
        Self(url::form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    /// A parameter. One without a value counts as left out (RFC 6749, section 3.1).
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Whether this can be meant as an authorization request.
    pub(super) fn asks_for_authorization(&self) -> bool {
        self.has("client_id") || self.has("response_type")
    }
}

/// An address on the browser's way, with the index of the exchange that sent it there.
#[derive(Debug, Clone)]
pub(super) struct Move {
    /// The address.
    pub(super) address: Address,
    /// The exchange; `None` where the way begins.
    pub(super) sent_by: Option<usize>,
}

/// The two messages of a dance, as far as it came.
#[derive(Debug, Clone, Default)]
pub(super) struct Messages {
    /// The authorization request.
    pub(super) request: Option<Message>,
    /// The authorization response.
    pub(super) response: Option<Message>,
}

/// A message, in the address that carries it.
#[derive(Debug, Clone)]
pub(super) struct Message {
    /// Its place on the way.
    pub(super) at: usize,
    /// The move that carries it.
    pub(super) moved: Move,
    /// Its parameters.
    pub(super) query: Query,
}

impl Messages {
    /// Finds the messages on a way from a client's start by way of its provider to its registered callback.
    pub(super) fn find(way: &[Move], provider: &Address, callback: &Address) -> Self {
        let message =
            |at: usize| way.get(at).map(|moved| Message { at, moved: moved.clone(), query: Query::of(&moved.address) });
        // The first move is the client's start.
        let after_start = || way.iter().enumerate().skip(1);
        let asking = after_start().find(|(_, moved)| Query::of(&moved.address).asks_for_authorization());
        let at_provider = || after_start().find(|(_, moved)| is_under(&moved.address, provider));
        let request = asking.or_else(at_provider).map(|(at, _)| at);
        let answers = || way.iter().enumerate().skip(request.map_or(way.len(), |at| at + 1));
        let is_elsewhere = |moved: &Move| {
            let query = Query::of(&moved.address);
            let is_answer = query.has("code") || (query.has("error") && query.has("state"));
            is_answer && !is_under(&moved.address, provider)
        };
        let response = answers()
            .find(|(_, moved)| is_callback(&moved.address, callback))
            .or_else(|| answers().find(|(_, moved)| is_elsewhere(moved)))
            .map(|(at, _)| at);
        Self { request: request.and_then(message), response: response.and_then(message) }
    }

    /// The state of the response, compared with that of the request.
    pub(super) fn states(&self) -> StateComparison {
        let state = |message: &Option<Message>| message.as_ref()?.query.get("state").map(str::to_owned);
        match (state(&self.request), state(&self.response)) {
            (Some(asked), Some(answered)) if asked == answered => StateComparison::Same,
            (Some(_), Some(_)) => StateComparison::Other,
            _ => StateComparison::Missing,
        }
    }

    /// The request as evidence.
    pub(super) fn request_record(&self) -> Option<AuthorizationRequest> {
        let request = self.request.as_ref()?;
        let text = |name: &str| request.query.get(name).map(str::to_owned);
        Some(AuthorizationRequest {
            endpoint: bare(&request.moved.address),
            sent_by: request.moved.sent_by,
            response_type: text("response_type"),
            client_id: request.query.has("client_id"),
            redirect_uri: text("redirect_uri"),
            scope: text("scope"),
            state: request.query.has("state"),
        })
    }

    /// The response as evidence.
    pub(super) fn response_record(&self) -> Option<AuthorizationResponse> {
        let response = self.response.as_ref()?;
        Some(AuthorizationResponse {
            to: bare(&response.moved.address),
            sent_by: response.moved.sent_by,
            code: response.query.has("code"),
            state: self.states(),
            error: response.query.get("error").map(str::to_owned),
        })
    }
}

/// The same callback with a state that nobody gave out: one character of it is another. `None` where there is no state.
pub(super) fn with_forged_state(callback: &Address) -> Option<Address> {
    let query = Query::of(callback);
    let forged = forged(query.get("state")?);
    let pairs: Vec<(String, String)> = query
        .0
        .into_iter()
        .map(|(name, value)| if name == "state" { (name, forged.clone()) } else { (name, value) })
        .collect();
    let bare = Address { origin: callback.origin.clone(), target: callback.path().to_owned() };
    Some(bare.with_query(&pairs))
}

/// The state, but for a character in its middle; so the parts of a signed one no longer fit each other.
fn forged(state: &str) -> String {
    let middle = state.chars().count() / 2;
    let changed = |character: char| match character {
        'a' => 'b',
        'A' => 'B',
        '0' => '1',
        character if character.is_ascii_lowercase() => 'a',
        character if character.is_ascii_uppercase() => 'A',
        _ => '0',
    };
    state.chars().enumerate().map(|(at, character)| if at == middle { changed(character) } else { character }).collect()
}

/// The callback with what a provider answers where the user says no (RFC 6749, 4.1.2.1).
pub(super) fn denied(callback: &Address, state: Option<&str>) -> Address {
    let mut pairs = vec![("error".to_owned(), "access_denied".to_owned())];
    pairs.extend(state.map(|state| ("state".to_owned(), state.to_owned())));
    callback.clone().with_query(&pairs)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::engine::http::target::Origin;

    fn address(url: &str) -> Address {
        Address::parse(url, &Origin::parse("http://edge.test").unwrap()).unwrap()
    }

    fn way(urls: &[&str]) -> Vec<Move> {
        let sent_by = |at: usize| at.checked_sub(1);
        urls.iter().enumerate().map(|(at, url)| Move { address: address(url), sent_by: sent_by(at) }).collect()
    }

    fn found(urls: &[&str]) -> (Option<usize>, Option<usize>, StateComparison) {
        let messages = Messages::find(&way(urls), &address("/forge"), &address("/ci/authorize"));
        let at = |message: &Option<Message>| message.as_ref().map(|message| message.at);
        (at(&messages.request), at(&messages.response), messages.states())
    }

    const REQUEST: &str = "/forge/login/oauth/authorize?client_id=c&redirect_uri=x&response_type=code&state=s%2F1";

    #[test]
    fn the_messages_are_found_on_the_way() {
        use StateComparison::{Missing, Other, Same};
        let login = "/forge/user/login";
        for (urls, expected) in [
            (vec!["/ci/authorize"], (None, None, Missing)),
            (vec!["/ci/authorize", REQUEST], (Some(1), None, Missing)),
            (
                vec!["/ci/authorize", REQUEST, login, REQUEST, "/ci/authorize?code=1&state=s/1"],
                (Some(1), Some(4), Same),
            ),
            (vec!["/ci/authorize", REQUEST, "/ci/authorize?code=1&state=s", "/ci/"], (Some(1), Some(2), Other)),
            (vec!["/ci/authorize", REQUEST, "/ci/authorize?code=1", "/ci/"], (Some(1), Some(2), Missing)),
            (vec!["/ci/authorize", REQUEST, "/ci/authorize?error=access_denied"], (Some(1), Some(2), Missing)),
            // The prefix is lost on the way to the client; an address of the provider's own isn't an answer.
            (
                vec!["/ci/authorize", REQUEST, "/forge/x?code=7", "/authorize?code=1&state=s/1"],
                (Some(1), Some(3), Same),
            ),
            // A request without parameters is still the one that goes to the provider.
            (vec!["/ci/authorize", "/ci/x", "/forge/login/oauth/authorize"], (Some(2), None, Missing)),
            // One that goes to a host that nobody knows is still the request.
            (vec!["/ci/authorize", "http://forgejo:3000/login/oauth/authorize?client_id=c"], (Some(1), None, Missing)),
        ] {
            assert_eq!(found(&urls), expected, "{urls:?}");
        }
    }

    #[test]
    fn under_is_segment_by_segment() {
        for (url, base, expected) in [
            ("/forge", "/forge", true),
            ("/forge/x?y", "/forge/", true),
            ("/forgery", "/forge", false),
            ("/x", "http://edge.test/", true),
            ("http://edge.test:81/x", "http://edge.test/", false),
        ] {
            assert_eq!(is_under(&address(url), &address(base)), expected, "{url} {base}");
        }
    }

    #[test]
    fn a_parameter_without_a_value_counts_as_left_out() {
        assert!(!Query::of(&address("/x?code=&state")).has("code"));
        assert!(!is_callback(&address("/ci/authorize?code="), &address("/ci/authorize")));
    }

    #[test]
    fn a_denial_keeps_the_query_of_the_redirect_uri() {
        let callback = address("/cb?tenant=1");
        assert_eq!(denied(&callback, Some("a b")).target, "/cb?tenant=1&error=access_denied&state=a+b");
        assert_eq!(denied(&address("/cb"), None).target, "/cb?error=access_denied");
    }

    proptest! {
        #[test]
        fn a_forged_state_is_another_one_as_long_as_it_was(state in "[ -~é]{1,30}") {
            let callback = address("/cb").with_query(&[("code".into(), "1".into()), ("state".into(), state.clone())]);
            let forged = Query::of(&with_forged_state(&callback).unwrap());
            prop_assert_ne!(forged.get("state").unwrap(), state.as_str());
            prop_assert_eq!(forged.get("state").unwrap().chars().count(), state.chars().count());
            prop_assert_eq!(forged.get("code"), Some("1"));
        }
    }
}
