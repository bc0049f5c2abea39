//! OpenID Connect: discovery, keys, ID tokens, user info; and token introspection (RFC 7662).

use http::request::Parts;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};
use serve::Body;

use super::grants::Grant;
use super::keys::ALGORITHM;
use crate::forge::auth::{self, Proof};
use crate::forge::links::Links;
use crate::forge::query::Fields;
use crate::forge::settings::{Flavour, Settings};
use crate::forge::users::User;
use crate::forge::{State, answer, clock, shapes};

/// What the forge calls itself: with a slash at its end in Forgejo, without one in Gitea.
fn issuer(settings: &Settings) -> &str {
    match settings.flavour {
        Flavour::Gitea => settings.base(),
        Flavour::Forgejo => settings.root_url(),
    }
}

/// `GET /.well-known/openid-configuration`: what the forge believes its address to be.
pub(crate) fn discovery(settings: &Settings) -> Response<Body> {
    let base = settings.base();
    let document = json!({
        "issuer": issuer(settings),
        "authorization_endpoint": format!("{base}/login/oauth/authorize"),
        "token_endpoint": format!("{base}/login/oauth/access_token"),
        "jwks_uri": format!("{base}/login/oauth/keys"),
        "userinfo_endpoint": format!("{base}/login/oauth/userinfo"),
        "introspection_endpoint": format!("{base}/login/oauth/introspect"),
        "response_types_supported": ["code", "id_token"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "subject_types_supported": ["public"],
        "scopes_supported": ["openid", "profile", "email", "groups"],
        "claims_supported": [
            "aud", "exp", "iat", "iss", "sub", "name", "preferred_username", "profile", "picture", "website", "locale",
            "updated_at", "email", "email_verified", "groups",
        ],
        "code_challenge_methods_supported": ["plain", "S256"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
    });
    answer::content(StatusCode::OK, "application/json", format!("{document:#}"))
}

/// `GET /login/oauth/keys` (RFC 7517, section 5).
pub(crate) fn key_set(forge: &State) -> Response<Body> {
    let set = json!({ "keys": [forge.stores.key.public()] });
    answer::content(StatusCode::OK, "application/json", format!("{set}\n"))
}

/// The claims of an ID token, if the grant's scope asks for one.
pub(super) fn id_claims(forge: &State, grant: &Grant, now: u64, expires: u64) -> Option<Value> {
    let has = |scope: &str| grant.scope.split(' ').any(|one| one == scope);
    if !has("openid") {
        return None;
    }
    let user = forge.stores.users.numbered(grant.user)?;
    let application = forge.stores.applications.by_id(grant.application)?;
    let links = Links::outside(&forge.settings);
    let mut claims = json!({
        "iss": issuer(&forge.settings),
        "sub": user.id.to_string(),
        "aud": [application.client_id],
        "exp": expires,
        "iat": now,
    });
    if !grant.nonce.is_empty() {
        claims["nonce"] = grant.nonce.as_str().into();
    }
    if has("profile") {
        claims["name"] = user.name.as_str().into();
        claims["preferred_username"] = user.name.as_str().into();
        claims["profile"] = links.html(&user.name).into();
        claims["picture"] = shapes::avatar(&links, &user).into();
        claims["locale"] = "en-US".into();
        claims["updated_at"] = user.created.into();
    }
    if has("email") {
        claims["email"] = user.email.as_str().into();
        claims["email_verified"] = true.into();
    }
    Some(claims)
}

/// `GET` and `POST /login/oauth/userinfo`: for applications alone, not for a user's own credentials.
pub(crate) fn user_info(forge: &State, parts: &Parts) -> Response<Body> {
    match auth::identify(forge, parts) {
        Ok(Some(identity)) if matches!(identity.by, Proof::Grant(_)) => {
            let links = Links::of(&forge.settings, &parts.headers);
            answer::api(StatusCode::OK, &user_claims(&links, &identity.user))
        }
        Ok(_) => unauthorized(&format!("Bearer realm=\"{}\"", realm(forge))),
        Err(_) => answer::words(StatusCode::UNAUTHORIZED, "Failed to authenticate user"),
    }
}

fn user_claims(links: &Links, user: &User) -> Value {
    json!({
        "sub": user.id.to_string(),
        "name": user.name,
        "preferred_username": user.name,
        "email": user.email,
        "picture": shapes::avatar(links, user),
        "groups": null,
    })
}

/// `POST /login/oauth/introspect`, by a client that names itself with the Basic scheme.
pub(crate) fn introspect(forge: &State, parts: &Parts, body: &[u8]) -> Response<Body> {
    let client = auth::basic(&parts.headers).and_then(|(id, secret)| {
        forge.stores.applications.by_client_id(&id).filter(|application| application.has_secret(&secret))
    });
    if client.is_none() {
        return unauthorized(&format!("Basic realm=\"{}\"", realm(forge)));
    }
    let fields = Fields::parse(body);
    let found = forge.stores.key.verify(fields.text("token"), clock::now()).and_then(|claims| {
        let grant = forge.stores.grants.get(claims.get("gnt")?.as_u64()?)?;
        let application = forge.stores.applications.by_id(grant.application)?;
        let user = forge.stores.users.numbered(grant.user)?;
        let mut answer = json!({ "active": true });
        if !grant.scope.is_empty() {
            answer["scope"] = grant.scope.as_str().into();
        }
        answer["username"] = user.name.as_str().into();
        answer["iss"] = issuer(&forge.settings).into();
        answer["sub"] = user.id.to_string().into();
        answer["aud"] = json!([application.client_id]);
        Some(answer)
    });
    match (found, forge.settings.flavour) {
        (Some(found), _) => answer::api(StatusCode::OK, &found),
        // Gitea takes the field for the caller's own token, and stops there.
        (None, Flavour::Gitea) => answer::words(StatusCode::UNAUTHORIZED, "Failed to authenticate user"),
        (None, Flavour::Forgejo) => answer::api(StatusCode::OK, &json!({ "active": false })),
    }
}

fn realm(forge: &State) -> &'static str {
    match forge.settings.flavour {
        Flavour::Gitea => "Gitea OAuth2",
        Flavour::Forgejo => "",
    }
}

fn unauthorized(challenge: &str) -> Response<Body> {
    let text = "no valid authorization";
    let mut answer = answer::content(StatusCode::UNAUTHORIZED, "text/plain;charset=utf-8", text);
    if let Ok(challenge) = HeaderValue::from_str(challenge) {
        answer.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    answer
}
