//! From the nodes of a file to a meddler's rules. Names, values and patterns are tried here, so that what is wrong has its place.

use doubles::meddler::rule::{LONGEST, check_name, check_pattern, check_value};
use doubles::meddler::{Action, Rule, Side};
use scenario::decode::{Decoder, Fields};
use scenario::yaml::{Kind, Node};
use scenario::{Span, Spanned};

use super::keys;
use crate::stack::addresses;

/// The rules for one service: a list of them, or one.
pub(in crate::fault) fn tamper(decoder: &Decoder, node: &Node) -> Vec<Rule> {
    decoder.one_or_many(node, "the rules").iter().filter_map(|node| rule(decoder, node)).collect()
}

fn rule(decoder: &Decoder, node: &Node) -> Option<Rule> {
    let fields = decoder.fields(node, &keys::RULE, node.span)?;
    let sides = [("request", Side::Request), ("response", Side::Response)];
    let on = fields.get("on").and_then(|node| decoder.word(node, "`on`", &sides));
    let mut actions = Vec::new();
    for (key, value) in fields.iter() {
        match key.value.as_str() {
            "set_header" => actions.extend(set(decoder, value)),
            "append_header" => {
                let field = |(name, value)| Action::AppendHeader { name, value };
                actions.extend(header_fields(decoder, value, "`append_header`").into_iter().map(field));
            }
            "remove_header" => actions.extend(remove(decoder, value)),
            "replace_header" => {
                let items = decoder.one_or_many(value, "`replace_header`");
                actions.extend(items.iter().flat_map(|item| replace_header(decoder, item)));
            }
            "replace_body" => {
                let items = decoder.one_or_many(value, "`replace_body`");
                actions.extend(items.iter().filter_map(|item| {
                    let fields = decoder.fields(item, &keys::REPLACEMENT, item.span)?;
                    let (find, with) = replacement(decoder, &fields)?;
                    Some(Action::ReplaceBody { find, with })
                }));
            }
            "set_status" => {
                let status = decoder.integer(value, "`set_status`", 200, 599);
                actions.extend(status.and_then(|status| u16::try_from(status).ok()).map(Action::SetStatus));
            }
            "delay_ms" => actions.extend(milliseconds(decoder, value, "`delay_ms`").map(Action::DelayMs)),
            "close_after_ms" => {
                actions.extend(milliseconds(decoder, value, "`close_after_ms`").map(Action::CloseAfterMs));
            }
            _ => {}
        }
    }
    if !fields.iter().any(|(key, _)| !matches!(key.value.as_str(), "on" | "match_path" | "match_host")) {
        let help = "say what is done: `set_header`, `append_header`, `remove_header`, `replace_header`, `replace_body`, \
                    `set_status`, `delay_ms` or `close_after_ms`";
        decoder.report(decoder.at(node.span, "the rule does nothing").help(help));
    }
    Some(Rule {
        on: on.map_or(Side::Response, |side| side.value),
        match_path: fields.get("match_path").and_then(|node| pattern(decoder, node, "`match_path`")),
        match_host: fields.get("match_host").and_then(|node| pattern(decoder, node, "`match_host`")),
        actions,
    })
}

/// Fields that are set. Of a field with several values the first is set, and the others come besides.
fn set(decoder: &Decoder, node: &Node) -> Vec<Action> {
    let mut seen: Vec<String> = Vec::new();
    let mut action = |(name, value): (String, String)| {
        if seen.contains(&name.to_ascii_lowercase()) {
            return Action::AppendHeader { name, value };
        }
        seen.push(name.to_ascii_lowercase());
        Action::SetHeader { name, value }
    };
    header_fields(decoder, node, "`set_header`").into_iter().map(&mut action).collect()
}

/// `{ NAME: VALUE }`, `{ NAME: [VALUE, VALUE] }`, `{ name: NAME, value: VALUE }`, or a list of these.
fn header_fields(decoder: &Decoder, node: &Node, what: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for item in decoder.one_or_many(node, what) {
        let Some(entries) = decoder.entries(item, what) else { continue };
        if entries.is_empty() {
            decoder.report(decoder.at(item.span, format!("{what} is empty")).help("name a field: `{ NAME: VALUE }`"));
        }
        if let Some((name, value)) = pair(entries) {
            let name = decoder.text(name, "`name`").and_then(|text| field_name(decoder, text, name.span));
            let values = field_values(decoder, value, "`value`");
            if let Some(name) = name {
                found.extend(values.into_iter().map(|value| (name.clone(), value)));
            }
            continue;
        }
        for (name, value) in entries {
            let values = field_values(decoder, value, &format!("`{}`", name.value.escape_debug()));
            if let Some(name) = field_name(decoder, &name.value, name.span) {
                found.extend(values.into_iter().map(|value| (name.clone(), value)));
            }
        }
    }
    found
}

