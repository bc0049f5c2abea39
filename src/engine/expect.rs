//! Does what came satisfy what was expected?

use std::sync::Arc;
use std::time::Duration;

use scenario::model::{AssetsAspect, CookieAspect, CssAspect, Expectation, GitAspect, HopAspect, Subject};
use scenario::predicate::{self, Found, Mismatch, MismatchKind};
use scenario::template::Template;
use scenario::{Diagnostic, Source, Spanned};
use scraper::Selector;
use verdict::evidence::FailureKind;

use super::assets;
use super::content::{self, Unreadable};
use super::desk::Desk;
use super::http::cookies;
use super::page::Page;
use super::plan::Scope;
use super::problem::{self, Problem};
use super::steps;
use super::variables::Variables;
use super::visitor::{Hop, Visitor};

/// What an expectation is held against.
pub struct Observation<'a> {
    /// The file of the expectation.
    pub source: &'a Arc<Source>,
    /// The user after the step.
    pub visitor: &'a Visitor,
    /// The last page.
    pub page: &'a Page,
    /// The values of variables.
    pub variables: &'a Variables,
    /// The variables that the step sees.
    pub scope: &'a Scope,
    /// Knows the secrets, captured ones included.
    pub desk: &'a Desk<'a>,
    /// The answer is an API's: redirects aren't followed there.
    pub is_call: bool,
}

/// Holds one expectation against what came.
///
/// # Errors
/// A located problem, where it doesn't hold or can't be held against this.
pub fn check(observation: &Observation<'_>, expectation: &Expectation) -> Result<(), Problem> {
    match &expectation.subject {
        Subject::EveryHop(aspect) => return every_hop(observation, expectation, aspect),
        Subject::NoLoop => return no_loop(observation, expectation),
        _ => {}
    }
    let found = observe(observation, expectation)?;
    predicate::check(&expectation.predicate, &found, &|name| observation.lookup(name), &observation.desk.redactor())
        .map_err(|mismatch| observation.failed(expectation, mismatch, None))
}

fn every_hop(observation: &Observation<'_>, expectation: &Expectation, aspect: &HopAspect) -> Result<(), Problem> {
    let hops = observation.visitor.focused();
    for (index, hop) in hops.iter().enumerate() {
        let found = hop_found(hop, aspect);
        predicate::check(
            &expectation.predicate,
            &found,
            &|name| observation.lookup(name),
            &observation.desk.redactor(),
        )
        .map_err(|mismatch| {
            let place = format!("hop {} of {}: {}", index + 1, hops.len(), describe_hop(hop));
            let came_from = index.checked_sub(1).and_then(|before| hops.get(before)).map(describe_hop);
            let place = came_from.map_or(place.clone(), |before| format!("{place}, sent there by {before}"));
            observation.failed(expectation, mismatch, Some(place))
        })?;
    }
    Ok(())
}

fn no_loop(observation: &Observation<'_>, expectation: &Expectation) -> Result<(), Problem> {
    let Some(hop) = repeated(observation.visitor.focused()) else { return Ok(()) };
    let diagnostic = Diagnostic::at(observation.source, expectation.span, "a request was repeated on the way")
        .label(describe_hop(hop))
        .expected("no request twice with the same cookies")
        .found(format!("{} {} twice", hop.request.method, hop.request.address))
        .help("a server that counts or waits may end such a loop; one that doesn't sends a browser round for ever");
    Err(Problem { kind: FailureKind::RedirectLoop, diagnostic })
}

fn hop_found(hop: &Hop, aspect: &HopAspect) -> Found {
    match (aspect, &hop.response) {
        (HopAspect::Url, _) => Found::Text(hop.request.address.to_string()),
        (HopAspect::Status, Some(response)) => Found::Number(f64::from(response.status)),
        (HopAspect::Header(name), Some(response)) => content::header(response, name),
        (_, None) => Found::Absent,
    }
}

/// `GET /forge/ → 303 Location: /forge/user/login`
pub fn describe_hop(hop: &Hop) -> String {
    let request = format!("{} {}", hop.request.method, hop.request.address);
    match &hop.response {
        None => request,
        Some(response) => {
            let location = response.header("location").map(|value| format!(" Location: {value}")).unwrap_or_default();
            format!("{request} → {}{location}", response.status)
        }
    }
}

