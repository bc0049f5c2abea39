//! Where a sign-in takes place: the addresses of client and provider, and what belongs to whom.

use std::hash::{DefaultHasher, Hash, Hasher};

use scenario::model::OAuth;
use scenario::template::Template;
use scenario::{Spanned, model::Submit};
use scraper::Selector;

use super::message::{Query, is_callback, is_under};
use crate::engine::http::Address;
use crate::engine::http::cookies::Cookie;
use crate::engine::http::target::Origin;
use crate::engine::problem::Problem;
use crate::engine::steps::{self, Acting};

/// A sign-in with its addresses.
#[derive(Debug)]
pub(super) struct Dance<'o> {
    /// As the scenario has it.
    pub(super) oauth: &'o OAuth,
    /// Where the client begins it.
    pub(super) start: Address,
    /// The provider.
    pub(super) provider: Address,
    /// The client.
    pub(super) client: Address,
    /// The redirect URI as registered, letter by letter.
    pub(super) redirect_uri: String,
    /// The names of the client's session cookies.
    pub(super) session: Vec<String>,
    /// Its address.
    pub(super) callback: Address,
    sign_in: Option<Selector>,
    consent: Option<Selector>,
    origins: Vec<Origin>,
}

impl<'o> Dance<'o> {
    /// The sign-in with the values of its variables.
    pub(super) fn new(oauth: &'o OAuth, acting: &Acting<'_>) -> Result<Self, Problem> {
        let start = acting.address(&oauth.start)?;
        let provider = acting.address(&oauth.provider)?;
        let client = match &oauth.client {
            Some(client) => acting.address(client)?,
            None => Address { origin: start.origin.clone(), target: "/".to_owned() },
        };
        let redirect_uri = acting.render(&oauth.redirect_uri.value)?;
        let callback = acting.address(&oauth.redirect_uri)?;
        let names = oauth.session.iter().map(|cookie| acting.render(&cookie.name.value));
        let mut origins: Vec<Origin> = vec![acting.base.clone()];
        origins.extend([&start, &provider, &client, &callback].map(|address| address.origin.clone()));
        origins.sort();
        origins.dedup();
        Ok(Self {
            session: names.collect::<Result<_, _>>()?,
            sign_in: oauth.sign_in.as_ref().map(|form| selector(&form.form, acting)).transpose()?,
            consent: oauth.consent.as_ref().map(|form| selector(&form.form, acting)).transpose()?,
            oauth,
            start,
            provider,
            client,
            redirect_uri,
            callback,
            origins,
        })
    }

    /// What there is one consent for: this client, and whoever signs in.
    pub(super) fn consent_of(&self, acting: &Acting<'_>) -> Result<String, Problem> {
        let fields = self.oauth.sign_in.iter().flat_map(|form| &form.with);
        let mut hasher = DefaultHasher::new();
        for (_, value) in fields {
            acting.render(&value.value)?.hash(&mut hasher);
        }
        // No password stands in a key.
        Ok(format!("{} {:x}", self.start, hasher.finish()))
    }

    /// Whether a browser may be sent there: credentials and codes travel on this way.
    pub(super) fn is_of_the_site(&self, address: &Address) -> bool {
        self.origins.contains(&address.origin)
    }

    /// The origins that a browser may be sent to, for messages.
    pub(super) fn origins(&self) -> String {
        let origins: Vec<String> = self.origins.iter().map(Origin::to_string).collect();
        origins.join(", ")
    }

    /// Whether this is an authorization response on its way to the client.
    pub(super) fn is_callback(&self, address: &Address) -> bool {
        is_callback(address, &self.callback)
    }

    /// Whether this is an authorization request on its way to the provider.
    pub(super) fn is_request(&self, address: &Address) -> bool {
        is_under(address, &self.provider) && Query::of(address).asks_for_authorization()
    }

    /// Whether the cookie is the client's: of two addresses, one below the other, the deeper one's.
    pub(super) fn is_the_clients(&self, cookie: &Cookie) -> bool {
        let depth = |base: &Address| base.path().trim_end_matches('/').len();
        let from = &cookie.set_by;
        let belongs = match (is_under(from, &self.client), is_under(from, &self.provider)) {
            (true, true) => depth(&self.client) > depth(&self.provider),
            (is_client, _) => is_client,
        };
        belongs || self.session.contains(&cookie.name)
    }

    /// The form on the page that the user has to fill in, if it is one of those that the scenario knows.
    pub(super) fn asked_by(&self, acting: &Acting<'_>) -> Option<(Asked, &'o Submit)> {
        let page = acting.visitor.page.as_ref()?;
        let is_there = |selector: &Option<Selector>| {
            let selector = selector.as_ref()?;
            page.look(|document| document.select(selector).next().is_some()).ok().filter(|is_there| *is_there)
        };
        match (is_there(&self.sign_in), is_there(&self.consent)) {
            (Some(_), _) => self.oauth.sign_in.as_ref().map(|form| (Asked::SignIn, form)),
            (_, Some(_)) => self.oauth.consent.as_ref().map(|form| (Asked::Consent, form)),
            _ => None,
        }
    }
}

/// What a provider asks its user for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// Who they are.
    SignIn,
    /// Whether the client may.
    Consent,
}

fn selector(template: &Spanned<Template>, acting: &Acting<'_>) -> Result<Selector, Problem> {
    steps::selector(&acting.render(&template.value)?, &acting.planned.source, template.span)
}
