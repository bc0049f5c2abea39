//! The OAuth 2.0 provider: applications, consent, tokens, and what OpenID Connect asks of it.

mod applications;
mod authorize;
mod challenge;
mod grants;
mod keys;
mod openid;
mod redirect;
mod token;

pub(super) use applications::{Application, Applications, Wanted};
pub(super) use challenge::Challenge;
pub(super) use grants::Grants;
pub(super) use keys::SigningKey;
pub(super) use openid::{discovery, introspect, key_set, user_info};
pub(super) use token::exchange;

/// What a browser was asked on the consent page: its answer must be about the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    client_id: String,
    redirect_uri: String,
    state: String,
}
