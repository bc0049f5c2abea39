//! A request of a browser, with its session: which page it gets.

use std::sync::Arc;

use http::request::Parts;
use http::{HeaderMap, Method, Response, StatusCode, header};
use hyper::body::Incoming;
use serde_json::json;
use serve::Body;

use super::cookies::{self, Cookies};
use super::oauth;
use super::query::Fields;
use super::sessions::Session;
use super::settings::Flavour;
use super::users::User;
use super::{State, answer, body, cross_origin, pages};

/// A request of a browser, with its session.
pub(super) struct Visit<'a> {
    pub(super) forge: &'a State,
    pub(super) parts: Parts,
    pub(super) session: Session,
    pub(super) cookies: Cookies,
}

impl<'a> Visit<'a> {
    /// Finds the browser's session, or begins one.
    pub(super) fn begin(forge: &'a State, parts: Parts) -> std::io::Result<Self> {
        let mut cookies = Cookies::default();
        let known =
            cookies::get(&parts.headers, &forge.settings.session_cookie).and_then(|id| forge.stores.sessions.find(&id));
        let session = match known {
            Some(session) => session,
            None => {
                let session = forge.stores.sessions.begin(None)?;
                cookies.set(&forge.settings, &forge.settings.session_cookie, &session.id);
                session
            }
        };
        Ok(Self { forge, parts, session, cookies })
    }

    /// Who is signed in.
    pub(super) fn user(&self) -> Option<Arc<User>> {
        self.forge.stores.users.named(self.session.user.as_deref()?)
    }

    pub(super) async fn answer(mut self, path: &str, body: Incoming) -> Response<Body> {
        if !matches!(self.parts.method, Method::GET | Method::HEAD) {
            return self.post(path, body).await;
        }
        if self.forge.settings.flavour == Flavour::Forgejo {
            self.offer_csrf();
        }
        let answer = self.page(path);
        self.finish(answer)
    }

    fn page(&mut self, path: &str) -> Response<Body> {
        let settings = &self.forge.settings;
        match path {
            "/user/login" => return self.sign_in_page(),
            "/login/oauth/authorize" if settings.oauth => return self.authorize(),
            "/.well-known/openid-configuration" if settings.oauth => return oauth::discovery(settings),
            "/login/oauth/keys" if settings.oauth => return oauth::key_set(self.forge),
            _ => {}
        }
        // The landing page says nothing of what is behind it.
        if settings.require_sign_in && self.session.user.is_none() && path != "/" {
            return self.ask_to_sign_in();
        }
        match path {
            "/" => answer::html(StatusCode::OK, pages::home(settings, &self.session)),
            "/user/logout" if settings.flavour == Flavour::Gitea => {
                self.sign_out();
                answer::redirect(&self.parts.method, StatusCode::SEE_OTHER, &format!("{}/", settings.sub_path()))
            }
            "/user/logout" => answer::wrong_method("POST"),
            "/login/oauth/grant" if settings.oauth => answer::wrong_method("POST"),
            "/user/settings" => match self.session.user.clone() {
                Some(user) => answer::html(StatusCode::OK, pages::user_settings(settings, &self.session, &user)),
                None => self.ask_to_sign_in(),
            },
            _ if is_repository_settings(path) && self.session.user.is_none() => self.ask_to_sign_in(),
            _ => self.repository_page(path).unwrap_or_else(|| match self.forge.stores.users.named(&path[1..]) {
                Some(user) => answer::html(StatusCode::OK, pages::profile(settings, &self.session, &user.name)),
                None => self.not_found(),
            }),
        }
    }