fn observe(observation: &Observation<'_>, expectation: &Expectation) -> Result<Found, Problem> {
    let Observation { visitor, page, .. } = observation;
    let response = &page.response;
    let unreadable = |unreadable| observation.unreadable(expectation, unreadable);
    Ok(match &expectation.subject {
        Subject::Status => Found::Number(f64::from(response.status)),
        Subject::Header(name) => content::header(response, name),
        Subject::ContentType => content::media_type(response).map_or(Found::Absent, Found::Text),
        Subject::Body => Found::Text(content::text(response).map_err(unreadable)?),
        Subject::Css { selector, aspect } => {
            let compiled = observation.selector(selector)?;
            let attribute = match aspect {
                CssAspect::Attribute(name) => Some(name.as_str()),
                CssAspect::Text | CssAspect::Elements => None,
            };
            let found = page.look(|document| content::elements(document, &compiled, attribute)).map_err(unreadable)?;
            content::list(found.into_iter().map(Found::Text).collect())
        }
        Subject::Json(path) => {
            let compiled = observation.json_path(path)?;
            let document = content::json(response).map_err(unreadable)?;
            content::list(compiled.query(&document).iter().map(|node| Found::Json((*node).clone())).collect())
        }
        Subject::Url => Found::Text(page.address.to_string()),
        Subject::Hops => {
            Found::Number(f64::from(u32::try_from(visitor.focused().len().saturating_sub(1)).unwrap_or(u32::MAX)))
        }
        Subject::NoLoop => Found::Bool(repeated(visitor.focused()).is_none()),
        Subject::Cookie { name, aspect } => cookie(visitor, &observation.render(&name.value)?, *aspect),
        Subject::Git(aspect) => repository(observation, expectation, aspect)?,
        Subject::Duration => Found::Duration(visitor.duration()),
        Subject::Spread => Found::Duration(response.arrival.spread()),
        Subject::Assets(aspect) => visitor.assets.as_ref().map_or(Found::Absent, |book| assets::found(book, *aspect)),
        // Checked hop by hop, or as a whole, before this is reached.
        Subject::EveryHop(aspect) => {
            content::list(visitor.focused().iter().map(|hop| hop_found(hop, aspect)).collect())
        }
    })
}

fn repository(observation: &Observation<'_>, expectation: &Expectation, aspect: &GitAspect) -> Result<Found, Problem> {
    let Some(seen) = &observation.visitor.repository else {
        let message = "no repository was looked at";
        let diagnostic = Diagnostic::at(observation.source, expectation.span, message);
        return Err(Problem::scenario(diagnostic.help("a `git` step has to come before, or be this one")));
    };
    let text = |value: Option<String>| value.map_or(Found::Absent, Found::Text);
    Ok(match aspect {
        GitAspect::Commit => text(seen.commit.map(|id| id.to_string())),
        GitAspect::Message => text(seen.newest().map(|commit| commit.message.trim_end().to_owned())),
        GitAspect::Head => text(seen.head().map(str::to_owned)),
        GitAspect::Branch(name) => text(seen.branch(&observation.render(&name.value)?).map(|id| id.to_string())),
        GitAspect::File(path) => seen.file(&observation.render(&path.value)?),
    })
}

fn cookie(visitor: &Visitor, name: &str, aspect: CookieAspect) -> Found {
    let Some(cookie) = visitor.jar.last_named(name, cookies::now()) else { return Found::Absent };
    let text = |value: &Option<String>| value.clone().map_or(Found::Absent, Found::Text);
    match aspect {
        CookieAspect::Presence | CookieAspect::Value => Found::Text(cookie.value.clone()),
        CookieAspect::Path => text(&cookie.path_attribute),
        CookieAspect::Domain => text(&cookie.domain_attribute),
        CookieAspect::SameSite => text(&cookie.same_site),
        CookieAspect::HttpOnly => Found::Bool(cookie.http_only),
        CookieAspect::Secure => Found::Bool(cookie.secure),
        CookieAspect::ExpiresIn => cookie.expires.map_or(Found::Absent, |end| {
            let left = end.saturating_sub(cookies::now());
            Found::Duration(Duration::from_secs(u64::try_from(left).unwrap_or_default()))
        }),
    }
}

