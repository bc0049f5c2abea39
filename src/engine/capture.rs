//! Values kept for later steps.

use scenario::Diagnostic;
use scenario::model::{Capture, CaptureSource, GitFact};
use scenario::predicate::Found;
use verdict::evidence::FailureKind;

use super::content;
use super::expect::{Observation, describe_hop};
use super::http::cookies;
use super::problem::Problem;

/// The value that a capture finds: the first of several.
///
/// # Errors
/// A located problem, where there is nothing to be found.
pub fn capture(observation: &Observation<'_>, capture: &Capture) -> Result<String, Problem> {
    let value = look(observation, capture)?;
    let nothing = |found: &str| {
        let last = observation.visitor.focused().last().map(describe_hop).unwrap_or_default();
        Problem {
            kind: FailureKind::Expectation,
            diagnostic: Diagnostic::at(
                observation.source,
                capture.name.span,
                format!("there is nothing to capture as `{}`", capture.name.value),
            )
            .label(last)
            .found(found)
            .help("look at the trace below: the answer may be another page than the scenario means"),
        }
    };
    let value = value.ok_or_else(|| nothing(&format!("no {}", source_name(&capture.from))))?;
    let Some(pattern) = &capture.regex else { return Ok(value) };
    let text = observation.render(&pattern.value)?;
    let part = apply(&text, &value).map_err(|error| {
        Problem::scenario(
            Diagnostic::at(observation.source, pattern.span, format!("`{text}` is no regular expression")).found(error),
        )
    })?;
    part.ok_or_else(|| nothing(&format!("no match of `{text}`")))
}

/// What a regular expression takes of a value: its first group, or the whole match; `None` where it doesn't match.
///
/// # Errors
/// It is no regular expression.
pub(super) fn apply(pattern: &str, value: &str) -> Result<Option<String>, String> {
    let compiled = regex::Regex::new(pattern).map_err(|error| error.to_string())?;
    let matched = compiled.captures(value).and_then(|groups| groups.get(1).or_else(|| groups.get(0)));
    Ok(matched.map(|matched| matched.as_str().to_owned()))
}

fn look(observation: &Observation<'_>, capture: &Capture) -> Result<Option<String>, Problem> {
    let response = &observation.page.response;
    let address = &observation.page.address;
    let unreadable = |unreadable: content::Unreadable| Problem {
        kind: FailureKind::Expectation,
        diagnostic: Diagnostic::at(observation.source, capture.name.span, "the content can't be read")
            .found(unreadable.found)
            .help(unreadable.help),
    };
    Ok(match &capture.from {
        CaptureSource::Header(name) => first(content::header(response, &name.value)),
        CaptureSource::Cookie(name) => {
            observation.visitor.jar.last_named(&name.value, cookies::now()).map(|cookie| cookie.value.clone())
        }
        CaptureSource::Body => Some(content::text(response).map_err(unreadable)?),
        CaptureSource::Css { selector, attribute } => {
            let compiled = observation.selector(selector)?;
            let attribute = attribute.as_ref().map(|name| name.value.as_str());
            let found = observation.page.look(|document| content::elements(document, &compiled, attribute));
            found.map_err(unreadable)?.into_iter().next()
        }
        CaptureSource::Json(path) => {
            let compiled = observation.json_path(path)?;
            let document = content::json(response).map_err(unreadable)?;
            compiled.query(&document).first().map(|node| match node {
                serde_json::Value::String(text) => text.clone(),
                other => other.to_string(),
            })
        }
        CaptureSource::Url => Some(address.to_string()),
        CaptureSource::Git(fact) => observation.visitor.repository.as_ref().and_then(|seen| match fact {
            GitFact::Commit => seen.commit.map(|id| id.to_string()),
            GitFact::Head => seen.head().map(str::to_owned),
        }),
        CaptureSource::UrlQuery(name) => {
            let query = address.target.split_once('?').map(|(_, query)| query).unwrap_or_default();
            let mut pairs = url::form_urlencoded::parse(query.as_bytes());
            pairs.find(|(key, _)| *key == name.value).map(|(_, value)| value.into_owned())
        }
    })
}

fn first(found: Found) -> Option<String> {
    match found {
        Found::Text(text) => Some(text),
        Found::List(values) => values.into_iter().next().and_then(first),
        _ => None,
    }
}

fn source_name(source: &CaptureSource) -> String {
    match source {
        CaptureSource::Header(name) => format!("header field `{}`", name.value),
        CaptureSource::Cookie(name) => format!("cookie `{}`", name.value),
        CaptureSource::Body => "content".to_owned(),
        CaptureSource::Css { attribute: Some(name), .. } => format!("element with the attribute `{}`", name.value),
        CaptureSource::Css { .. } => "element that fits the selector".to_owned(),
        CaptureSource::Json(_) => "node at that path".to_owned(),
        CaptureSource::Git(GitFact::Commit) => "commit of a repository".to_owned(),
        CaptureSource::Git(GitFact::Head) => "branch that HEAD points to".to_owned(),
        CaptureSource::Url => "URL".to_owned(),
        CaptureSource::UrlQuery(name) => format!("parameter `{}` in the URL", name.value),
    }
}
