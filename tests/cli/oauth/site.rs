//! A provider under `/forge` and a client of it under `/ci`, whose behaviour follows from their settings.

use std::collections::BTreeMap;
use std::sync::Mutex;

use crate::server::{Request, Server};

/// How the two are set up. The default is well.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    /// The provider's authorization endpoint as the client has it; `{origin}` stands for the site's own.
    pub(super) endpoint: &'static str,
    /// The redirect URI that the client sends.
    pub(super) sends: &'static str,
    /// The one that is registered with the provider.
    pub(super) registered: &'static str,
    /// Parameters that the client leaves out of its request.
    pub(super) leaves_out: &'static [&'static str],
    /// Parameters that the client adds to its request.
    pub(super) adds: &'static [(&'static str, &'static str)],
    /// The provider takes the consent for a forged request.
    pub(super) suspects: bool,
    /// The provider asks again who has consented.
    pub(super) asks_again: bool,
    /// The client's secret is the one that the provider has.
    pub(super) secret_fits: bool,
    /// What the client does with the state that comes back.
    pub(super) state: State,
    /// The provider changes the state on its way.
    pub(super) changes_state: bool,
    /// The provider keeps grants.
    pub(super) keeps_grants: bool,
    /// The attributes of the provider's session cookie.
    pub(super) provider_cookie: &'static str,
    /// The attributes of the client's session cookie.
    pub(super) client_cookie: &'static str,
    /// The client takes an error for a success.
    pub(super) ignores_errors: bool,
    /// Where the client sends who has signed in.
    pub(super) landing: &'static str,
    /// Where the provider sends who must sign in.
    pub(super) login: &'static str,
    /// Everything else that a client's start can lead to; `None` for a sign-in.
    pub(super) start: Option<&'static str>,
    /// A client that isn't satisfied begins anew.
    pub(super) begins_anew: bool,
}

/// What a client does with the state that comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Compares it with the one in the browser's cookie.
    Bound,
    /// Looks whether it gave it out, to whomever.
    Known,
    /// Nothing.
    Ignored,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            endpoint: "{origin}/forge/login/oauth/authorize",
            sends: "{origin}/ci/authorize",
            registered: "{origin}/ci/authorize",
            leaves_out: &[],
            adds: &[],
            suspects: false,
            asks_again: false,
            secret_fits: true,
            state: State::Known,
            changes_state: false,
            keeps_grants: true,
            provider_cookie: "Path=/forge; HttpOnly; SameSite=Lax",
            client_cookie: "Path=/; HttpOnly",
            ignores_errors: false,
            landing: "/ci/",
            login: "/forge/user/login",
            start: None,
            begins_anew: false,
        }
    }
}

/// What the two remember.
#[derive(Debug, Default)]
struct Memory {
    counter: u64,
    /// Codes that were given out and not yet redeemed.
    codes: Vec<String>,
    /// States that the client gave out.
    states: Vec<String>,
    granted: bool,
    /// Where the provider goes on after the login, by its session.
    wanted: BTreeMap<String, String>,
}

impl Memory {
    fn random(&mut self, kind: &str) -> String {
        self.counter += 1;
        // Long enough to be a secret, and of another look than anything else on the site.
        format!("{kind}{:016x}", self.counter.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }
}

/// The user's password at the provider.
pub(super) const PASSWORD: &str = "correct-horse";

impl Settings {
    /// A server of the two.
    pub(super) fn serve(self) -> Server {
        Server::answering(|origin| {
            let (origin, memory) = (origin.to_owned(), Mutex::new(Memory::default()));
            move |request: &Request| Some(self.answer(request, &origin, &mut memory.lock().unwrap()))
        })
    }

    fn answer(&self, request: &Request, origin: &str, memory: &mut Memory) -> String {
        let query = pairs(request.target().split_once('?').map(|(_, query)| query).unwrap_or_default());
        match (request.method(), request.path()) {
            ("GET", "/ci/authorize") => self.client(request, &query, origin, memory),
            ("GET", "/ci/login") => html("<title>Login</title><h1>Login</h1>"),
            ("GET", path) if path.starts_with("/ci/") => html("<title>CI</title><h1>Repositories</h1>"),
            ("GET", "/forge/login/oauth/authorize") => self.provider(request, &query, origin, memory),
            ("GET", "/forge/user/login") => html(LOGIN),
            ("POST", "/forge/user/login") => {
                let form = pairs(&request.content);
                if form.get("password").map(String::as_str) != Some(PASSWORD) {
                    return html(LOGIN);
                }
                let session = memory.random("provider");
                let wanted = cookie(request, "wanted").and_then(|key| memory.wanted.get(&key).cloned());
                let cookie = format!("Set-Cookie: forge_sess={session}; {}\r\n", self.provider_cookie);
                redirect(&wanted.unwrap_or_else(|| "/forge/".to_owned()), &cookie)
            }
            ("POST", "/forge/login/oauth/grant") => {
                let form = pairs(&request.content);
                let to = form.get("redirect_uri").cloned().unwrap_or_default();
                let state = form.get("state").map(String::as_str).unwrap_or_default();
                if form.get("granted").map(String::as_str) != Some("true") {
                    return redirect(&format!("{to}?error=access_denied&state={state}"), "");
                }
                if self.suspects {
                    return response(403, "Content-Type: text/plain\r\n", "cross-origin request detected");
                }
                if self.asks_again {
                    return html(CONSENT);
                }
                memory.granted = self.keeps_grants;
                self.with_code(&to, state, memory)
            }
            ("GET", "/forge/") => html("<title>Forge</title>"),
            ("GET", "/forge/round") => redirect("/forge/round", ""),
            ("GET", "/forge/mill") => {
                memory.counter += 1;
                redirect(&format!("/forge/mill?{}", memory.counter), "")
            }
            _ => response(404, "Content-Type: text/plain\r\n", "not found"),
        }
    }

