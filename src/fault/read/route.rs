//! One route of a fault file.

use routes::change::{GateChange, RouteChange};
use routes::{Cookies, Flush, GateSecret, PathEdit};
use scenario::Spanned;
use scenario::decode::{Decoder, Fields};
use scenario::yaml::{Kind, Node};

use super::{keys, known_route, names};
use crate::fault::keys::{REDIRECT, RESPOND};

/// What is otherwise with the route of this name.
pub(super) fn route(decoder: &Decoder, name: &Spanned<String>, node: &Node) -> Option<RouteChange> {
    let fields = decoder.fields(node, &keys::ROUTE, node.span)?;
    let text = |name: &str| {
        let node = fields.get(name)?;
        decoder.text(node, &format!("`{name}`")).map(str::to_owned)
    };
    let boolean = |name: &str| fields.get(name).and_then(|node| decoder.boolean(node, &format!("`{name}`")));
    let cookies = |node| decoder.word(node, "`cookies`", &[("pass", Cookies::Pass), ("drop", Cookies::Drop)]);
    let flush = |node| decoder.word(node, "`flush`", &[("auto", Flush::Auto), ("immediate", Flush::Immediate)]);
    let (strip_prefix, edit) = prefixes(decoder, &fields);
    let change = RouteChange {
        path: text("path"),
        host: text("host"),
        service: text("service"),
        strip_prefix,
        edit,
        upstream: text("upstream"),
        cookies: fields.get("cookies").and_then(cookies).map(|word| word.value),
        websocket: boolean("websocket"),
        max_body: fields.get("max_body").and_then(|node| max_body(decoder, node)),
        flush: fields.get("flush").and_then(flush).map(|word| word.value),
        remove_headers: fields.get("remove_headers").map(|node| {
            let names = decoder.one_or_many(node, "`remove_headers`").iter();
            names.filter_map(|node| decoder.text(node, "an item of `remove_headers`").map(str::to_owned)).collect()
        }),
        headers: headers(decoder, &fields),
        gate: fields.get("gate").and_then(|node| gate(decoder, node)),
        redirect: fields.get("redirect").and_then(|node| redirect(decoder, node)),
        respond: fields.get("respond").and_then(|node| respond(decoder, node)),
    };
    if let Some(node) = fields.get("service")
        && let Some(service) = &change.service
    {
        super::service(decoder, service, node.span);
    }
    if let Some(path) = fields.get("path") {
        check_path(decoder, path);
    }
    if fields.get("path").is_none() {
        known_route(decoder, name);
    } else if !names::is_known(&name.value) {
        leads_somewhere(decoder, name, &fields);
    }
    Some(change)
}

/// `null` is nobody.
fn gate(decoder: &Decoder, node: &Node) -> Option<Option<GateChange>> {
    if matches!(node.kind, Kind::Null) {
        return Some(None);
    }
    let fields = decoder.fields(node, &keys::GATE, node.span)?;
    let secret = fields.get("secret").and_then(|node| decoder.text(node, "`secret`")).map(GateSecret::new);
    let copy_headers = fields.get("copy_headers").map(|node| {
        let list = match &node.kind {
            Kind::Sequence(items) => items.as_slice(),
            _ => std::slice::from_ref(node),
        };
        let names = list.iter();
        names.filter_map(|node| decoder.text(node, "an item of `copy_headers`").map(str::to_owned)).collect()
    });
    Some(Some(GateChange { secret, copy_headers }))
}

fn leads_somewhere(decoder: &Decoder, name: &Spanned<String>, fields: &Fields<'_>) {
    let plain = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    if !plain(&name.value) {
        let message = format!("`{}` can't be the name of a route", name.value.escape_debug());
        decoder.report(decoder.at(name.span, message).help("a name has a-z, 0-9 and -; the paths stand under `path`"));
    }
    if !["service", "upstream", "redirect", "respond"].iter().any(|key| fields.get(key).is_some()) {
        let message = format!("the route `{}` is added, and leads nowhere", name.value.escape_debug());
        let help = "say where it leads: a `service`, an `upstream`, a `redirect`, or what to `respond`";
        decoder.report(decoder.at(name.span, message).help(help));
    }
}

fn check_path(decoder: &Decoder, node: &Node) {
    if let Some(text) = node.as_str() {
        let is_all = text == "*" || text == "/*";
        let start = text.strip_suffix("/*").unwrap_or(text);
        if !is_all && (!text.starts_with('/') || start.contains('*')) {
            decoder.report(
                decoder
                    .wrong(node, "`path`", "a path such as `/x`, or `/x/*` for all below")
                    .help("only a `/*` at its end is known"),
            );
        }
    }
}