    async fn post(mut self, path: &str, body: Incoming) -> Response<Body> {
        let settings = &self.forge.settings;
        let is_grant = settings.oauth && path == "/login/oauth/grant";
        if !(is_grant || matches!(path, "/user/login" | "/user/logout" | "/user/settings"))
            || self.parts.method != Method::POST
        {
            let answer = if matches!(path, "/" | "/user/login" | "/login/oauth/authorize") {
                answer::wrong_method("GET")
            } else {
                self.not_found()
            };
            return self.finish(answer);
        }
        let form = match body::read(body, body::FORM).await {
            Ok(content) => Fields::parse(&content),
            Err(answer) => return answer,
        };
        if settings.flavour == Flavour::Forgejo && !self.csrf_holds(&form) {
            self.cookies.delete(settings, cookies::CSRF);
            let answer = answer::words(StatusCode::BAD_REQUEST, "Invalid CSRF token.");
            return self.finish(answer);
        }
        // Gitea asks where a request comes from, but not of the sign-in: who isn't signed in has nothing to lose.
        if settings.flavour == Flavour::Gitea
            && path != "/user/login"
            && let Err(why) = cross_origin::check(&self.parts.headers)
        {
            return self.finish(answer::words(StatusCode::FORBIDDEN, why));
        }
        if path == "/user/login" {
            return self.sign_in(&form);
        }
        if path == "/user/settings" {
            let answer = self.change_settings(&form);
            return self.finish(answer);
        }
        let answer = match (is_grant, settings.flavour) {
            (true, _) => match self.user() {
                Some(user) => self.decide(&user, &form),
                None => self.ask_to_sign_in(),
            },
            (false, Flavour::Gitea) => answer::wrong_method("GET"),
            (false, Flavour::Forgejo) => {
                self.sign_out();
                answer::api(StatusCode::OK, &json!({ "redirect": format!("{}/", settings.sub_path()) }))
            }
        };
        self.finish(answer)
    }

    /// A profile has nothing here but the name, and that stays.
    fn change_settings(&mut self, form: &Fields) -> Response<Body> {
        let settings = &self.forge.settings;
        match self.session.user.as_deref() {
            None => self.ask_to_sign_in(),
            Some(user) if form.get("name").is_some_and(|name| !name.eq_ignore_ascii_case(user)) => {
                answer::words(StatusCode::NOT_IMPLEMENTED, "this double renames nobody")
            }
            Some(_) => {
                let to = format!("{}/user/settings", settings.sub_path());
                answer::redirect(&self.parts.method, StatusCode::SEE_OTHER, &to)
            }
        }
    }

    /// Forgejo's forms send back what its cookie holds; a browser without it, or with another session's, gets it.
    fn offer_csrf(&mut self) {
        if cookies::get(&self.parts.headers, cookies::CSRF).as_deref() != Some(&self.session.csrf) {
            self.cookies.set(&self.forge.settings, cookies::CSRF, &self.session.csrf);
        }
    }

    fn csrf_holds(&self, form: &Fields) -> bool {
        let header = self.parts.headers.get("x-csrf-token").and_then(|value| value.to_str().ok());
        let cookie = cookies::get(&self.parts.headers, cookies::CSRF);
        cookie.as_deref() == Some(&self.session.csrf) && header.or(form.get("_csrf")) == Some(&self.session.csrf)
    }

    /// A page for those who take pages, words for others.
    pub(super) fn not_found(&self) -> Response<Body> {
        if accepts_html(&self.parts.headers) {
            answer::html(StatusCode::NOT_FOUND, pages::not_found(&self.forge.settings, &self.session))
        } else {
            answer::content(StatusCode::NOT_FOUND, "text/plain;charset=utf-8", "Not found.\n")
        }
    }

    pub(super) fn finish(self, mut answer: Response<Body>) -> Response<Body> {
        self.cookies.write(answer.headers_mut());
        answer
    }
}

/// `/{owner}/{repository}/settings`: who isn't signed in isn't told whether there is such a repository.
fn is_repository_settings(path: &str) -> bool {
    matches!(path.split('/').collect::<Vec<_>>()[..], ["", _, _, "settings", ..])
}

fn accepts_html(headers: &HeaderMap) -> bool {
    headers.get_all(header::ACCEPT).iter().any(|value| value.to_str().is_ok_and(|value| value.contains("text/html")))
}