    fn client(&self, request: &Request, query: &BTreeMap<String, String>, origin: &str, memory: &mut Memory) -> String {
        let fails = |error: &str| redirect(&format!("/ci/login?error={error}"), "");
        if !query.contains_key("code") && !query.contains_key("error") {
            if let Some(start) = self.start {
                return redirect(&start.replace("{origin}", origin), "");
            }
            return self.begin(origin, memory);
        }
        let state = query.get("state").cloned().unwrap_or_default();
        let is_known = match self.state {
            State::Bound => cookie(request, "oauth_state") == Some(state),
            State::Known => memory.states.contains(&state),
            State::Ignored => true,
        };
        if !is_known && self.begins_anew {
            return redirect("/ci/authorize", "");
        }
        if !is_known {
            return fails("invalid_state");
        }
        if let Some(error) = query.get("error").filter(|_| !self.ignores_errors) {
            return fails(error);
        }
        let code = query.get("code").cloned().unwrap_or_default();
        let is_good = memory.codes.contains(&code) && self.secret_fits;
        memory.codes.retain(|known| *known != code);
        if !is_good && !self.ignores_errors {
            return fails("oauth_error");
        }
        let session = memory.random("session");
        redirect(self.landing, &format!("Set-Cookie: user_sess={session}; {}\r\n", self.client_cookie))
    }

    fn begin(&self, origin: &str, memory: &mut Memory) -> String {
        let state = memory.random("state");
        memory.states.push(state.clone());
        let redirect_uri = self.sends.replace("{origin}", origin);
        let all = [
            ("client_id", "id-1"),
            ("redirect_uri", &redirect_uri),
            ("response_type", "code"),
            ("state", &state),
            ("scope", "read"),
        ];
        let sent = all.into_iter().filter(|(name, _)| !self.leaves_out.contains(name)).chain(self.adds.iter().copied());
        let query: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(sent).finish();
        let endpoint = self.endpoint.replace("{origin}", origin);
        redirect(&format!("{endpoint}?{query}"), &format!("Set-Cookie: oauth_state={state}; Path=/ci; HttpOnly\r\n"))
    }

    fn provider(
        &self,
        request: &Request,
        query: &BTreeMap<String, String>,
        origin: &str,
        memory: &mut Memory,
    ) -> String {
        let get = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
        let to = get("redirect_uri");
        if get("client_id") != "id-1" || to != self.registered.replace("{origin}", origin) {
            return response(
                400,
                "Content-Type: text/html\r\n",
                "<title>Error</title><h1>Unregistered redirect URI</h1>",
            );
        }
        if cookie(request, "forge_sess").is_none() {
            let key = memory.random("wanted");
            memory.wanted.insert(key.clone(), request.target().to_owned());
            return redirect(self.login, &format!("Set-Cookie: wanted={key}; Path=/forge\r\n"));
        }
        if !memory.granted {
            return html(&format!(
                "<title>Authorize</title><form action=\"/forge/login/oauth/grant\" method=post>\
                 <input type=hidden name=redirect_uri value=\"{to}\"><input type=hidden name=state value=\"{}\">\
                 <button name=granted value=true>Yes</button><button name=granted value=false>No</button></form>",
                get("state")
            ));
        }
        self.with_code(to, get("state"), memory)
    }

    fn with_code(&self, to: &str, state: &str, memory: &mut Memory) -> String {
        let code = memory.random("code");
        memory.codes.push(code.clone());
        let state = if self.changes_state { format!("{state}x") } else { state.to_owned() };
        redirect(&format!("{to}?code={code}&state={state}"), "")
    }
}

const CONSENT: &str = "<form action=\"/forge/login/oauth/grant\" method=post><button name=granted value=true></form>";

const LOGIN: &str = "<title>Sign in</title><form id=login action=\"/forge/user/login\" method=post>\
                     <input name=user_name><input name=password type=password></form>";

fn pairs(text: &str) -> BTreeMap<String, String> {
    url::form_urlencoded::parse(text.as_bytes()).into_owned().collect()
}

fn cookie(request: &Request, name: &str) -> Option<String> {
    let fields = request.header("cookie");
    let mut pairs = fields.iter().flat_map(|field| field.trim().split("; "));
    pairs.find_map(|pair| pair.strip_prefix(&format!("{name}=")).map(str::to_owned))
}

fn html(content: &str) -> String {
    response(200, "Content-Type: text/html\r\n", content)
}

fn redirect(to: &str, fields: &str) -> String {
    response(303, &format!("Location: {to}\r\n{fields}"), "")
}

fn response(status: u16, fields: &str, content: &str) -> String {
    format!("HTTP/1.1 {status} Answer\r\nContent-Length: {}\r\n{fields}\r\n{content}", content.len())
}
