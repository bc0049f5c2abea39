//! What doesn't hold of a way through a sign-in, in the file's terms.

use scenario::{Diagnostic, Span};
use verdict::evidence::{FailureKind, StateComparison};

use super::dance::{Asked, Dance};
use super::landing;
use super::message::{Message, bare, is_under};
use super::walk::{End, Walked};
use crate::engine::content;
use crate::engine::expect::{describe_hop, repeated};
use crate::engine::form;
use crate::engine::http::redirect;
use crate::engine::problem::Problem;
use crate::engine::steps::Acting;
use crate::engine::visitor::Obstacle;

/// A problem of what the site answered.
pub(super) fn unexpected(diagnostic: Diagnostic) -> Problem {
    Problem { kind: FailureKind::Expectation, diagnostic }
}

/// What doesn't hold of the way, the first cause first; nothing where the browser has landed well. What would only
/// follow from it isn't said.
pub(super) fn of(acting: &mut Acting<'_>, dance: &Dance<'_>, walked: &Walked) -> Vec<Problem> {
    let Some(request) = &walked.messages.request else {
        return vec![match &walked.end {
            End::Obstacle(_) | End::Astray => ended(acting, dance, walked),
            _ => no_request(acting, dance),
        }];
    };
    let mut problems = of_request(acting, dance, walked, request);
    if !problems.is_empty() {
        return problems;
    }
    let Some(response) = &walked.messages.response else {
        return vec![ended(acting, dance, walked)];
    };
    problems = of_response(acting, dance, walked, response);
    if problems.is_empty() && !matches!(walked.end, End::Arrived) {
        problems.push(ended(acting, dance, walked));
    }
    if problems.is_empty() {
        problems = landing::problems(acting, dance, walked, response);
    }
    problems
}

/// The exchange that sent the browser somewhere.
fn sender(acting: &Acting<'_>, at: Option<usize>) -> String {
    at.and_then(|at| acting.visitor.hops.get(at)).map(describe_hop).unwrap_or_default()
}

fn no_request(acting: &Acting<'_>, dance: &Dance<'_>) -> Problem {
    let page = acting.visitor.page.as_ref();
    let kind =
        page.and_then(|page| content::media_type(&page.response)).unwrap_or_else(|| "no Content-Type".to_owned());
    let status = page.map_or(0, |page| page.response.status);
    let help = match (status, kind.as_str()) {
        (200..=299, "text/html") => {
            "a page in its place: the path isn't the client's to begin a sign-in at, as where a prefix is stripped or \
             lost on the way, or the user is signed in already"
        }
        (500..=599, _) => "the client, or the edge before it, fails: its log says why",
        _ => "look at the client's own address, at its route, and at whether a provider is set up there",
    };
    unexpected(
        acting
            .diagnostic(dance.oauth.start.span, "the sign-in doesn't lead to a provider")
            .label(last_with_sender(acting))
            .expected(format!("a redirect to {} with an authorization request (RFC 6749, 4.1.1)", dance.provider))
            .found(format!("{status} `{kind}`"))
            .help(help),
    )
}

/// The authorization request, parameter by parameter (RFC 6749, 4.1.1).
fn of_request(acting: &Acting<'_>, dance: &Dance<'_>, walked: &Walked, request: &Message) -> Vec<Problem> {
    let label = sender(acting, request.moved.sent_by);
    let mut problems = Vec::new();
    let mut add = |span: Span, message: &str, expected: String, found: String, help: &str| {
        let diagnostic = acting.diagnostic(span, message).label(label.clone()).expected(expected).found(found);
        problems.push(unexpected(diagnostic.help(help)));
    };
    let oauth = dance.oauth;
    let address = &request.moved.address;
    if !dance.is_of_the_site(address) {
        add(
            oauth.provider.span,
            "the browser is sent to a host that isn't the site's",
            format!("an authorization request to an address under {}", dance.provider),
            bare(address),
            "the client hands out an internal address of its provider, which no browser can reach: give it the public \
             one, or a public one for browsers besides",
        );
    } else if !is_under(address, &dance.provider) {
        add(
            oauth.provider.span,
            "the authorization request goes elsewhere than to the provider",
            format!("an address under {}", dance.provider),
            bare(address),
            "the provider's address, as the client knows it, lacks its prefix, or is another provider's",
        );
    }
    match request.query.get("redirect_uri") {
        Some(sent) if sent == dance.redirect_uri => {}
        sent => add(
            oauth.redirect_uri.span,
            "the client asks for another redirect URI than the one that is registered",
            format!("`{}`, letter by letter (RFC 6749, 3.1.2.3)", dance.redirect_uri),
            sent.map_or("no `redirect_uri`".to_owned(), |sent| format!("`{sent}`")),
            "the client makes it of its own address: correct that, or register what it sends, whichever is the one that \
             browsers reach",
        ),
    }
    match request.query.get("response_type") {
        Some("code") => {}
        kind => add(
            oauth.start.span,
            "the authorization request doesn't ask for a code",
            "`response_type=code`".to_owned(),
            kind.map_or("no `response_type`".to_owned(), |kind| format!("`response_type={kind}`")),
            "only the authorization code grant keeps tokens out of the browser (RFC 6749, 4.1.1)",
        ),
    }
    if !request.query.has("client_id") {
        let help = "the client isn't set up: give it the id that the provider gave out for it";
        let message = "the authorization request doesn't say whose it is";
        add(oauth.start.span, message, "`client_id`".to_owned(), "none, or an empty one".to_owned(), help);
    }
    if !request.query.has("state") {
        let help =
            "without it anybody can have a user's browser finish a sign-in that the user never began (RFC 6749, 10.12)";
        let message = "the authorization request has no state";
        add(oauth.start.span, message, "`state`".to_owned(), "none, or an empty one".to_owned(), help);
    }
    let seen = walked.way.iter().find(|moved| super::message::Query::of(&moved.address).has("client_secret"));
    if seen.is_some() {
        let help =
            "it belongs into the client's own request to the token endpoint; this one is known by now: make another";
        let message = "the client's secret stands in the browser's address";
        add(oauth.start.span, message, "no `client_secret`".to_owned(), "a `client_secret`".to_owned(), help);
    }
    problems
}

