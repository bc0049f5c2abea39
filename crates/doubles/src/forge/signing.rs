//! Signing in and out, in a browser.

use http::{Response, StatusCode};
use serve::Body;

use super::query::Fields;
use super::settings::Flavour;
use super::visit::Visit;
use super::{answer, cookies, pages};

impl Visit<'_> {
    pub(super) fn sign_in_page(&mut self) -> Response<Body> {
        let settings = &self.forge.settings;
        let query = Fields::of(&self.parts.uri);
        let asked = query.get("redirect_to");
        match settings.flavour {
            // Gitea writes down where to go afterwards on every visit; Forgejo where it is told so.
            Flavour::Gitea => self.cookies.replace(settings, cookies::REDIRECT_TO, asked.unwrap_or("/")),
            Flavour::Forgejo => {
                if let Some(asked) = asked.filter(|asked| !asked.is_empty()) {
                    self.cookies.replace(settings, cookies::REDIRECT_TO, asked);
                }
            }
        }
        self.cookies.forget(settings, cookies::REMEMBER);
        if self.session.user.is_some() {
            return answer::redirect(&self.parts.method, StatusCode::SEE_OTHER, &format!("{}/", settings.sub_path()));
        }
        answer::html(StatusCode::OK, pages::sign_in(settings, &self.session, None))
    }

    pub(super) fn sign_in(mut self, form: &Fields) -> Response<Body> {
        let settings = &self.forge.settings;
        let name = form.text("user_name");
        let Some(user) = self.forge.stores.users.check(name, form.text("password")) else {
            let page = pages::sign_in(settings, &self.session, Some(name));
            return self.finish(answer::html(StatusCode::OK, page));
        };
        // The id changes with the sign-in, so that an id known before is worth nothing after it.
        self.forge.stores.sessions.end(&self.session.id);
        match self.forge.stores.sessions.begin(Some(&user.name)) {
            Ok(session) => self.session = session,
            Err(error) => return answer::failed(&error),
        }
        self.cookies.replace(settings, &settings.session_cookie, &self.session.id);
        self.cookies.replace(settings, cookies::LANGUAGE, "en-US");
        let noted = cookies::get(&self.parts.headers, cookies::REDIRECT_TO);
        let asked = match settings.flavour {
            Flavour::Gitea => {
                self.cookies.forget(settings, cookies::REDIRECT_TO);
                Fields::of(&self.parts.uri).get("redirect_to").map(ToOwned::to_owned).or(noted)
            }
            Flavour::Forgejo => {
                self.cookies.delete(settings, cookies::CSRF);
                if noted.is_some() {
                    self.cookies.forget(settings, cookies::REDIRECT_TO);
                }
                noted
            }
        };
        let home = format!("{}/", settings.sub_path());
        let location = asked.filter(|asked| self.is_own(asked)).unwrap_or(home);
        let answer = answer::redirect(&self.parts.method, StatusCode::SEE_OTHER, &location);
        self.finish(answer)
    }

    /// Whether an address is the forge's own: nobody is sent elsewhere by a link to the sign-in.
    fn is_own(&self, address: &str) -> bool {
        let settings = &self.forge.settings;
        let path = address.strip_prefix(settings.base()).filter(|rest| rest.starts_with('/'));
        match path {
            Some(_) => true,
            None => {
                address.starts_with(&format!("{}/", settings.sub_path()))
                    && !address.starts_with("//")
                    && !address.starts_with("/\\")
            }
        }
    }

    pub(super) fn sign_out(&mut self) {
        let settings = &self.forge.settings;
        self.forge.stores.sessions.end(&self.session.id);
        self.session.user = None;
        self.cookies.delete(settings, &settings.session_cookie);
        self.cookies.forget(settings, cookies::REMEMBER);
        self.cookies.forget(settings, cookies::REDIRECT_TO);
    }

    /// Sends a browser that isn't signed in to the sign-in, and notes where it wanted to go.
    pub(super) fn ask_to_sign_in(&mut self) -> Response<Body> {
        let settings = &self.forge.settings;
        let wanted =
            format!("{}{}", settings.sub_path(), self.parts.uri.path_and_query().map_or("/", |target| target.as_str()));
        let sign_in = format!("{}/user/login", settings.sub_path());
        let location = match settings.flavour {
            Flavour::Gitea => {
                let encoded: String = url::form_urlencoded::byte_serialize(wanted.as_bytes()).collect();
                format!("{sign_in}?redirect_to={encoded}")
            }
            Flavour::Forgejo => {
                self.cookies.replace(settings, cookies::REDIRECT_TO, &wanted);
                sign_in
            }
        };
        answer::redirect(&self.parts.method, StatusCode::SEE_OTHER, &location)
    }
}
