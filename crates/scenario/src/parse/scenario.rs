//! The top of a file.

use std::sync::Arc;

use crate::decode::{Decoder, Fields, Table};
use crate::model::{Mode, Scenario, Scheme, Service, StackKind, When};
use crate::parse::{keys, step, template, values};
use crate::span::Spanned;
use crate::text;
use crate::yaml::Node;

pub(super) fn scenario(decoder: &Decoder, node: &Node) -> Option<Scenario> {
    // What is missing is missing at the top, not in the whole file.
    let owner = decoder.span(node.span.start..node.span.start);
    let fields = decoder.fields(node, &keys::SCENARIO, owner)?;
    let name = fields.get("name").and_then(|node| name(decoder, node, "`name`"));
    let description = fields.get("description").and_then(|node| decoder.text(node, "`description`")).map(str::to_owned);
    let tags = names(decoder, &fields, "tags");
    let when = fields.get("when").map(|node| when(decoder, node, &keys::WHEN)).unwrap_or_default();
    let vars = fields.get("vars").map(|node| values::variables(decoder, node, "`vars`")).unwrap_or_default();
    let secrets = names(decoder, &fields, "secrets");
    for secret in &secrets {
        values::variable_name(decoder, secret);
        if let Some((name, value)) = vars.iter().find(|(name, _)| name.value == secret.value) {
            decoder.conceal(value.span);
            let diagnostic = decoder.at(name.span, format!("the secret `{}` stands in the file", name.value));
            let diagnostic = diagnostic.label("its value is here").related(secret.span, "it is a secret by this");
            decoder.report(diagnostic.help("remove it here; the stack gives its value, or `--secret`"));
        }
    }
    let timeout = fields.get("timeout").and_then(|node| values::duration(decoder, node, "`timeout`"));
    let steps = fields.get("steps").map(|node| steps(decoder, node)).unwrap_or_default();
    Some(Scenario {
        source: Arc::clone(decoder.source()),
        name: name?,
        description,
        tags,
        when,
        vars,
        secrets,
        timeout,
        steps,
    })
}

fn steps(decoder: &Decoder, node: &Node) -> Vec<crate::model::Step> {
    let items = decoder.list(node, "`steps`").unwrap_or_default();
    items.iter().filter_map(|item| step::step(decoder, item)).collect()
}

/// A text that isn't empty.
pub(super) fn name(decoder: &Decoder, node: &Node, what: &str) -> Option<Spanned<String>> {
    let text = decoder.text(node, what)?;
    if text.trim().is_empty() {
        decoder.report(decoder.at(node.span, format!("{what} is empty")));
        return None;
    }
    Some(Spanned::new(text.to_owned(), node.span))
}

/// A list of names, none of them twice.
fn names(decoder: &Decoder, fields: &Fields<'_>, key: &str) -> Vec<Spanned<String>> {
    let what = format!("`{key}`");
    let mut names: Vec<Spanned<String>> = Vec::new();
    let Some(node) = fields.get(key) else { return names };
    for item in decoder.list(node, &what).unwrap_or_default() {
        let Some(name) = name(decoder, item, &format!("an item of {what}")) else { continue };
        if let Some(first) = names.iter().find(|known| known.value == name.value) {
            let message = format!("`{}` comes twice", text::one_line(&name.value));
            decoder.report(decoder.at(name.span, message).label("again here").related(first.span, "first here"));
        } else {
            names.push(name);
        }
    }
    names
}

/// The conditions of a scenario or a step.
pub(super) fn when(decoder: &Decoder, node: &Node, table: &'static Table) -> When {
    let Some(fields) = decoder.fields(node, table, node.span) else { return When::default() };
    When {
        services: words(decoder, &fields, "service", Service::ALL, Service::as_str),
        modes: words(decoder, &fields, "mode", Mode::ALL, Mode::as_str),
        schemes: words(decoder, &fields, "scheme", Scheme::ALL, Scheme::as_str),
        stacks: words(decoder, &fields, "stack", StackKind::ALL, StackKind::as_str),
        writes: fields.get("writes").and_then(|node| decoder.boolean(node, "`writes`")).unwrap_or_default(),
        css: fields.get("css").and_then(|node| values::selector(decoder, template::string(decoder, node, "`css`"))),
        statuses: fields.get("status").map(|node| statuses(decoder, node)).unwrap_or_default(),
    }
}

fn statuses(decoder: &Decoder, node: &Node) -> Vec<Spanned<u16>> {
    let status = |item: &Node| {
        let code = decoder.integer(item, "`status`", 100, 599)?;
        Some(Spanned::new(u16::try_from(code).ok()?, item.span))
    };
    decoder.one_or_many(node, "`status`").iter().filter_map(status).collect()
}

fn words<T: Copy>(
    decoder: &Decoder,
    fields: &Fields<'_>,
    key: &str,
    all: &[T],
    name: fn(T) -> &'static str,
) -> Vec<Spanned<T>> {
    let words: Vec<(&'static str, T)> = all.iter().map(|value| (name(*value), *value)).collect();
    let Some(node) = fields.get(key) else { return Vec::new() };
    decoder.one_or_many(node, &format!("`{key}`")).iter().filter_map(|item| decoder.word(item, key, &words)).collect()
}
