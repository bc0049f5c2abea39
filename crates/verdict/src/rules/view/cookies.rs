//! Cookies: which were given out on the way, and which came back.

use super::addresses::{path_of, service_of};
use crate::evidence::{Exchange, SetCookie, StackFacts};

/// The names of the cookies that a request carries, in their order, repetitions included.
pub(crate) fn sent(exchange: &Exchange) -> Vec<&str> {
    let fields = exchange.request.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("cookie"));
    let pairs = fields.flat_map(|(_, value)| value.split(';'));
    pairs.filter_map(|pair| pair.split('=').next()).map(str::trim).filter(|name| !name.is_empty()).collect()
}

/// A cookie that a service gave out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Given<'a> {
    /// The service.
    pub(crate) service: &'a str,
    /// The cookie.
    pub(crate) cookie: &'a SetCookie,
    /// The exchange that brought it.
    pub(crate) exchange: &'a Exchange,
    /// The exchange's place among those looked at.
    pub(crate) at: usize,
}

impl Given<'_> {
    /// `GET http://edge.test/ci/authorize sets user_sess`
    pub(crate) fn said(&self) -> String {
        let Given { cookie, exchange, .. } = self;
        let path = cookie.path.as_deref().map(|path| format!("; Path={path}")).unwrap_or_default();
        let secure = if cookie.secure { "; Secure" } else { "" };
        format!("{} {} sets {}{path}{secure}", exchange.request.method, exchange.request.url, cookie.name)
    }

    /// The path that it is for (RFC 6265, section 5.1.4).
    pub(crate) fn path(&self) -> String {
        match self.cookie.path.as_deref().filter(|path| path.starts_with('/')) {
            Some(path) => path.to_owned(),
            None => {
                let path = path_of(&self.exchange.request.url);
                let end = path.rfind('/').unwrap_or_default();
                if end == 0 { "/".to_owned() } else { path[..end].to_owned() }
            }
        }
    }
}

/// The cookies that services gave out in these exchanges; those that are deleted aren't.
pub(crate) fn given<'a>(exchanges: &[&'a Exchange], stack: &'a StackFacts) -> Vec<Given<'a>> {
    let of = |(at, exchange): (usize, &&'a Exchange)| {
        let exchange = *exchange;
        let service = service_of(&exchange.request.url, stack);
        let set = exchange.response.iter().flat_map(|response| &response.set_cookies);
        let set = set.filter(|cookie| !cookie.deleted);
        set.filter_map(move |cookie| Some(Given { service: service?, cookie, exchange, at })).collect::<Vec<_>>()
    };
    exchanges.iter().enumerate().flat_map(of).collect()
}

/// A cookie for this path goes along to this one (RFC 6265, section 5.1.4).
pub(crate) fn covers(cookie_path: &str, path: &str) -> bool {
    let Some(rest) = path.strip_prefix(cookie_path) else { return false };
    rest.is_empty() || cookie_path.ends_with('/') || rest.starts_with('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_cookies_are_compared_as_browsers_do() {
        for (cookie, path, goes) in [
            ("/", "/x", true),
            ("/forge", "/forge", true),
            ("/forge", "/forge/x", true),
            ("/forge/", "/forge/x", true),
            ("/forge/", "/forge", false),
            ("/forge", "/forgery", false),
        ] {
            assert_eq!(covers(cookie, path), goes, "{cookie} {path}");
        }
    }
}
