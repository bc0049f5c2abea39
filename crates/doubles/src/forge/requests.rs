//! What the forge answers to a request.

use http::request::Parts;
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use serde_json::json;
use serve::Body;

use super::cookies::{self, Cookies};
use super::sessions::Session;
use super::settings::Flavour;
use super::{State, answer, assets, pages};

/// The largest form that is read, in bytes.
const MAX_FORM: usize = 1 << 20;

/// Answers one request.
pub(super) async fn answer(forge: &State, request: Request<Incoming>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let path = clean(parts.uri.path());
    let reads = matches!(parts.method, Method::GET | Method::HEAD);
    match path.as_str() {
        "/api/healthz" => {
            return answer::content(
                StatusCode::OK,
                "application/json",
                json!({ "status": "pass", "description": forge.settings.app_name() }).to_string(),
            );
        }
        "/api/v1/version" => {
            return answer::api(StatusCode::OK, &json!({ "version": forge.settings.flavour.version() }));
        }
        "/api/forgejo/v1/version" if forge.settings.flavour == Flavour::Forgejo => {
            return answer::api(StatusCode::OK, &json!({ "version": forge.settings.flavour.version() }));
        }
        "/favicon.ico" => {
            return answer::redirect(
                &parts.method,
                StatusCode::MOVED_PERMANENTLY,
                &format!("{}/assets/img/favicon.png", forge.settings.sub_path()),
            );
        }
        _ => {}
    }
    if let Some(name) = path.strip_prefix("/assets/") {
        return assets::answer(forge.settings.flavour, name);
    }
    if path.starts_with("/api/internal/") {
        return answer::content(StatusCode::FORBIDDEN, "text/plain; charset=utf-8", "Forbidden\n");
    }
    if path.starts_with("/api/v1/") {
        return answer::content(StatusCode::NOT_FOUND, "text/plain; charset=utf-8", "404 page not found\n");
    }
    match Visit::begin(forge, parts) {
        Ok(visit) => visit.answer(&path, reads, body).await,
        Err(error) => {
            answer::content(StatusCode::INTERNAL_SERVER_ERROR, "text/plain; charset=utf-8", error.to_string())
        }
    }
}

/// Decoded, without empty segments and without a slash at its end, as the real router has it.
fn clean(path: &str) -> String {
    let decoded = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
    let segments: Vec<&str> = decoded.split('/').filter(|segment| !segment.is_empty()).collect();
    format!("/{}", segments.join("/"))
}

/// `/{owner}/{repository}/settings`: who isn't signed in isn't told whether there is such a repository.
fn is_repository_settings(path: &str) -> bool {
    matches!(path.split('/').collect::<Vec<_>>()[..], ["", _, _, "settings", ..])
}

/// A request of a browser, with its session.
struct Visit<'a> {
    forge: &'a State,
    parts: Parts,
    session: Session,
    cookies: Cookies,
}

impl<'a> Visit<'a> {
    /// Finds the browser's session, or begins one.
    fn begin(forge: &'a State, parts: Parts) -> std::io::Result<Self> {
        let mut cookies = Cookies::default();
        let known = cookies::get(&parts.headers, cookies::SESSION).and_then(|id| forge.sessions.find(&id));
        let session = match known {
            Some(session) => session,
            None => {
                let session = forge.sessions.begin(None)?;
                cookies.set(&forge.settings, cookies::SESSION, &session.id);
                session
            }
        };
        Ok(Self { forge, parts, session, cookies })
    }

    async fn answer(mut self, path: &str, reads: bool, body: Incoming) -> Response<Body> {
        let settings = &self.forge.settings;
        if settings.flavour == Flavour::Forgejo {
            if reads {
                self.offer_csrf();
            } else {
                return self.post(path, body).await;
            }
        } else if !reads {
            return self.post(path, body).await;
        }
        let answer = match path {
            "/" => answer::html(StatusCode::OK, pages::home(settings, &self.session)),
            "/user/login" => self.sign_in_page(),
            "/user/logout" if settings.flavour == Flavour::Gitea => {
                self.sign_out();
                answer::redirect(&self.parts.method, StatusCode::SEE_OTHER, &format!("{}/", settings.sub_path()))
            }
            "/user/logout" => answer::wrong_method("POST"),
            "/user/settings" => match self.session.user.clone() {
                Some(user) => answer::html(StatusCode::OK, pages::user_settings(settings, &self.session, &user)),
                None => self.ask_to_sign_in(),
            },
            "/.well-known/openid-configuration" => self.openid(),
            _ if is_repository_settings(path) && self.session.user.is_none() => self.ask_to_sign_in(),
            _ => match self.forge.users.get(&path[1..].to_lowercase()) {
                Some(user) => answer::html(StatusCode::OK, pages::profile(settings, &self.session, &user.name)),
                None => self.not_found(),
            },
        };
        self.finish(answer)
    }

    async fn post(mut self, path: &str, body: Incoming) -> Response<Body> {
        let settings = &self.forge.settings;
        if !matches!(path, "/user/login" | "/user/logout") || self.parts.method != Method::POST {
            let answer = if matches!(path, "/" | "/user/login" | "/user/settings") {
                answer::wrong_method("GET")
            } else {
                self.not_found()
            };
            return self.finish(answer);
        }
        let form = match Limited::new(body, MAX_FORM).collect().await {
            Ok(content) => Form::parse(&content.to_bytes()),
            Err(_) => return answer::bare(StatusCode::PAYLOAD_TOO_LARGE),
        };
        if settings.flavour == Flavour::Forgejo && !self.csrf_holds(&form) {
            self.cookies.delete(settings, cookies::CSRF);
            let answer = answer::content(StatusCode::BAD_REQUEST, "text/plain; charset=utf-8", "Invalid CSRF token.\n");
            return self.finish(answer);
        }
        if path == "/user/login" {
            return self.sign_in(&form);
        }
        match settings.flavour {
            Flavour::Gitea => self.finish(answer::wrong_method("GET")),
            Flavour::Forgejo => {
                self.sign_out();
                let answer = answer::api(StatusCode::OK, &json!({ "redirect": format!("{}/", settings.sub_path()) }));
                self.finish(answer)
            }
        }
    }

