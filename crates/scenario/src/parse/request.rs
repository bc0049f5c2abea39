//! Requests: method, target, content.

use crate::decode::{Decoder, Fields};
use crate::model::{BasicAuth, Body, Part as FormPart, PartContent, Request, Service};
use crate::parse::{json, keys, template, values};
use crate::span::{Span, Spanned};
use crate::template::{Part, Template};
use crate::text;
use crate::yaml::{Kind, Node};

/// The request of a step whose action key is `key`.
pub(super) fn request(decoder: &Decoder, fields: &Fields<'_>, key: &Spanned<String>, value: &Node) -> Option<Request> {
    let (method, target) = if keys::METHODS.contains(&key.value.as_str()) {
        let method = Spanned::new(key.value.to_ascii_uppercase(), key.span);
        (Some(method), target_of(decoder, value, &key.value, Speaks::Http))
    } else {
        let fields = decoder.fields(value, &keys::REQUEST, key.span)?;
        let method = fields.get("method").and_then(|node| {
            let text = decoder.text(node, "`method`")?;
            method(decoder, text, node.span)
        });
        (method, fields.get("url").and_then(|node| target_of(decoder, node, "url", Speaks::Http)))
    };
    with(decoder, fields, method, target)
}

/// A request with what else a step says of it: all of that is looked at, also where method or target are wrong.
pub(super) fn with(
    decoder: &Decoder,
    fields: &Fields<'_>,
    method: Option<Spanned<String>>,
    target: Option<Spanned<Template>>,
) -> Option<Request> {
    let headers = fields.get("headers").map(|node| values::headers(decoder, node)).unwrap_or_default();
    let query = fields.get("query").map(|node| values::pairs(decoder, node, "`query`")).unwrap_or_default();
    let body = body(decoder, fields);
    let basic_auth = fields.get("basic_auth").map(|node| basic_auth(decoder, node, "basic_auth"));
    let basic_auth = basic_auth.map_or(Some(None), |pair| pair.map(Some));
    Some(Request { method: method?, target: target?, headers, query, body: body?, basic_auth: basic_auth? })
}

/// A method: a token (RFC 9110, section 9.1), in upper case.
pub(super) fn method(decoder: &Decoder, method: &str, span: Span) -> Option<Spanned<String>> {
    if !values::is_token(method) {
        let message = format!("`{}` can't be a method", text::one_line(method));
        decoder.report(decoder.at(span, message).help("a method is a word, such as `PROPFIND`"));
        return None;
    }
    let method = method.to_ascii_uppercase();
    if method == "CONNECT" {
        let message = "`CONNECT` asks for a tunnel, not for an answer, and can't be a step";
        decoder.report(decoder.at(span, message));
        return None;
    }
    Some(Spanned::new(method, span))
}

/// The target that is the value of `key`.
pub(super) fn target_of(decoder: &Decoder, node: &Node, key: &str, speaks: Speaks) -> Option<Spanned<Template>> {
    let text = decoder.text(node, &format!("`{key}`"))?.to_owned();
    target(decoder, &text, node.span, key, speaks)
}

/// Which schemes an address may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speaks {
    /// `http` and `https`.
    Http,
    /// These, and `ws` and `wss`, which stand for them.
    WebSocket,
}

impl Speaks {
    fn schemes(self) -> &'static [&'static str] {
        match self {
            Speaks::Http => &["http", "https"],
            Speaks::WebSocket => &["ws", "wss", "http", "https"],
        }
    }
}

/// A path or an absolute URL. What surely can't be sent is reported; all else is sent as written.
pub(super) fn target(
    decoder: &Decoder,
    text: &str,
    span: Span,
    key: &str,
    speaks: Speaks,
) -> Option<Spanned<Template>> {
    let what = format!("`{key}`");
    let target = template::parse(decoder, text, span)?;
    let literals = || {
        target.value.parts.iter().filter_map(|part| match part {
            Part::Text(text) => Some(text.as_str()),
            Part::Variable { .. } => None,
        })
    };
    let wrong = |message: String, help: &str| {
        decoder.report(decoder.at(span, message).help(help));
        None
    };
    if literals().any(|text| text.chars().any(|character| character.is_whitespace() || character.is_control())) {
        return wrong(format!("{what} can't have spaces or control characters in it"), "write `%20` for a space");
    }
    if literals().any(|text| text.contains('#')) {
        let help = "leave out what follows the `#`, or write `%23` for the character";
        return wrong(format!("{what} can't have a fragment: a fragment is never sent"), help);
    }
    match target.value.parts.first() {
        None => wrong(format!("{what} is empty"), "write `/` for the root"),
        Some(Part::Variable { .. }) => Some(target),
        Some(Part::Text(start)) if start.starts_with('/') => Some(target),
        Some(Part::Text(start)) if is_web(start, speaks) => {
            match target.value.literal().map(|literal| url::Url::parse(&literal)) {
                Some(Err(error)) => {
                    let scheme = speaks.schemes()[0];
                    wrong(format!("{what} is not a URL: {error}"), &format!("a URL is `{scheme}://host:port/path`"))
                }
                _ => Some(target),
            }
        }
        Some(Part::Text(start)) => {
            let named: Vec<String> = speaks.schemes().iter().map(|scheme| format!("`{scheme}`")).collect();
            let article = if speaks == Speaks::Http { "an" } else { "a" };
            let message = format!("{what} is neither a path nor {article} {} URL", text::alternatives(&named));
            let help = match start.split_once("://") {
                Some(_) => {
                    let (last, others) =
                        named.split_last().map_or(("", &[][..]), |(last, others)| (last.as_str(), others));
                    format!("only {} and {last} can be spoken here", others.join(", "))
                }
                None => suggest_path(start),
            };
            wrong(message, &help)
        }
    }
}

