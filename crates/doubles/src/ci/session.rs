//! Who asks, and whether a page of our own asks in their name.

use http::request::Parts;
use http::{Method, header};

use super::model::User;
use super::store::Store;
use super::token::{self, Kind};

/// The cookie of a browser that is signed in.
pub(super) const COOKIE: &str = "user_sess";

/// Who asks.
#[derive(Debug)]
pub(super) enum Visitor {
    /// Nobody that is known.
    Guest,
    /// Somebody.
    User(User),
    /// A browser that is signed in, asking for a change without the token that our own pages have.
    Forged,
}

impl Visitor {
    /// Reads a request's token: from `Authorization`, else from the query's `access_token`, else from the cookie. A wrong one in the first place
    /// isn't made good by a right one in another.
    pub(super) fn of(store: &Store, parts: &Parts) -> Self {
        let Some(text) = request_token(parts) else { return Self::Guest };
        let Some((kind, user)) = user_of(store, &text, &[Kind::User, Kind::Session]) else { return Self::Guest };
        // Programs that have a personal token are not driven by strangers' pages; browsers are.
        let reads = matches!(parts.method, Method::GET | Method::OPTIONS);
        if kind == Kind::Session && !reads && !has_csrf(&user, parts) {
            return Self::Forged;
        }
        Self::User(user)
    }
}

/// A request's token, whatever it is for.
pub(super) fn request_token(parts: &Parts) -> Option<String> {
    if let Some(value) = parts.headers.get(header::AUTHORIZATION) {
        let mut words = value.to_str().ok()?.split_ascii_whitespace();
        return words.next().filter(|scheme| *scheme == "Bearer").and_then(|_| words.next()).map(ToOwned::to_owned);
    }
    if let Some(token) = query(parts, "access_token").filter(|token| !token.is_empty()) {
        return Some(token);
    }
    cookie(parts, COOKIE)
}

fn user_of(store: &Store, text: &str, kinds: &[Kind]) -> Option<(Kind, User)> {
    let token = token::read(text)?;
    let id: u64 = token.claim("user-id")?.parse().ok()?;
    let user = store.lock().users.get(&id).cloned()?;
    (kinds.contains(&token.kind()) && token.holds(&user.hash)).then(|| (token.kind(), user))
}

fn has_csrf(user: &User, parts: &Parts) -> bool {
    let value = parts.headers.get("x-csrf-token").and_then(|value| value.to_str().ok());
    value.and_then(token::read).is_some_and(|token| token.kind() == Kind::Csrf && token.holds(&user.hash))
}

/// What the pages of somebody's browser send back with a change.
pub(super) fn csrf(user: &User) -> String {
    token::sign(Kind::Csrf, &[("user-id", &user.id.to_string())], &user.hash, None)
}

/// Whether the browser came over TLS, as far as the server can know.
pub(super) fn is_https(parts: &Parts) -> bool {
    parts.uri.scheme_str() == Some("https")
        || parts.headers.get("x-forwarded-proto").is_some_and(|value| value.as_bytes() == b"https")
}

/// A value of the query.
pub(super) fn query(parts: &Parts, name: &str) -> Option<String> {
    let query = parts.uri.query()?;
    url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

fn cookie(parts: &Parts, name: &str) -> Option<String> {
    parts
        .headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn parts(method: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().method(method).uri("/ci/api/user");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn who_is_who() {
        let store = Store::new().unwrap();
        let user = store.lock().sign_in(User { remote_id: "1".to_owned(), ..User::default() }).unwrap();
        let signed = |kind| token::sign(kind, &[("user-id", "1")], &user.hash, None);
        let (session, personal, csrf) = (signed(Kind::Session), signed(Kind::User), csrf(&user));
        let cookie = format!("other=1; user_sess={session}");
        let bearer = format!("Bearer {personal}");
        let basic = format!("Basic {personal}");
        let personal_cookie = format!("user_sess={personal}");
        let is_user = |visitor: &Visitor| matches!(visitor, Visitor::User(user) if user.id == 1);
        for (method, headers, expected) in [
            ("GET", vec![("cookie", cookie.as_str())], "user"),
            ("POST", vec![("cookie", &cookie)], "forged"),
            ("HEAD", vec![("cookie", &cookie)], "forged"),
            ("POST", vec![("cookie", &cookie), ("x-csrf-token", &csrf)], "user"),
            ("POST", vec![("cookie", &cookie), ("x-csrf-token", &session)], "forged"),
            ("POST", vec![("authorization", &bearer)], "user"),
            ("GET", vec![("authorization", &basic), ("cookie", &cookie)], "guest"),
            ("GET", vec![("authorization", "Bearer x"), ("cookie", &cookie)], "guest"),
            ("POST", vec![("cookie", &personal_cookie)], "user"),
            ("GET", vec![("cookie", "user_sess=deleted")], "guest"),
            ("GET", vec![], "guest"),
        ] {
            let visitor = Visitor::of(&store, &parts(method, &headers));
            let found = match &visitor {
                visitor if is_user(visitor) => "user",
                Visitor::Forged => "forged",
                _ => "guest",
            };
            assert_eq!(found, expected, "{method} {headers:?}");
        }
        let hook = signed(Kind::Hook);
        assert!(user_of(&store, &hook, &[Kind::User, Kind::Session]).is_none());
    }
}