/// The authorization response (RFC 6749, 4.1.2).
fn of_response(acting: &Acting<'_>, dance: &Dance<'_>, walked: &Walked, response: &Message) -> Vec<Problem> {
    let label = sender(acting, response.moved.sent_by);
    let mut problems = Vec::new();
    let mut add = |span: Span, message: &str, expected: &str, found: String, help: &str| {
        let diagnostic = acting.diagnostic(span, message).label(label.clone()).expected(expected).found(found);
        problems.push(unexpected(diagnostic.help(help)));
    };
    let oauth = dance.oauth;
    let address = &response.moved.address;
    if !dance.is_callback(address) {
        let expected = format!("`{}`", dance.redirect_uri);
        let help = "something between provider and client changes the address: look at the hop above";
        add(
            oauth.redirect_uri.span,
            "the provider answers elsewhere than at the redirect URI",
            &expected,
            bare(address),
            help,
        );
    } else if !is_under(address, &dance.client) {
        let span = oauth.client.as_ref().map_or(oauth.redirect_uri.span, |client| client.span);
        let expected = format!("an address under {}", dance.client);
        let help = "what is registered lacks the client's prefix: register the address below it";
        add(span, "the callback isn't under the client's address", &expected, bare(address), help);
    }
    if let Some(error) = response.query.get("error") {
        let described = response.query.get("error_description").map(|text| format!(": {text}")).unwrap_or_default();
        let help = landing::provider_error(error);
        add(
            oauth.start.span,
            "the provider answers with an error",
            "a code",
            format!("error={error}{described}"),
            help,
        );
        return problems;
    }
    if !response.query.has("code") {
        let help = "the provider doesn't answer as RFC 6749, 4.1.2 has it";
        add(oauth.start.span, "the authorization response has no code", "`code`", "none".to_owned(), help);
    }
    match walked.messages.states() {
        StateComparison::Same => {}
        StateComparison::Other => {
            let help = "the provider, or something before it, changes the client's parameters (RFC 6749, 4.1.2)";
            let message = "the state comes back as another one";
            add(oauth.start.span, message, "the very state that the client gave out", "another one".to_owned(), help);
        }
        StateComparison::Missing => {
            let help = "the provider, or something before it, drops the client's parameters (RFC 6749, 4.1.2)";
            let message = "the state doesn't come back";
            add(oauth.start.span, message, "the very state that the client gave out", "none".to_owned(), help);
        }
    }
    problems
}

/// Why the browser never came to the client's callback, or not beyond it.
fn ended(acting: &mut Acting<'_>, dance: &Dance<'_>, walked: &Walked) -> Problem {
    match &walked.end {
        End::Astray => astray(acting, dance, walked),
        End::AskedAgain(asked) => asked_again(acting, dance, *asked),
        End::Obstacle(obstacle) => obstructed(acting, obstacle.clone()),
        End::Stuck | End::Arrived => stuck(acting, dance, walked),
    }
}