/// What somebody who left out the slash at the start may have meant.
fn suggest_path(start: &str) -> String {
    let shown: String = start.chars().take(40).collect();
    let (first, rest) = shown.split_once('/').unwrap_or((&shown, ""));
    match Service::ALL.iter().find(|service| service.as_str() == first) {
        Some(service) => format!("write `${{{service}}}/{rest}`, or `/{shown}`, which is relative to the base URL"),
        None => format!("write `/{shown}`, which is relative to the base URL, or `${{forge}}/{shown}`"),
    }
}

fn is_web(text: &str, speaks: Speaks) -> bool {
    let scheme = text.split("://").next().unwrap_or_default();
    text.contains("://") && speaks.schemes().iter().any(|known| scheme.eq_ignore_ascii_case(known))
}

/// User name and password; `key` is what they stand under.
pub(super) fn basic_auth(decoder: &Decoder, node: &Node, key: &str) -> Option<BasicAuth> {
    if !matches!(node.kind, Kind::Mapping(_)) {
        // `user:password` is what people try.
        let message = format!("wrong value for `{key}`");
        let diagnostic = decoder.at(node.span, message).expected("a mapping").found(node.kind_name());
        decoder.report(diagnostic.help("write `{ user: …, password: \"${password}\" }`"));
        return None;
    }
    let fields = decoder.fields(node, &keys::BASIC_AUTH, node.span)?;
    let user = fields.get("user").and_then(|node| template::scalar(decoder, node, "`user`"));
    let password = fields.get("password").and_then(|node| template::scalar(decoder, node, "`password`"));
    if let Some(user) = &user
        && user.value.parts.iter().any(|part| matches!(part, Part::Text(text) if text.contains(':')))
    {
        // RFC 7617, section 2: the first colon ends the user name.
        decoder.report(decoder.at(user.span, "a user name in Basic credentials can't have a `:` in it"));
    }
    Some(BasicAuth { user: user?, password: password? })
}

/// The content; `None` if it was wrong.
fn body(decoder: &Decoder, fields: &Fields<'_>) -> Option<Body> {
    let Some((key, value)) = keys::CONTENTS.iter().find_map(|content| fields.entry(content)) else {
        return Some(Body::None);
    };
    Some(match key.value.as_str() {
        "form" => Body::Form(values::pairs(decoder, value, "`form`")),
        "json" => Body::Json(Spanned::new(json::template(decoder, value)?, value.span)),
        "multipart" => Body::Multipart(multipart(decoder, value)),
        _ => Body::Text(template::scalar(decoder, value, "`body`")?),
    })
}

fn multipart(decoder: &Decoder, node: &Node) -> Vec<FormPart> {
    let mut parts = Vec::new();
    for (name, value) in decoder.entries(node, "`multipart`").unwrap_or_default() {
        let what = format!("`{}`", text::one_line(&name.value));
        parts.extend(decoder.one_or_many(value, &what).iter().filter_map(|item| part(decoder, name, item, &what)));
    }
    parts
}

fn part(decoder: &Decoder, name: &Spanned<String>, node: &Node, what: &str) -> Option<FormPart> {
    if !matches!(node.kind, Kind::Mapping(_)) {
        let content = PartContent::Text(template::scalar(decoder, node, what)?);
        return Some(FormPart { name: name.clone(), content, filename: None, content_type: None });
    }
    let fields = decoder.fields(node, &keys::PART, node.span)?;
    let content = match (fields.get("text"), fields.get("file")) {
        (Some(text), _) => template::scalar(decoder, text, "`text`").map(PartContent::Text),
        (None, Some(file)) => template::string(decoder, file, "`file`").map(PartContent::File),
        (None, None) => None,
    };
    let filename = fields.get("filename").and_then(|node| template::scalar(decoder, node, "`filename`"));
    let content_type = fields.get("content_type").and_then(|node| template::string(decoder, node, "`content_type`"));
    Some(FormPart { name: name.clone(), content: content?, filename, content_type })
}
