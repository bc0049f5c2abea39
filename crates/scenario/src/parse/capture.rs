//! Values that are kept for later steps.

use crate::decode::{Decoder, Fields};
use crate::model::{Capture, CaptureSource};
use crate::parse::{git, keys, predicate, scenario, template, values};
use crate::span::Spanned;
use crate::yaml::{Kind, Node};

pub(super) fn captures(decoder: &Decoder, node: &Node) -> Vec<Capture> {
    let entries = decoder.entries(node, "`capture`").unwrap_or_default();
    entries.iter().filter_map(|(name, value)| capture(decoder, name, value)).collect()
}

fn capture(decoder: &Decoder, name: &Spanned<String>, node: &Node) -> Option<Capture> {
    values::variable_name(decoder, name);
    let fields = decoder.fields(node, &keys::CAPTURE, name.span)?;
    let regex = fields.get("regex").and_then(|node| predicate::pattern(decoder, node, "`regex`"));
    let secret = fields.get("secret").and_then(|node| decoder.boolean(node, "`secret`")).unwrap_or_default();
    let from = match keys::CAPTURE.at_most_one.iter().find_map(|key| fields.entry(key)) {
        Some((key, value)) => source(decoder, &fields, &key.value, value)?,
        None if fields.get("regex").is_some() => CaptureSource::Body,
        None => {
            let sources: Vec<String> = keys::CAPTURE.at_most_one.iter().map(|key| format!("`{key}`")).collect();
            let sources = crate::text::alternatives(&sources);
            let message = format!("the capture `{}` doesn't say where its value comes from", name.value);
            decoder.report(
                decoder.at(name.span, message).help(format!("give it {sources}, or a `regex` for the content")),
            );
            return None;
        }
    };
    Some(Capture { name: name.clone(), from, regex, secret })
}

fn source(decoder: &Decoder, fields: &Fields<'_>, key: &str, value: &Node) -> Option<CaptureSource> {
    let what = format!("`{key}`");
    let name = || scenario::name(decoder, value, &what);
    Some(match key {
        "header" => {
            let name = name()?;
            if !values::header_name(decoder, &name.value, name.span) {
                return None;
            }
            CaptureSource::Header(Spanned::new(name.value.to_ascii_lowercase(), name.span))
        }
        "cookie" => CaptureSource::Cookie(name()?),
        "git" => CaptureSource::Git(git::fact(decoder, value)?),
        "query" => CaptureSource::UrlQuery(name()?),
        "css" => {
            let attribute = fields.get("attribute").and_then(|node| scenario::name(decoder, node, "`attribute`"));
            let selector = values::selector(decoder, template::string(decoder, value, &what))?;
            CaptureSource::Css { selector, attribute }
        }
        "json" => CaptureSource::Json(values::json_path(decoder, template::string(decoder, value, &what))?),
        _ => {
            if value.kind != Kind::Bool(true) {
                decoder.wrong_type(value, &what, "`true`");
                return None;
            }
            if key == "url" { CaptureSource::Url } else { CaptureSource::Body }
        }
    })
}