/// Sent to a host that isn't the site's.
pub(super) fn astray(acting: &Acting<'_>, dance: &Dance<'_>, walked: &Walked) -> Problem {
    let last = walked.way.last();
    let to = walked.unsent.as_ref().map(bare).unwrap_or_default();
    unexpected(
        acting
            .diagnostic(acting.planned.step.span, "the browser is sent to a host that isn't the site's")
            .label(sender(acting, last.and_then(|moved| moved.sent_by)))
            .expected(format!("an address at {}", dance.origins()))
            .found(to)
            .help(
                "what sends it there takes an internal address for its public one; nothing was sent there. If the host \
                 belongs to the dance, name it by `provider` or `client`",
            ),
    )
}

fn asked_again(acting: &Acting<'_>, dance: &Dance<'_>, asked: Asked) -> Problem {
    let (form, what, help) = match asked {
        Asked::SignIn => (
            &dance.oauth.sign_in,
            "the provider asks again who the user is",
            "the name or the password is wrong, or the session that the provider gave out doesn't come back to it",
        ),
        Asked::Consent => (
            &dance.oauth.consent,
            "the provider asks again for consent",
            "the answer didn't reach it as one: look at the form's fields, and at `with`",
        ),
    };
    let span = form.as_ref().map_or(acting.planned.step.span, |form| form.form.span);
    let refused: Vec<String> = acting
        .visitor
        .hops
        .iter()
        .flat_map(|hop| &hop.set_cookies)
        .filter_map(|cookie| Some(format!("cookie `{}`: {}", cookie.name, cookie.refused.as_ref()?)))
        .collect();
    let help = match refused.is_empty() {
        true => help.to_owned(),
        false => format!("a browser refuses what the server sent it: {}", refused.join("; ")),
    };
    unexpected(
        acting
            .diagnostic(span, what)
            .label(acting.visitor.hops.last().map(describe_hop).unwrap_or_default())
            .expected("the form once")
            .found("the same form after it was filled in")
            .help(help),
    )
}

/// Something kept the browser from going on; said with the exchange that sent it there.
pub(super) fn obstructed(acting: &Acting<'_>, obstacle: Obstacle) -> Problem {
    let hops = &acting.visitor.hops;
    let is_endless = matches!(obstacle, Obstacle::TooManyRedirects { .. });
    let mut problem = acting.obstacle("the sign-in", obstacle);
    if !is_endless {
        problem.diagnostic.label = Some(last_with_sender(acting));
    } else if repeated(hops).is_none() {
        problem.diagnostic.help = Some("each address is a new one, and a browser gives up here too".to_owned());
    }
    problem
}

/// The last exchange, with the one that sent the browser there.
pub(super) fn last_with_sender(acting: &Acting<'_>) -> String {
    let hops = &acting.visitor.hops;
    let last = hops.last().map(describe_hop).unwrap_or_default();
    let before = hops.len().checked_sub(2).and_then(|at| hops.get(at));
    let before =
        before.filter(|hop| hop.response.as_ref().is_some_and(|response| redirect::is_redirect(response.status)));
    match before {
        Some(before) => format!("{last}, sent there by {}", describe_hop(before)),
        None => last,
    }
}

/// On a page that leads nowhere.
fn stuck(acting: &Acting<'_>, dance: &Dance<'_>, walked: &Walked) -> Problem {
    let Some(page) = &acting.visitor.page else { return no_request(acting, dance) };
    let (status, address) = (page.response.status, &page.address);
    let forms = page.look(form::forms).unwrap_or_default();
    let is_refusal = status >= 400 && dance.is_request(address);
    let sent =
        walked.messages.request.as_ref().and_then(|request| request.query.get("redirect_uri")).unwrap_or_default();
    let (message, help) = match (is_refusal, status) {
        (true, _) => (
            "the provider refuses the authorization request",
            format!(
                "it sends nobody back, so it doesn't know the client's id or its redirect URI (RFC 6749, 4.1.2.1): is \
                 `{sent}` registered there?"
            ),
        ),
        (false, 400..) if acting.visitor.hops.last().is_some_and(|hop| hop.request.method == "POST") => (
            "the provider refuses the user's answer",
            "its guard against forged requests does so where the edge tells it another Host than the browser's, or where \
             a hidden field is missing"
                .to_owned(),
        ),
        (false, 400..) => (
            "the sign-in ends before the user is back at the client",
            "look at the hop that led there: a prefix may be lost on the way".to_owned(),
        ),
        _ => (
            "the sign-in ends before the user is back at the client",
            "if this page asks the user for something, say how it is answered by `sign_in` or `consent`".to_owned(),
        ),
    };
    let found = match forms.is_empty() {
        true => format!("{status} at {}, a page without forms", bare(address)),
        false => format!("{status} at {}, with {}", bare(address), forms.join("; ")),
    };
    unexpected(
        acting
            .diagnostic(dance.oauth.start.span, message)
            .label(last_with_sender(acting))
            .expected(format!("a redirect to {} with a code", dance.redirect_uri))
            .found(found)
            .help(help),
    )
}
