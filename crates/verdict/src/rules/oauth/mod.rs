//! Signing in at one service by way of another (RFC 6749).

pub(super) mod client_unknown;
pub(super) mod endpoint_elsewhere;
pub(super) mod internal_endpoint;
pub(super) mod provider_unreachable;
pub(super) mod redirect_uri_unregistered;
pub(super) mod secret_refused;
pub(super) mod state_lost;
pub(super) mod state_unchecked;

use super::case::Symptom;
use super::view::{is_below, public_url, service_of};
use crate::evidence::{AuthorizationRequest, Landing, OAuthPhase, OAuthPhaseKind, StackFacts, StateComparison};
use crate::fix::{Change, Fix};

/// A sign-in that failed, at the phase in which it did.
#[derive(Debug, Clone, Copy)]
struct Attempt<'a> {
    /// The service that the user signs in to.
    client: &'a str,
    /// The service that knows the user.
    provider: &'a str,
    /// What was seen.
    phase: &'a OAuthPhase,
}

impl<'a> Attempt<'a> {
    /// The last phase of the symptom's step, where that is a sign-in between services of the site.
    fn of(symptom: &Symptom<'a>, stack: &'a StackFacts) -> Option<Self> {
        let step = symptom.step?;
        let record = step.oauth.as_ref()?;
        let phase = record.phases.last()?;
        let start = step.trace.get(phase.first_exchange)?;
        let client = service_of(&start.request.url, stack)?;
        Some(Self { client, provider: service_of(&record.provider, stack)?, phase })
    }

    /// The same, where the user was to be signed in: what is tried to be refused is another question.
    fn to_sign_in(symptom: &Symptom<'a>, stack: &'a StackFacts) -> Option<Self> {
        let is_attack =
            |kind| matches!(kind, OAuthPhaseKind::ForgedState | OAuthPhaseKind::Error | OAuthPhaseKind::AnotherBrowser);
        Self::of(symptom, stack).filter(|attempt| !is_attack(attempt.phase.kind))
    }

    /// The authorization request and the page with which the provider turned it down: nobody is sent back (RFC 6749,
    /// section 4.1.2.1).
    fn turned_down(&self, stack: &StackFacts) -> Option<(&'a AuthorizationRequest, &'a Landing)> {
        let (request, landing) = (self.phase.request.as_ref()?, self.phase.landing.as_ref()?);
        let stands_at_request =
            is_below(&landing.url, &request.endpoint) && is_below(&request.endpoint, &public_url(self.provider, stack));
        let is_refusal = (400..500).contains(&landing.status) && !matches!(landing.status, 404 | 405 | 429);
        (self.phase.response.is_none() && stands_at_request && is_refusal).then_some((request, landing))
    }

    /// The redirect URI that the client asks for is one of its own: who registered another one is wrong.
    fn asks_for_its_own(&self, stack: &StackFacts) -> Option<&'a str> {
        let uri = self.phase.request.as_ref()?.redirect_uri.as_deref()?;
        is_below(uri, &public_url(self.client, stack)).then_some(uri)
    }
}

/// What a provider's page says of the request that it turned down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Blamed {
    /// The redirect URI.
    RedirectUri,
    /// The client's identifier.
    Client,
    /// It doesn't say.
    Nothing,
}

/// Reads the page's own words: RFC 6749 has no codes for an answer that goes nowhere.
fn blamed(landing: &Landing) -> Blamed {
    let says = landing.says.as_deref().unwrap_or_default().to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| says.contains(word));
    match (has(&["redirect", "callback"]), has(&["client"])) {
        (true, false) => Blamed::RedirectUri,
        (false, true) => Blamed::Client,
        // `invalid_client: redirect URI …`, or a page in another language.
        _ => Blamed::Nothing,
    }
}

/// The error at which a client ends that was handed a good code and could not redeem it; `None` where the error is about
/// something else, or there is none.
fn redeeming(attempt: &Attempt<'_>, stack: &StackFacts) -> Option<String> {
    let (response, landing) = (attempt.phase.response.as_ref()?, attempt.phase.landing.as_ref()?);
    let is_good = response.code && response.error.is_none() && response.state == StateComparison::Same;
    let is_at_client = is_below(&landing.url, &public_url(attempt.client, stack));
    if !is_good || !is_at_client || !attempt.phase.session.is_empty() {
        return None;
    }
    const ABOUT_OTHER_THINGS: [&str; 6] =
        ["state", "denied", "registration", "closed", "org_access", "unauthorized_user"];
    match landing.error.as_deref() {
        Some(error) if ABOUT_OTHER_THINGS.iter().any(|word| error.contains(word)) => None,
        Some(error) => Some(format!("error={error}")),
        None => (landing.status >= 400).then(|| format!("a {}", landing.status)),
    }
}

/// A sign-in ended where its client had to ask this provider, in the user's name or in its own.
pub(super) fn redeems_at(symptom: &Symptom<'_>, provider: &str, stack: &StackFacts) -> bool {
    let attempt = Attempt::to_sign_in(symptom, stack).filter(|attempt| attempt.provider == provider);
    attempt.is_some_and(|attempt| redeeming(&attempt, stack).is_some())
}

/// The client is told where its provider is, for browsers and for itself alike.
fn provider_address(client: &str, provider: &str, stack: &StackFacts, summary: &str) -> Fix {
    let public = public_url(provider, stack);
    if client == "chat" {
        let change = Change::Setting {
            service: client.to_owned(),
            name: "FORGE_PUBLIC_URL".to_owned(),
            value: Some(public.clone()),
        };
        return Fix::apply(format!("{summary}: {public}."), vec![change]);
    }
    if client != "ci" {
        return Fix::advice(format!("{summary}: {public}.")).line(format!("environment of {client}"), public);
    }
    let set =
        |name: &str, value: Option<String>| Change::Setting { service: client.to_owned(), name: name.into(), value };
    let changes = vec![
        set(url_setting(provider, stack), Some(public.clone())),
        // Where it is set it wins, for browsers.
        set("WOODPECKER_EXPERT_FORGE_OAUTH_HOST", None),
    ];
    Fix::apply(format!("{summary}: {public}."), changes)
}

/// Which of Woodpecker's names for the forge's address counts: it has one for each product.
fn url_setting(provider: &str, stack: &StackFacts) -> &'static str {
    let facts = stack.services.iter().find(|service| service.name == provider);
    let version = facts.and_then(|facts| facts.version.as_deref()).unwrap_or_default();
    let image = facts.and_then(|facts| facts.image.as_deref()).unwrap_or_default();
    // Forgejo's version names the Gitea that its API is compatible with.
    let is_gitea = !version.contains("gitea") && (image.contains("gitea") || version.starts_with("1."));
    if is_gitea { "WOODPECKER_GITEA_URL" } else { "WOODPECKER_FORGEJO_URL" }
}
