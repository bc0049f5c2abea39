//! The authorization endpoint: where a browser comes to ask for a code, and the consent page's answer.

use std::sync::Arc;

use http::{Response, StatusCode};
use serve::Body;

use super::Asked;
use super::applications::Application;
use super::challenge::Challenge;
use crate::forge::query::{Fields, with_values};
use crate::forge::users::User;
use crate::forge::visit::Visit;
use crate::forge::{answer, clock, pages};

impl Visit<'_> {
    /// `GET /login/oauth/authorize`.
    pub(crate) fn authorize(&mut self) -> Response<Body> {
        let Some(user) = self.user() else { return self.ask_to_sign_in() };
        let query = Fields::of(&self.parts.uri);
        let stores = &self.forge.stores;
        let Some(application) = stores.applications.by_client_id(query.text("client_id")) else {
            return self.refuse("Client ID not registered");
        };
        let (redirect_uri, state) = (query.text("redirect_uri"), query.text("state"));
        if !application.has_redirect_uri(redirect_uri) {
            return self.refuse("Unregistered Redirect URI");
        }
        if query.text("response_type") != "code" {
            let description = "Only code response type is supported.";
            return self.send_back_error(redirect_uri, "unsupported_response_type", description, state);
        }
        let method = query.text("code_challenge_method");
        let Some(challenge) = Challenge::new(method, query.text("code_challenge")) else {
            return self.send_back_error(redirect_uri, "invalid_request", "unsupported code challenge method", state);
        };
        if challenge == Challenge::None && !application.confidential {
            return self.send_back_error(redirect_uri, "invalid_request", "PKCE is required for public clients", state);
        }
        if challenge != Challenge::None {
            stores.sessions.promise(&self.session.id, challenge.clone());
        }
        // A public client can be imitated, so its consent is asked for each time (RFC 6749, section 10.2).
        if application.confidential
            && let Some(grant) = stores.grants.find(user.id, application.id)
        {
            if let Some(nonce) = query.get("nonce").filter(|nonce| !nonce.is_empty()) {
                stores.grants.set_nonce(grant.id, nonce);
            }
            return self.send_back_code(grant.id, challenge, redirect_uri, state);
        }
        let asked = Asked {
            client_id: application.client_id.clone(),
            redirect_uri: redirect_uri.to_owned(),
            state: state.to_owned(),
        };
        stores.sessions.ask(&self.session.id, asked);
        self.consent(&application, &query)
    }

    fn consent(&self, application: &Application, query: &Fields) -> Response<Body> {
        let owner = self.forge.stores.users.numbered(application.owner);
        let owner = owner.as_deref().map(|user| user.name.as_str()).unwrap_or_default();
        let consent = pages::Consent {
            application: &application.name,
            owner,
            client_id: &application.client_id,
            state: query.text("state"),
            scope: query.text("scope"),
            nonce: query.text("nonce"),
            redirect_uri: query.text("redirect_uri"),
        };
        answer::html(StatusCode::OK, pages::consent(&self.forge.settings, &self.session, &consent))
    }

    /// `POST /login/oauth/grant`: what the user decided on the consent page.
    pub(crate) fn decide(&mut self, user: &Arc<User>, form: &Fields) -> Response<Body> {
        let (redirect_uri, state) = (form.text("redirect_uri"), form.text("state"));
        let stores = &self.forge.stores;
        let asked = stores.sessions.asked(&self.session.id).filter(|asked| {
            asked.client_id == form.text("client_id") && asked.state == state && asked.redirect_uri == redirect_uri
        });
        let application = asked.and_then(|asked| stores.applications.by_client_id(&asked.client_id));
        let Some(application) = application else {
            return answer::words(StatusCode::BAD_REQUEST, "Bad Request");
        };
        if form.text("granted") != "true" {
            return self.send_back_error(redirect_uri, "access_denied", "the request is denied", state);
        }
        let grant = match stores.grants.find(user.id, application.id) {
            Some(grant) if grant.scope != form.text("scope") => {
                let description = "a grant exists with different scope";
                return self.send_back_error(redirect_uri, "server_error", description, state);
            }
            Some(grant) => grant,
            None => stores.grants.create(user.id, application.id, form.text("scope")),
        };
        if !form.text("nonce").is_empty() {
            stores.grants.set_nonce(grant.id, form.text("nonce"));
        }
        // The session's, as in Gitea and Forgejo: another client's, where this one promised nothing.
        self.send_back_code(grant.id, stores.sessions.promised(&self.session.id), redirect_uri, state)
    }

    fn send_back_code(&self, grant: u64, challenge: Challenge, redirect_uri: &str, state: &str) -> Response<Body> {
        match self.forge.stores.grants.code(grant, challenge, clock::now()) {
            Ok(code) => {
                let mut values = vec![("code", code.as_str())];
                if !state.is_empty() {
                    values.push(("state", state));
                }
                self.send_back(redirect_uri, &values)
            }
            Err(_) => self.send_back_error(redirect_uri, "server_error", "A server error occurred", state),
        }
    }

    /// RFC 6749, section 4.1.2.1.
    fn send_back_error(&self, redirect_uri: &str, error: &str, description: &str, state: &str) -> Response<Body> {
        self.send_back(redirect_uri, &[("error", error), ("error_description", description), ("state", state)])
    }

    fn send_back(&self, redirect_uri: &str, values: &[(&str, &str)]) -> Response<Body> {
        answer::redirect(&self.parts.method, StatusCode::SEE_OTHER, &with_values(redirect_uri, values))
    }

    /// Where it isn't sure that the redirect URI is the client's, nobody is sent there.
    fn refuse(&self, why: &str) -> Response<Body> {
        answer::html(StatusCode::BAD_REQUEST, pages::refused(&self.forge.settings, &self.session, why))
    }
}