/// The first request that was sent twice, with the same cookies: a server without a clock would send it for ever.
pub fn repeated(hops: &[Hop]) -> Option<&Hop> {
    let key = |hop: &Hop| {
        let cookie = hop.request.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("cookie"));
        (hop.request.method.clone(), hop.request.address.clone(), cookie.map(|(_, value)| value.clone()))
    };
    hops.iter()
        .enumerate()
        .find(|(index, hop)| hops[..*index].iter().any(|other| key(other) == key(hop)))
        .map(|(_, hop)| hop)
}

impl Observation<'_> {
    /// The text of a template.
    pub fn render(&self, template: &Template) -> Result<String, Problem> {
        problem::render(template, self.source, &|name| self.lookup(name), &|| self.variables.names(self.scope))
    }

    fn lookup(&self, name: &str) -> Option<String> {
        self.variables.lookup(self.scope, name)
    }

    /// A CSS selector that may hold variables.
    pub fn selector(&self, template: &Spanned<Template>) -> Result<Selector, Problem> {
        steps::selector(&self.render(&template.value)?, self.source, template.span)
    }

    /// A JSONPath (RFC 9535) that may hold variables.
    pub fn json_path(&self, template: &Spanned<Template>) -> Result<serde_json_path::JsonPath, Problem> {
        json_path(&self.render(&template.value)?, self.source, template.span)
    }

    fn unreadable(&self, expectation: &Expectation, unreadable: Unreadable) -> Problem {
        Problem {
            kind: FailureKind::Expectation,
            diagnostic: Diagnostic::at(
                self.source,
                expectation.span,
                format!("{} can't be read", name(&expectation.subject)),
            )
            .label(self.visitor.focused().last().map(describe_hop).unwrap_or_default())
            .found(unreadable.found)
            .help(unreadable.help),
        }
    }

    fn failed(&self, expectation: &Expectation, mismatch: Mismatch, place: Option<String>) -> Problem {
        let span = mismatch.span.unwrap_or(expectation.span);
        match mismatch.kind {
            MismatchKind::Unsatisfied => {}
            MismatchKind::Unresolved(unresolved) => {
                return Problem::unresolved(self.source, &unresolved, &self.variables.names(self.scope));
            }
            MismatchKind::Invalid(reason) => {
                return Problem::scenario(Diagnostic::at(self.source, span, reason));
            }
        }
        let request = self.visitor.focused().last().map(describe_hop).unwrap_or_else(|| self.page.address.to_string());
        let message = format!("{} is not what was expected", name(&expectation.subject));
        let help = mismatch.help.or_else(|| self.advice(expectation));
        let mut diagnostic = Diagnostic::at(self.source, span, message)
            .expected(mismatch.expected)
            .found(mismatch.found)
            .label(place.unwrap_or(request));
        diagnostic.help = help;
        Problem { kind: FailureKind::Expectation, diagnostic }
    }

    /// What a newcomer would be told by a colleague who looks over the shoulder.
    fn advice(&self, expectation: &Expectation) -> Option<String> {
        let response = &self.page.response;
        match &expectation.subject {
            Subject::Cookie { name, .. } => {
                let name = self.render(&name.value).ok()?;
                if let Some(reason) = self.visitor.jar.refusal(&name) {
                    return Some(format!("the server sent it, and a browser refuses it: {reason}"));
                }
                let names = self.visitor.jar.names();
                let there = if names.is_empty() { "no cookie at all".to_owned() } else { names.join(", ") };
                Some(format!("in the cookie store: {there}"))
            }
            Subject::Assets(aspect) => self.visitor.assets.as_ref().and_then(|book| assets::summary(book, *aspect)),
            Subject::Spread => Some(
                "a stream that comes all at once was collected on the way: look for buffering in the edge (Caddy: \
                 `response_buffers`, `flush_interval`), or in the service"
                    .to_owned(),
            ),
            Subject::Hops | Subject::NoLoop | Subject::EveryHop(_) => None,
            Subject::Git(aspect) => {
                let seen = self.visitor.repository.as_ref()?;
                let names = match aspect {
                    GitAspect::File(_) => seen.names(),
                    GitAspect::Branch(_) => seen.advertised.branches().map(|(name, _)| name.to_owned()).collect(),
                    GitAspect::Commit | GitAspect::Message | GitAspect::Head => return None,
                };
                let there: Vec<String> = names.into_iter().take(20).collect();
                let there = if there.is_empty() { "nothing".to_owned() } else { there.join(", ") };
                Some(format!("in the repository: {there}"))
            }
            _ => match (response.header("location"), response.status, response.body.is_empty()) {
                (Some(location), 300..=399, _) if self.is_call => Some(format!(
                    "the answer redirects to {location}: APIs don't, so the address or its prefix may be wrong"
                )),
                (Some(location), 300..=399, _) => {
                    Some(format!("the answer redirects to {location}; `follow: true` goes there"))
                }
                (None, 200, true) if content::media_type(response).is_none() => Some(
                    "200 with no content and no Content-Type is what Caddy answers where no route matches".to_owned(),
                ),
                _ => None,
            },
        }
    }
}

