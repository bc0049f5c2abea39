//! What a browser asks for next (Fetch standard, HTTP-redirect fetch; RFC 9110, section 15.4).

use super::target::{Address, Origin};

/// Whether a status with a `Location` sends the client on.
pub fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// The method after a redirect, and whether the content goes along.
pub fn next_method(status: u16, method: &str) -> (String, bool) {
    let becomes_get = match status {
        303 => method != "HEAD",
        301 | 302 => method == "POST",
        _ => false,
    };
    if becomes_get { ("GET".to_owned(), false) } else { (method.to_owned(), matches!(status, 307 | 308)) }
}

/// Where `Location` leads from `current`, resolved and normalised as a browser does (WHATWG URL).
///
/// # Errors
/// A sentence on why a browser can't go there.
pub fn next_address(current: &Address, location: &str) -> Result<Address, String> {
    let base = url::Url::parse(&current.to_string()).map_err(|error| format!("{current} is no URL: {error}"))?;
    let next = base.join(location).map_err(|error| format!("Location `{location}` is no URL: {error}"))?;
    if !matches!(next.scheme(), "http" | "https") {
        return Err(format!("Location `{location}` leads to a {} address, where no request can go", next.scheme()));
    }
    let origin = Origin::parse(&next.origin().ascii_serialization()).map_err(|error| error.to_string())?;
    let target = &next[url::Position::BeforePath..url::Position::AfterQuery];
    Ok(Address { origin, target: target.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(url: &str, location: &str) -> Result<String, String> {
        let base = Origin::parse("http://edge.test:81").unwrap();
        next_address(&Address::parse(url, &base).unwrap(), location).map(|address| address.to_string())
    }

    #[test]
    fn locations_are_resolved_as_browsers_do() {
        assert_eq!(from("/forge/user/login", "/forge/").unwrap(), "http://edge.test:81/forge/");
        assert_eq!(from("/forge/user/login?a=1", "settings").unwrap(), "http://edge.test:81/forge/user/settings");
        assert_eq!(from("/forge/x", "//other.test/y").unwrap(), "http://other.test/y");
        assert_eq!(from("/forge/x", "?q=1#frag").unwrap(), "http://edge.test:81/forge/x?q=1");
        assert_eq!(from("/a/b", "../c/%2e%2e/d").unwrap(), "http://edge.test:81/d");
        assert!(from("/x", "mailto:me@example.org").unwrap_err().contains("mailto"));
        assert!(from("/x", "http://").is_err());
    }

    #[test]
    fn methods_change_as_browsers_change_them() {
        assert_eq!(next_method(303, "POST"), ("GET".into(), false));
        assert_eq!(next_method(302, "POST"), ("GET".into(), false));
        assert_eq!(next_method(302, "PUT"), ("PUT".into(), false));
        assert_eq!(next_method(307, "POST"), ("POST".into(), true));
        assert_eq!(next_method(303, "HEAD"), ("HEAD".into(), false));
    }
}
