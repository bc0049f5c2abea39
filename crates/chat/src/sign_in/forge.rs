//! The forge as an OAuth 2 provider: where a browser is sent, a token for a code, and who the token's user is.

use std::pin::Pin;

use bytes::Bytes;
use http::{Request, StatusCode, header};
use oauth2::basic::{BasicClient, BasicErrorResponseType};
use oauth2::{
    AsyncHttpClient, AuthUrl, AuthorizationCode, ClientId, ClientSecret, EndpointNotSet, EndpointSet, HttpRequest,
    HttpResponse, PkceCodeVerifier, RedirectUrl, RequestTokenError, TokenResponse, TokenUrl,
};
use serde::Deserialize;
use url::Url;

use crate::client::{Client, ClientError};
use crate::config::Config;
use crate::session;

/// A client that knows where to send browsers, and where to change codes for tokens.
type Provider = BasicClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

/// Why the forge didn't say who it is. No secret is among the words.
#[derive(Debug, thiserror::Error)]
pub(super) enum ForgeError {
    /// It can't be reached, or its answer is none of a forge's.
    #[error("the forge doesn't answer as one: {0}")]
    Unreachable(String),
    /// It doesn't take the code: it was used before, is too old, or was never one.
    #[error("the forge refuses the code: {0}")]
    Code(String),
    /// It doesn't take the application.
    #[error(
        "the forge refuses the chat itself: {0} (do CHAT_OAUTH_CLIENT_ID, CHAT_OAUTH_CLIENT_SECRET and the redirect URI agree with its OAuth application?)"
    )]
    Application(String),
}

/// The forge as the `oauth2` crate knows it: the browser's address for the browser, the internal one for the exchange.
pub(super) fn client(config: &Config) -> Result<Provider, url::ParseError> {
    let forge = &config.forge;
    Ok(BasicClient::new(ClientId::new(forge.client_id.clone()))
        .set_client_secret(ClientSecret::new(forge.client_secret.expose().to_owned()))
        .set_auth_uri(AuthUrl::new(below(&forge.public, "/login/oauth/authorize"))?)
        .set_token_uri(TokenUrl::new(below(&forge.internal, "/login/oauth/access_token"))?)
        .set_redirect_uri(RedirectUrl::new(config.public.url("/oauth/callback"))?))
}

/// A path below the forge's root, which may itself have a path.
fn below(root: &Url, path: &str) -> String {
    format!("{}{path}", root.as_str().trim_end_matches('/'))
}

/// Changes a code for a token, asks who the token's user is, and forgets the token. Both together take no longer than the client waits for one answer.
pub(super) async fn who(
    config: &Config,
    client: &Client,
    code: String,
    verifier: String,
) -> Result<String, ForgeError> {
    let patience = client.patience();
    let asked = tokio::time::timeout(patience, ask(config, client, code, verifier)).await;
    asked
        .unwrap_or_else(|_| Err(ForgeError::Unreachable(format!("nobody is named within {} ms", patience.as_millis()))))
}

async fn ask(config: &Config, client: &Client, code: String, verifier: String) -> Result<String, ForgeError> {
    let unreachable = |error: url::ParseError| ForgeError::Unreachable(error.to_string());
    let answer = self::client(config)
        .map_err(unreachable)?
        .exchange_code(AuthorizationCode::new(code))
        .set_pkce_verifier(PkceCodeVerifier::new(verifier))
        .request_async(&Exchange(client))
        .await;
    let token = answer.map_err(reason)?;
    let request = Request::get(below(&config.forge.internal, "/login/oauth/userinfo"))
        .header(header::AUTHORIZATION, format!("Bearer {}", token.access_token().secret()))
        .header(header::ACCEPT, "application/json")
        .body(Bytes::new())
        .map_err(|error| ForgeError::Unreachable(error.to_string()))?;
    let answer = client.send(request).await.map_err(|error| ForgeError::Unreachable(error.to_string()))?;
    if answer.status() != StatusCode::OK {
        return Err(ForgeError::Unreachable(format!("its user info answers {}", answer.status())));
    }
    let user: UserInfo = serde_json::from_slice(answer.body())
        .map_err(|error| ForgeError::Unreachable(format!("its user info is not what OpenID Connect says: {error}")))?;
    let name = user.preferred_username;
    if session::is_name(&name) {
        Ok(name)
    } else {
        Err(ForgeError::Unreachable(format!("its user info names `{}`, which is no user's name", name.escape_debug())))
    }
}

/// OpenID Connect Core, section 5.3.2.
#[derive(Deserialize)]
struct UserInfo {
    preferred_username: String,
}

/// Our own client, as the `oauth2` crate wants to call it.
struct Exchange<'a>(&'a Client);

impl<'c> AsyncHttpClient<'c> for Exchange<'_> {
    type Error = ClientError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, ClientError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move { Ok(self.0.send(request.map(Bytes::from)).await?.map(Vec::from)) })
    }
}

/// Which of RFC 6749's errors (section 5.2) concern the code, and which the chat. Forges say `unauthorized_client` for a code that is not
/// to be had any more and for a wrong secret alike, so their description decides.
fn reason(error: RequestTokenError<ClientError, oauth2::basic::BasicErrorResponse>) -> ForgeError {
    match error {
        RequestTokenError::ServerResponse(answer) => {
            let description = answer.error_description().map_or("", String::as_str).to_owned();
            let words = format!("{} ({})", answer.error(), description.escape_debug());
            let of_chat = match answer.error() {
                BasicErrorResponseType::InvalidClient => true,
                BasicErrorResponseType::UnauthorizedClient => {
                    description.contains("secret") || description.contains("redirect")
                }
                _ => false,
            };
            if of_chat { ForgeError::Application(words) } else { ForgeError::Code(words) }
        }
        RequestTokenError::Request(error) => ForgeError::Unreachable(error.to_string()),
        // What it sent instead may hold anything, a token among it.
        RequestTokenError::Parse(error, _) => {
            ForgeError::Unreachable(format!("its token endpoint sends no token: {error}"))
        }
        RequestTokenError::Other(words) => ForgeError::Unreachable(words),
    }
}