    /// Forgejo's forms send back what its cookie holds; a browser without it, or with another session's, gets it.
    fn offer_csrf(&mut self) {
        if cookies::get(&self.parts.headers, cookies::CSRF).as_deref() != Some(&self.session.csrf) {
            self.cookies.set(&self.forge.settings, cookies::CSRF, &self.session.csrf);
        }
    }

    fn csrf_holds(&self, form: &Form) -> bool {
        let header = self.parts.headers.get("x-csrf-token").and_then(|value| value.to_str().ok());
        let cookie = cookies::get(&self.parts.headers, cookies::CSRF);
        cookie.as_deref() == Some(&self.session.csrf) && header.or(form.get("_csrf")) == Some(&self.session.csrf)
    }

    fn sign_in_page(&mut self) -> Response<Body> {
        let settings = &self.forge.settings;
        let asked = query(&self.parts, "redirect_to");
        match settings.flavour {
            // Gitea writes down where to go afterwards on every visit; Forgejo where it is told so.
            Flavour::Gitea => self.cookies.replace(settings, cookies::REDIRECT_TO, asked.as_deref().unwrap_or("/")),
            Flavour::Forgejo => {
                if let Some(asked) = asked.as_deref().filter(|asked| !asked.is_empty()) {
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

    fn sign_in(mut self, form: &Form) -> Response<Body> {
        let settings = &self.forge.settings;
        let name = form.get("user_name").unwrap_or_default();
        let Some(user) = self.forge.check(name, form.get("password").unwrap_or_default()) else {
            let page = pages::sign_in(settings, &self.session, Some(name));
            return self.finish(answer::html(StatusCode::OK, page));
        };
        // The id changes with the sign-in, so that an id known before is worth nothing after it.
        self.forge.sessions.end(&self.session.id);
        match self.forge.sessions.begin(Some(user)) {
            Ok(session) => self.session = session,
            Err(error) => {
                return answer::content(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "text/plain; charset=utf-8",
                    error.to_string(),
                );
            }
        }
        self.cookies.replace(settings, cookies::SESSION, &self.session.id);
        self.cookies.replace(settings, cookies::LANGUAGE, "en-US");
        let noted = cookies::get(&self.parts.headers, cookies::REDIRECT_TO);
        let asked = match settings.flavour {
            Flavour::Gitea => {
                self.cookies.forget(settings, cookies::REDIRECT_TO);
                query(&self.parts, "redirect_to").or(noted)
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
        let path = address.strip_prefix(settings.root_url().trim_end_matches('/')).filter(|rest| rest.starts_with('/'));
        match path {
            Some(_) => true,
            None => {
                address.starts_with(&format!("{}/", settings.sub_path()))
                    && !address.starts_with("//")
                    && !address.starts_with("/\\")
            }
        }
    }

    fn sign_out(&mut self) {
        let settings = &self.forge.settings;
        self.forge.sessions.end(&self.session.id);
        self.session.user = None;
        self.cookies.delete(settings, cookies::SESSION);
        self.cookies.forget(settings, cookies::REMEMBER);
        self.cookies.forget(settings, cookies::REDIRECT_TO);
    }

    /// Sends a browser that isn't signed in to the sign-in, and notes where it wanted to go.
    fn ask_to_sign_in(&mut self) -> Response<Body> {
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

    /// What the forge believes its address to be. The issuer ends in a slash in Forgejo and not in Gitea.
    fn openid(&self) -> Response<Body> {
        let root = self.forge.settings.root_url();
        let base = root.trim_end_matches('/');
        let document = json!({
            "issuer": match self.forge.settings.flavour { Flavour::Gitea => base, Flavour::Forgejo => root },
            "authorization_endpoint": format!("{base}/login/oauth/authorize"),
            "token_endpoint": format!("{base}/login/oauth/access_token"),
            "jwks_uri": format!("{base}/login/oauth/keys"),
            "userinfo_endpoint": format!("{base}/login/oauth/userinfo"),
            "introspection_endpoint": format!("{base}/login/oauth/introspect"),
            "response_types_supported": ["code", "id_token"],
            "code_challenge_methods_supported": ["plain", "S256"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
        });
        answer::content(StatusCode::OK, "application/json", format!("{document:#}"))
    }

    /// A page for those who take pages, words for others.
    fn not_found(&self) -> Response<Body> {
        if accepts_html(&self.parts.headers) {
            answer::html(StatusCode::NOT_FOUND, pages::not_found(&self.forge.settings, &self.session))
        } else {
            answer::content(StatusCode::NOT_FOUND, "text/plain;charset=utf-8", "Not found.\n")
        }
    }

    fn finish(self, mut answer: Response<Body>) -> Response<Body> {
        self.cookies.write(answer.headers_mut());
        answer
    }
}

fn accepts_html(headers: &HeaderMap) -> bool {
    headers.get_all(header::ACCEPT).iter().any(|value| value.to_str().is_ok_and(|value| value.contains("text/html")))
}

fn query(parts: &Parts, name: &str) -> Option<String> {
    let query = parts.uri.query()?;
    url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// The fields of a form (`application/x-www-form-urlencoded`).
struct Form(Vec<(String, String)>);

impl Form {
    fn parse(bytes: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(bytes).into_owned().collect())
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}