/// The two nodes of `{ name: NAME, value: VALUE }`.
fn pair(entries: &[(Spanned<String>, Node)]) -> Option<(&Node, &Node)> {
    let of = |key: &str| entries.iter().find(|(name, _)| name.value == key).map(|(_, node)| node);
    if entries.len() == 2 { Some((of("name")?, of("value")?)) } else { None }
}

fn remove(decoder: &Decoder, node: &Node) -> Vec<Action> {
    let named = |node: &Node| {
        // `{ name: X }`, after the manner of the others.
        let inner = node.as_mapping().and_then(|entries| match entries {
            [(key, value)] if key.value == "name" => Some(value),
            _ => None,
        });
        let node = inner.unwrap_or(node);
        let name = decoder.text(node, "`remove_header`").and_then(|text| field_name(decoder, text, node.span));
        name.map(|name| Action::RemoveHeader { name })
    };
    decoder.one_or_many(node, "`remove_header`").iter().filter_map(named).collect()
}

/// `{ name: NAME, find: …, with: … }`, the same without a name, or `{ NAME: { find: …, with: … } }`.
fn replace_header(decoder: &Decoder, node: &Node) -> Vec<Action> {
    let is_by_name = node.as_mapping().is_some_and(|entries| {
        !entries.is_empty() && entries.iter().all(|(_, value)| matches!(value.kind, Kind::Mapping(_)))
    });
    if !is_by_name {
        let read = || {
            let fields = decoder.fields(node, &keys::NAMED_REPLACEMENT, node.span)?;
            let name = match fields.get("name") {
                Some(name) => Some(field_name(decoder, decoder.text(name, "`name`")?, name.span)?),
                None => None,
            };
            let (find, with) = replacement(decoder, &fields)?;
            Some(Action::ReplaceHeader { name, find, with })
        };
        return read().into_iter().collect();
    }
    let by_name = |(name, value): &(Spanned<String>, Node)| {
        let fields = decoder.fields(value, &keys::REPLACEMENT, value.span)?;
        let name = field_name(decoder, &name.value, name.span)?;
        let (find, with) = replacement(decoder, &fields)?;
        Some(Action::ReplaceHeader { name: Some(name), find, with })
    };
    node.as_mapping().unwrap_or_default().iter().filter_map(by_name).collect()
}

fn replacement(decoder: &Decoder, fields: &Fields<'_>) -> Option<(String, String)> {
    let find = fields.get("find").and_then(|node| pattern(decoder, node, "`find`"));
    let with = fields.get("with").and_then(|node| decoder.scalar(node, "`with`"));
    Some((find?, with?))
}

fn pattern(decoder: &Decoder, node: &Node, what: &str) -> Option<String> {
    let text = decoder.text(node, what)?;
    // With public addresses as they will stand there: as literal text.
    match check_pattern(&addresses::any(text)) {
        Ok(_) => Some(text.to_owned()),
        Err(why) => {
            let message = format!("{what} is not a pattern: {why}");
            decoder.report(
                decoder.at(node.span, message).help("patterns are regular expressions as Rust's regex has them"),
            );
            None
        }
    }
}

fn field_name(decoder: &Decoder, text: &str, span: Span) -> Option<String> {
    match check_name(text) {
        Ok(_) => Some(text.to_owned()),
        Err(why) => {
            decoder.report(decoder.at(span, format!("`{}`: {why}", text.escape_debug())));
            None
        }
    }
}

fn field_values(decoder: &Decoder, node: &Node, what: &str) -> Vec<String> {
    let value = |node: &Node| {
        let text = decoder.scalar(node, what)?;
        if let Err(why) = check_value(&text) {
            decoder.report(decoder.at(node.span, format!("wrong value for {what}: {why}")));
        }
        Some(text)
    };
    decoder.one_or_many(node, what).iter().filter_map(value).collect()
}

fn milliseconds(decoder: &Decoder, node: &Node, what: &str) -> Option<u64> {
    let most = i64::try_from(LONGEST).unwrap_or(i64::MAX);
    decoder.integer(node, what, 0, most).and_then(|number| u64::try_from(number).ok())
}
