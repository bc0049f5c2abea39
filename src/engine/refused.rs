//! Requests that were refused although they carried credentials: whoever asks the same again past the edge sees whether the
//! credentials arrived. They are kept for as long as a walk takes, and nowhere else.

use std::sync::{Mutex, PoisonError};

use scenario::Secret;

use super::visitor::Hop;

/// The most that are kept.
const MOST: usize = 6;

/// A request that was refused.
#[derive(Clone)]
pub struct Refused {
    /// Its URL.
    pub url: String,
    /// The value of its `Authorization` (RFC 9110, section 11.6.2).
    pub authorization: Secret,
}

/// Those of a walk.
#[derive(Default)]
pub struct AllRefused(Mutex<Vec<Refused>>);

impl AllRefused {
    /// Notes those among these hops that can be asked again without changing anything.
    pub fn note(&self, hops: &[Hop]) {
        for (url, authorization) in hops.iter().filter_map(refused) {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if all.len() < MOST && all.iter().all(|known| known.url != url) {
                all.push(Refused { url, authorization });
            }
        }
    }

    /// All of them, in the order in which they were noted.
    pub fn all(&self) -> Vec<Refused> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn refused(hop: &Hop) -> Option<(String, Secret)> {
    let is_read = matches!(hop.request.method.as_str(), "GET" | "HEAD");
    // Who mustn't know of a thing is told that it isn't there.
    let is_refused = hop.response.as_ref().is_some_and(|response| matches!(response.status, 401 | 403 | 404));
    let value = hop.request.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    let value = value.and_then(|(_, value)| std::str::from_utf8(value).ok());
    value.filter(|_| is_read && is_refused).map(|value| (hop.request.address.to_string(), Secret::new(value)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;

    use super::*;
    use crate::engine::http::client::{Arrival, Outgoing, Received};
    use crate::engine::http::target::{Address, Origin};

    fn hop(method: &str, path: &str, authorization: Option<&str>, status: u16) -> Hop {
        let base = Origin::parse("http://edge.test:8080").unwrap();
        let headers = authorization.map(|value| ("Authorization".to_owned(), value.as_bytes().to_vec()));
        let request = Outgoing {
            method: method.to_owned(),
            address: Address::parse(path, &base).unwrap(),
            headers: headers.into_iter().collect(),
            body: Bytes::new(),
        };
        let response = Some(Received {
            status,
            headers: Vec::new(),
            body: Bytes::new(),
            length: 0,
            incomplete: None,
            duration: Duration::ZERO,
            arrival: Arrival::default(),
        });
        Hop { request, streamed: None, response, set_cookies: Vec::new(), error: None }
    }

    #[test]
    fn what_can_be_asked_again_is_kept_once() {
        let all = AllRefused::default();
        all.note(&[
            hop("GET", "/forge/a", Some("Basic x"), 401),
            hop("GET", "/forge/a", Some("Basic y"), 401),
            hop("DELETE", "/forge/b", Some("Basic x"), 401),
            hop("GET", "/forge/c", None, 401),
            hop("GET", "/forge/d", Some("Basic x"), 200),
            hop("HEAD", "/forge/e", Some("Bearer z"), 404),
        ]);
        let kept: Vec<_> = all.all().into_iter().map(|one| (one.url, one.authorization.expose().to_owned())).collect();
        let url = |path: &str| format!("http://edge.test:8080{path}");
        assert_eq!(kept, [(url("/forge/a"), "Basic x".to_owned()), (url("/forge/e"), "Bearer z".to_owned())]);
        for number in 0..100 {
            all.note(&[hop("GET", &format!("/{number}"), Some("Basic x"), 403)]);
        }
        assert_eq!(all.all().len(), MOST);
    }
}
