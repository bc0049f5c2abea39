//! Calls of APIs.

use crate::decode::{Decoder, Fields};
use crate::model::{Api, Credentials, UndoCall};
use crate::parse::{keys, request, template};
use crate::span::Spanned;
use crate::template::Template;
use crate::text;
use crate::yaml::{Kind, Node};

/// The call of a step whose `api` is `node`.
pub(super) fn api(decoder: &Decoder, fields: &Fields<'_>, node: &Node) -> Option<Api> {
    let credentials = fields.get("as").map(|node| credentials(decoder, node));
    let (method, target) = line(decoder, node, "api");
    let undo = fields.get("undo").map(|node| undo(decoder, node));
    let request = request::with(decoder, fields, method, target)?;
    let credentials = credentials.map_or(Some(None), |credentials| credentials.map(Some));
    Some(Api { request, credentials: credentials?, undo: undo.map_or(Some(None), |undo| undo.map(Some))? })
}

fn undo(decoder: &Decoder, node: &Node) -> Option<UndoCall> {
    let (method, target) = line(decoder, node, "undo");
    let method = method?;
    if matches!(method.value.as_str(), "GET" | "HEAD" | "OPTIONS") {
        let diagnostic = decoder.at(method.span, format!("a {} takes nothing back", method.value));
        decoder.report(diagnostic.help("write the call that does: `DELETE ${forge}/api/v1/repos/…`"));
        return None;
    }
    Some(UndoCall { method, target: target? })
}

/// The method and the target that are the value of `key`.
fn line(decoder: &Decoder, node: &Node, key: &str) -> Line {
    let text = decoder.text(node, &format!("`{key}`"));
    text.map(|text| method_and_target(decoder, node, text, key)).unwrap_or_default()
}

type Line = (Option<Spanned<String>>, Option<Spanned<Template>>);

/// `POST ${ci}/api/repos`, or the target alone.
fn method_and_target(decoder: &Decoder, node: &Node, line: &str, key: &str) -> Line {
    let Some((method, target)) = line.trim().split_once(char::is_whitespace) else {
        let is_method = !line.contains(['/', '$']) && line.len() > 1 && line.chars().all(|c| c.is_ascii_uppercase());
        if is_method {
            let diagnostic = decoder.at(node.span, format!("`{line}` of what?"));
            decoder.report(diagnostic.help(format!("write `{line} ${{ci}}/api/…`: a method, a space, an address")));
            return Line::default();
        }
        let method = Spanned::new("GET".to_owned(), node.span);
        return (Some(method), request::target(decoder, line.trim(), node.span, key, request::Speaks::Http));
    };
    if !method.chars().all(|character| character.is_ascii_alphabetic() || character == '-') {
        let message = format!("`{key}` is a method and an address, with one space between them");
        let diagnostic = decoder.at(node.span, message).found(format!("`{}`", text::one_line(line)));
        decoder.report(diagnostic.help("write `POST ${ci}/api/repos`; `%20` stands for a space in an address"));
        return Line::default();
    }
    // The two as they stand in the file, where they stand there unescaped.
    let place = |part: &str, last: bool| {
        let written = decoder.source().slice(node.span);
        let found = if last { written.rfind(part) } else { written.find(part) };
        found.map_or(node.span, |at| decoder.span(node.span.start + at..node.span.start + at + part.len()))
    };
    let target = target.trim_start();
    let target_span = place(target, true);
    let method = request::method(decoder, method, place(method, false));
    let target = request::target(decoder, target, target_span, key, request::Speaks::Http);
    (method, target)
}

/// `session`, or a mapping with one kind of credentials.
fn credentials(decoder: &Decoder, node: &Node) -> Option<Credentials> {
    match (&node.kind, node.as_str()) {
        (Kind::Mapping(_), _) => {}
        (_, Some(keys::SESSION)) => return Some(Credentials::Session),
        _ => {
            let expected = "`session`, or a mapping";
            let diagnostic = decoder.at(node.span, "wrong value for `as`").expected(expected).found(node.kind_name());
            decoder.report(diagnostic.help("write `{ bearer: \"${token}\" }`, or `session` for the journey's cookies"));
            return None;
        }
    }
    let fields = decoder.fields(node, &keys::CREDENTIALS, node.span)?;
    if let Some(pair) = fields.get("basic") {
        return request::basic_auth(decoder, pair, "basic").map(Credentials::Basic);
    }
    let (kind, value) = keys::TOKENS.iter().find_map(|kind| fields.entry(kind))?;
    let token = template::string(decoder, value, &format!("`{}`", kind.value))?;
    if token.value.parts.is_empty() {
        let diagnostic = decoder.at(value.span, format!("`{}` is empty", kind.value));
        decoder.report(diagnostic.help("leave `as` out to call without credentials"));
        return None;
    }
    Some(match kind.value.as_str() {
        "bearer" => Credentials::Bearer(token),
        "token" => Credentials::Token(token),
        _ => Credentials::Csrf(token),
    })
}