/// Compiles a JSONPath (RFC 9535).
///
/// # Errors
/// It is none.
pub(super) fn json_path(
    text: &str,
    source: &Arc<Source>,
    span: scenario::Span,
) -> Result<serde_json_path::JsonPath, Problem> {
    serde_json_path::JsonPath::parse(text).map_err(|error| {
        Problem::scenario(
            Diagnostic::at(source, span, format!("`{text}` is no JSONPath"))
                .found(error.to_string())
                .help("RFC 9535 has the grammar: `$.items[0].name`"),
        )
    })
}

/// What a subject is called in messages.
fn name(subject: &Subject) -> String {
    match subject {
        Subject::Status => "the status".to_owned(),
        Subject::Header(name) => format!("the header field `{name}`"),
        Subject::ContentType => "the content type".to_owned(),
        Subject::Body => "the content".to_owned(),
        Subject::Css { selector, aspect } => {
            let selector = shown(&selector.value);
            match aspect {
                CssAspect::Elements => format!("the element `{selector}`"),
                CssAspect::Text => format!("the text of `{selector}`"),
                CssAspect::Attribute(name) => format!("the attribute `{name}` of `{selector}`"),
            }
        }
        Subject::Json(path) => format!("the JSON at `{}`", shown(&path.value)),
        Subject::Url => "the final URL".to_owned(),
        Subject::EveryHop(HopAspect::Url) => "the URL of a hop".to_owned(),
        Subject::EveryHop(HopAspect::Status) => "the status of a hop".to_owned(),
        Subject::EveryHop(HopAspect::Header(name)) => format!("the header field `{name}` of a hop"),
        Subject::Hops => "the number of redirects".to_owned(),
        Subject::NoLoop => "the absence of a redirect loop".to_owned(),
        Subject::Cookie { name, aspect } => {
            let name = shown(&name.value);
            match aspect {
                CookieAspect::Presence => format!("the cookie `{name}`"),
                CookieAspect::Value => format!("the value of cookie `{name}`"),
                CookieAspect::Path => format!("Path of cookie `{name}`"),
                CookieAspect::Domain => format!("Domain of cookie `{name}`"),
                CookieAspect::HttpOnly => format!("HttpOnly of cookie `{name}`"),
                CookieAspect::Secure => format!("Secure of cookie `{name}`"),
                CookieAspect::SameSite => format!("SameSite of cookie `{name}`"),
                CookieAspect::ExpiresIn => format!("the time until cookie `{name}` expires"),
            }
        }
        Subject::Git(aspect) => match aspect {
            GitAspect::Commit => "the newest commit".to_owned(),
            GitAspect::Message => "the newest commit's message".to_owned(),
            GitAspect::Head => "the branch that HEAD points to".to_owned(),
            GitAspect::Branch(name) => format!("the newest commit of `{}`", shown(&name.value)),
            GitAspect::File(path) => format!("the file `{}`", shown(&path.value)),
        },
        Subject::Duration => "the duration".to_owned(),
        Subject::Spread => "the time from the content's first piece to its last".to_owned(),
        Subject::Assets(aspect) => match aspect {
            AssetsAspect::Count => "the number of assets",
            AssetsAspect::Scripts => "the number of scripts",
            AssetsAspect::Styles => "the number of stylesheets",
            AssetsAspect::Images => "the number of images",
            AssetsAspect::Fonts => "the number of fonts",
            AssetsAspect::Broken => "the number of broken assets",
            AssetsAspect::Notes => "the number of broken assets that the page can do without",
            AssetsAspect::Urls => "the list of the assets' URLs",
            AssetsAspect::Duration => "the time until all assets were there",
        }
        .to_owned(),
    }
}

/// A template as written.
pub(super) fn shown(template: &Template) -> String {
    template.render(&|name| Some(format!("${{{name}}}"))).unwrap_or_default()
}
