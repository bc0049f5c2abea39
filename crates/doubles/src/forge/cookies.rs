//! The cookies that a forge reads and sets.

use http::{HeaderMap, HeaderValue, header};

use super::settings::Settings;

/// What forms send back (Forgejo).
pub(super) const CSRF: &str = "_csrf";
/// Where to go after the sign-in.
pub(super) const REDIRECT_TO: &str = "redirect_to";
/// Stay signed in; the double forgets, but deletes it where the real ones do.
pub(super) const REMEMBER: &str = "gitea_incredible";
/// The language.
pub(super) const LANGUAGE: &str = "lang";

/// The value of a request's first cookie of this name, percent-decoded.
pub(super) fn get(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| percent_encoding::percent_decode_str(value).decode_utf8_lossy().into_owned())
}

/// `Set-Cookie` fields, in the order in which they go out.
#[derive(Debug, Default)]
pub(super) struct Cookies(Vec<String>);

impl Cookies {
    /// Sets a cookie for the forge's own path.
    pub(super) fn set(&mut self, settings: &Settings, name: &str, value: &str) {
        let value: String = percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC)
            .to_string()
            .replace("%2D", "-");
        self.0.push(line(settings, name, &value, settings.cookie_path(), ""));
    }

    /// Deletes a cookie of the forge's own path.
    pub(super) fn delete(&mut self, settings: &Settings, name: &str) {
        self.0.push(line(settings, name, "", settings.cookie_path(), "; Max-Age=0"));
    }

    /// Deletes what older versions set for the path with a slash at its end. At the root there is no other path.
    pub(super) fn delete_old(&mut self, settings: &Settings, name: &str) {
        if !settings.sub_path().is_empty() {
            self.0.push(line(settings, name, "", &format!("{}/", settings.sub_path()), "; Max-Age=0"));
        }
    }

    /// Deletes the old and sets the new.
    pub(super) fn replace(&mut self, settings: &Settings, name: &str, value: &str) {
        self.delete_old(settings, name);
        self.set(settings, name, value);
    }

    /// Deletes both.
    pub(super) fn forget(&mut self, settings: &Settings, name: &str) {
        self.delete_old(settings, name);
        self.delete(settings, name);
    }

    pub(super) fn write(self, headers: &mut HeaderMap) {
        for line in self.0 {
            if let Ok(value) = HeaderValue::from_str(&line) {
                headers.append(header::SET_COOKIE, value);
            }
        }
    }
}

fn line(settings: &Settings, name: &str, value: &str, path: &str, age: &str) -> String {
    let secure = if settings.cookies_are_secure() { "; Secure" } else { "" };
    format!("{name}={value}; Path={path}{age}; HttpOnly{secure}; SameSite=Lax")
}
