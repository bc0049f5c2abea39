//! Where a sign-in ends: the errors that clients and providers name in addresses, and the client's session.

use scraper::{Html, Selector};
use verdict::evidence::Landing;

use super::dance::Dance;
use super::findings::{last_with_sender, unexpected};
use super::message::{Message, Query, is_under};
use super::walk::Walked;
use crate::engine::content;
use crate::engine::http::cookies;
use crate::engine::problem::Problem;
use crate::engine::steps::Acting;

/// What doesn't hold of where the browser landed after its callback.
pub(super) fn problems(acting: &Acting<'_>, dance: &Dance<'_>, walked: &Walked, response: &Message) -> Vec<Problem> {
    let Some(page) = &acting.visitor.page else { return Vec::new() };
    let label = last_with_sender(acting);
    let start = dance.oauth.start.span;
    if let Some((error, described)) = named_error(acting, walked.first + response.at) {
        let described = described.map(|text| format!(": {text}")).unwrap_or_default();
        let diagnostic = acting.diagnostic(start, "the client doesn't sign the user in").label(label);
        let diagnostic = diagnostic.expected("the user signed in").found(format!("error={error}{described}"));
        return vec![unexpected(diagnostic.help(client_error(&error)))];
    }
    let status = page.response.status;
    if status >= 400 {
        let diagnostic = acting.diagnostic(start, "the sign-in ends at an error").label(label);
        let diagnostic = diagnostic.expected("the client's page").found(format!("{status} at {}", page.address));
        return vec![unexpected(
            diagnostic.help("the code came to the callback, and the client fails there: its log says why"),
        )];
    }
    if !is_under(&page.address, &dance.client) {
        let span = dance.oauth.client.as_ref().map_or(start, |client| client.span);
        let diagnostic = acting.diagnostic(span, "the user lands elsewhere than at the client").label(label);
        let diagnostic =
            diagnostic.expected(format!("an address under {}", dance.client)).found(page.address.to_string());
        return vec![unexpected(
            diagnostic.help("the client's idea of its own address lacks the prefix, or is another one"),
        )];
    }
    let expectations: Vec<_> = dance.oauth.session.iter().flat_map(|cookie| cookie.expect.clone()).collect();
    acting.check(&expectations)
}

/// The error that an address names, from the exchange after the callback on to where the browser landed.
fn named_error(acting: &Acting<'_>, callback: usize) -> Option<(String, Option<String>)> {
    acting.visitor.hops.iter().skip(callback + 1).find_map(|hop| {
        let query = Query::of(&hop.request.address);
        let text = |name: &str| query.get(name).map(str::to_owned);
        text("error").map(|error| (error, text("error_description")))
    })
}

/// Where the browser stands, as evidence.
pub(super) fn record(acting: &Acting<'_>, callback: Option<usize>) -> Option<Landing> {
    let page = acting.visitor.page.as_ref()?;
    Some(Landing {
        url: page.address.to_string(),
        status: page.response.status,
        content_type: content::media_type(&page.response),
        error: callback.and_then(|callback| named_error(acting, callback)).map(|(error, _)| error),
        says: (page.response.status >= 400).then(|| page.look(told).ok().flatten()).flatten(),
    })
}

/// How much of a page's text is kept, in characters.
const TOLD: usize = 300;

/// The beginning of a page's text: of its main part, where it has one (HTML Standard, section 4.4.14).
fn told(document: &Html) -> Option<String> {
    let selectors = ["main, [role=main]", "body"].map(Selector::parse);
    let part = selectors.iter().flatten().find_map(|selector| document.select(selector).next())?;
    let text: String = part.text().collect::<Vec<_>>().join(" ");
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(TOLD).collect();
    (!text.is_empty()).then_some(text)
}

/// The client's session cookies that the browser has, with their values.
pub(super) fn session(acting: &Acting<'_>, dance: &Dance<'_>) -> Vec<(String, String)> {
    let jar = &acting.visitor.jar;
    let cookie =
        |name: &String| jar.last_named(name, cookies::now()).map(|cookie| (name.clone(), cookie.value.clone()));
    dance.session.iter().filter_map(cookie).filter(|(_, value)| !value.is_empty()).collect()
}

/// What a provider's error in the authorization response means (RFC 6749, 4.1.2.1).
pub(super) fn provider_error(error: &str) -> &'static str {
    match error {
        "access_denied" => "the provider, or the user, said no: look at what `consent` sends",
        "unauthorized_client" | "unsupported_response_type" => "the provider doesn't let this client ask for a code",
        "invalid_scope" => "the client asks for a scope that the provider doesn't have",
        "invalid_request" => "a parameter of the authorization request is missing, doubled or wrong",
        "server_error" | "temporarily_unavailable" => "the provider fails: its log says why",
        _ => "the provider's log says more",
    }
}

/// What a client's error after a good authorization response means. There is no standard; these are words in use.
fn client_error(error: &str) -> &'static str {
    match error {
        "invalid_state" | "state_mismatch" | "invalid_request_state" => {
            "the client doesn't know its own state again: its cookie or session is lost on the way, or another instance \
             answers the callback"
        }
        "access_denied" => "the client takes a good code for a denial, or doesn't let this user in",
        "registration_closed" | "org_access_denied" | "unauthorized" => {
            "the code was good; the client doesn't let this user in"
        }
        _ => {
            "the code was good, so the client could not redeem it: its secret is not the provider's (an update of the \
             application makes a new one), or it doesn't reach the provider's token endpoint; its log says which"
        }
    }
}