/// `strip_prefix: true`, `strip_prefix: /x`, `add_prefix: /x`.
fn prefixes(decoder: &Decoder, fields: &Fields<'_>) -> (Option<bool>, Option<PathEdit>) {
    let prefix = |node: &Node, what: &str| {
        let text = decoder.text(node, what)?;
        let prefix = text.strip_suffix("/*").unwrap_or(text).trim_end_matches('/');
        if !prefix.starts_with('/') {
            decoder.wrong_type(node, what, "a prefix such as `/forge`");
            return None;
        }
        Some(prefix.to_owned())
    };
    let strips = match fields.get("strip_prefix") {
        Some(Node { kind: Kind::Bool(strips), .. }) => (Some(*strips), None),
        Some(node) if node.as_str().is_some() => (None, prefix(node, "`strip_prefix`").map(PathEdit::Strip)),
        Some(node) => {
            decoder.wrong_type(node, "`strip_prefix`", "`true`, `false` or a prefix such as `/forge`");
            (None, None)
        }
        None => (None, None),
    };
    match fields.get("add_prefix") {
        Some(node) if matches!(strips, (Some(true), _) | (_, Some(_))) => {
            let help = "what is to become of a path in two steps needs two routes";
            decoder.report(decoder.at(node.span, "`strip_prefix` and `add_prefix` exclude each other").help(help));
            strips
        }
        Some(node) => (strips.0, prefix(node, "`add_prefix`").map(PathEdit::Add)),
        None => strips,
    }
}

fn max_body(decoder: &Decoder, node: &Node) -> Option<Option<u64>> {
    match node.kind {
        Kind::Null => Some(None),
        _ => Some(u64::try_from(decoder.integer(node, "`max_body`", 0, i64::MAX)?).ok()),
    }
}

/// `headers`, and `host_header` with them.
fn headers(decoder: &Decoder, fields: &Fields<'_>) -> Option<Vec<(String, Option<String>)>> {
    let value = |node: &Node, what: &str| match node.kind {
        Kind::Null => Some(None),
        _ => decoder.scalar(node, what).map(Some),
    };
    let named = fields.get("headers").map(|node| {
        let entries = decoder.entries(node, "`headers`").unwrap_or_default();
        let field = |(name, node): &(Spanned<String>, Node)| {
            Some((name.value.clone(), value(node, &format!("`{}`", name.value.escape_debug()))?))
        };
        entries.iter().filter_map(field).collect::<Vec<_>>()
    });
    let host = fields.get("host_header").and_then(|node| value(node, "`host_header`"));
    match (named, host) {
        (None, None) => None,
        (named, host) => {
            Some(named.unwrap_or_default().into_iter().chain(host.map(|host| ("Host".to_owned(), host))).collect())
        }
    }
}

/// `redirect: /x`, `redirect: { to: /x, status: 308 }`.
fn redirect(decoder: &Decoder, node: &Node) -> Option<(String, u16)> {
    if node.as_mapping().is_none() {
        return decoder.text(node, "`redirect`").map(|to| (to.to_owned(), 302));
    }
    let fields = decoder.fields(node, &REDIRECT, node.span)?;
    let to = fields.get("to").and_then(|node| decoder.text(node, "`to`"))?;
    let status = fields.get("status").and_then(|node| decoder.integer(node, "`status`", 301, 308));
    Some((to.to_owned(), status.and_then(|status| u16::try_from(status).ok()).unwrap_or(302)))
}

/// `respond: 404`, `respond: a text`, `respond: { status: 404, body: … }`.
fn respond(decoder: &Decoder, node: &Node) -> Option<(u16, String)> {
    let status = |node: &Node| {
        let status = decoder.integer(node, "`status`", 200, 599);
        status.and_then(|status| u16::try_from(status).ok())
    };
    match &node.kind {
        Kind::Number(_) => Some((status(node)?, String::new())),
        Kind::Mapping(_) => {
            let fields = decoder.fields(node, &RESPOND, node.span)?;
            let body = fields.get("body").and_then(|node| decoder.text(node, "`body`")).unwrap_or_default();
            Some((fields.get("status").and_then(status).unwrap_or(200), body.to_owned()))
        }
        _ => decoder.text(node, "`respond`").map(|body| (200, body.to_owned())),
    }
}
