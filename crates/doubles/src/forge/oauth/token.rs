//! The token endpoint (RFC 6749, section 3.2).

use std::io;

use http::request::Parts;
use http::{Response, StatusCode, header};
use serde_json::{Value, json};
use serve::Body;

use super::applications::Application;
use super::grants::Grant;
use super::openid;
use crate::forge::query::Fields;
use crate::forge::{State, answer, auth, clock};

/// An error's code and its description (RFC 6749, section 5.2).
type Refusal = (&'static str, String);

/// `POST /login/oauth/access_token`, with a form or with JSON.
pub(crate) fn exchange(forge: &State, parts: &Parts, body: &[u8]) -> Response<Body> {
    let is_json = parts
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|kind| kind.starts_with("application/json"));
    let fields = if is_json { Fields::from_json(body).unwrap_or_default() } else { Fields::parse(body) };
    let exchanged = client(parts, &fields).and_then(|client| match fields.text("grant_type") {
        "authorization_code" => by_code(forge, &client, &fields),
        "refresh_token" => by_refresh_token(forge, &client, &fields),
        _ => refuse("unsupported_grant_type", "Only refresh_token or authorization_code grant type is supported"),
    });
    match exchanged {
        Ok(tokens) => answer::api(StatusCode::OK, &tokens),
        Err((error, description)) => {
            answer::api(StatusCode::BAD_REQUEST, &json!({ "error": error, "error_description": description }))
        }
    }
}

fn refuse<T>(error: &'static str, description: &str) -> Result<T, Refusal> {
    Err((error, description.to_owned()))
}

/// Who asks: in the content, or by the Basic scheme; where by both, they must agree.
struct Client {
    id: String,
    secret: String,
}

fn client(parts: &Parts, fields: &Fields) -> Result<Client, Refusal> {
    let (id, secret) = (fields.text("client_id"), fields.text("client_secret"));
    let given = Client { id: id.to_owned(), secret: secret.to_owned() };
    if (!id.is_empty() && !secret.is_empty()) || !parts.headers.contains_key(header::AUTHORIZATION) {
        return Ok(given);
    }
    let Some((basic_id, basic_secret)) = auth::basic(&parts.headers) else {
        return refuse("invalid_request", "cannot parse basic auth header");
    };
    for (name, text, basic) in [("client_id", id, &basic_id), ("client_secret", secret, &basic_secret)] {
        if !text.is_empty() && text != basic {
            let description = format!("{name} in request body inconsistent with Authorization header");
            return Err(("invalid_request", description));
        }
    }
    Ok(Client { id: basic_id, secret: basic_secret })
}

/// The application that a client is, if its secret is right. `wrong` is the error for a wrong one.
fn authenticate(forge: &State, client: &Client, wrong: &'static str) -> Result<Application, Refusal> {
    let Some(application) = forge.stores.applications.by_client_id(&client.id) else {
        return Err(("invalid_client", format!("cannot load client with client id: '{}'", client.id)));
    };
    if application.confidential && !application.has_secret(&client.secret) {
        let empty = if client.secret.is_empty() { "empty " } else { "" };
        return Err((wrong, format!("invalid {empty}client secret")));
    }
    Ok(application)
}

fn by_code(forge: &State, client: &Client, fields: &Fields) -> Result<Value, Refusal> {
    let application = authenticate(forge, client, "unauthorized_client")?;
    let redirect_uri = fields.text("redirect_uri");
    if !redirect_uri.is_empty() && !application.has_redirect_uri(redirect_uri) {
        return refuse("unauthorized_client", "unexpected redirect URI");
    }
    let (grants, text) = (&forge.stores.grants, fields.text("code"));
    let Some(code) = grants.look_up(text) else { return refuse("unauthorized_client", "client is not authorized") };
    if code.is_expired(clock::now()) {
        grants.take(text);
        return refuse("invalid_grant", "authorization code expired");
    }
    if !code.challenge.is_met(fields.text("code_verifier")) {
        return refuse("unauthorized_client", "failed PKCE code challenge");
    }
    let grant = grants.get(code.grant).filter(|grant| grant.application == application.id);
    let Some(grant) = grant else { return refuse("invalid_grant", "invalid grant") };
    if !grants.take(text) {
        return refuse("invalid_grant", "authorization code already used");
    }
    tokens(forge, grant)
}

fn by_refresh_token(forge: &State, client: &Client, fields: &Fields) -> Result<Value, Refusal> {
    authenticate(forge, client, "invalid_client")?;
    let claims = forge.stores.key.verify(fields.text("refresh_token"), clock::now());
    // As the real ones do it, the token's kind isn't looked at here.
    let Some(claims) = claims else { return refuse("unauthorized_client", "unable to parse refresh token") };
    let number = |name: &str| claims.get(name).and_then(Value::as_u64).unwrap_or_default();
    let Some(grant) = forge.stores.grants.get(number("gnt")) else {
        return refuse("invalid_grant", "grant does not exist");
    };
    let counter = number("cnt");
    if forge.settings.refresh_tokens_work_once && (counter == 0 || counter != grant.counter) {
        return refuse("unauthorized_client", "token was already used");
    }
    tokens(forge, grant)
}

fn tokens(forge: &State, grant: Grant) -> Result<Value, Refusal> {
    let once = forge.settings.refresh_tokens_work_once;
    let grant = if once { forge.stores.grants.count(grant.id).unwrap_or(grant) } else { grant };
    sign(forge, &grant).map_err(|_| ("invalid_request", "cannot sign token".to_owned()))
}

fn sign(forge: &State, grant: &Grant) -> io::Result<Value> {
    let (settings, key, now) = (&forge.settings, &forge.stores.key, clock::now());
    let expires = now.saturating_add(settings.access_token_seconds);
    let mut refresh = json!({ "gnt": grant.id, "tt": 1 });
    if grant.counter > 0 {
        refresh["cnt"] = grant.counter.into();
    }
    refresh["exp"] = now.saturating_add(settings.refresh_token_hours.saturating_mul(3600)).into();
    refresh["iat"] = now.into();
    let mut answer = json!({
        "access_token": key.sign(&json!({ "gnt": grant.id, "tt": 0, "exp": expires, "iat": now }))?,
        "token_type": "bearer",
        "expires_in": settings.access_token_seconds,
        "refresh_token": key.sign(&refresh)?,
    });
    if let Some(claims) = openid::id_claims(forge, grant, now, expires) {
        answer["id_token"] = key.sign(&claims)?.into();
    }
    Ok(answer)
}
