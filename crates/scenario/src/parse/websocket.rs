//! A WebSocket, and what is said over it.

use base64::Engine as _;

use crate::decode::{Decoder, Fields};
use crate::model::{
    Awaited, AwaitedKind, Capture, CaptureSource, Closing, FrameExpectation, FrameSubject, Frames, Message, Operand,
    Predicate, Turn, TurnAction, WebSocket,
};
use crate::parse::predicate::{self, Domain};
use crate::parse::request::{self, Speaks};
use crate::parse::{expect, json, keys, template, values};
use crate::span::Spanned;
use crate::text;
use crate::yaml::{Kind, Node};

/// The step whose action key is `websocket`.
pub(super) fn websocket(decoder: &Decoder, fields: &Fields<'_>, value: &Node) -> Option<WebSocket> {
    let headers = fields.get("headers").map(|node| values::headers(decoder, node)).unwrap_or_default();
    let query = fields.get("query").map(|node| values::pairs(decoder, node, "`query`")).unwrap_or_default();
    let basic_auth = fields.get("basic_auth").and_then(|node| request::basic_auth(decoder, node, "basic_auth"));
    let without = fields.get("without").map(|node| without(decoder, node, &headers)).unwrap_or_default();
    let subprotocols = fields.get("subprotocols").map(|node| subprotocols(decoder, node)).unwrap_or_default();
    let dialogue = fields.get("dialogue").map(|node| dialogue(decoder, node)).unwrap_or_default();
    let target = request::target_of(decoder, value, "websocket", Speaks::WebSocket);
    Some(WebSocket { target: target?, headers, without, query, basic_auth, subprotocols, dialogue })
}

fn without(decoder: &Decoder, node: &Node, headers: &values::Pairs) -> Vec<Spanned<String>> {
    let mut names = Vec::new();
    for item in decoder.list(node, "`without`").unwrap_or_default() {
        let Some(name) = decoder.text(item, "an item of `without`") else { continue };
        if !values::header_name(decoder, name, item.span) {
            continue;
        }
        if let Some((given, _)) = headers.iter().find(|(given, _)| given.value.eq_ignore_ascii_case(name)) {
            let message = format!("`{name}` is given, and left out as well");
            let diagnostic = decoder.at(item.span, message).label("left out here");
            decoder.report(diagnostic.related(given.span, "given here").help("keep one of the two"));
        }
        names.push(Spanned::new(name.to_ascii_lowercase(), item.span));
    }
    names
}

fn subprotocols(decoder: &Decoder, node: &Node) -> Vec<Spanned<crate::template::Template>> {
    let mut offered = Vec::new();
    for item in decoder.one_or_many(node, "`subprotocols`") {
        let Some(name) = template::string(decoder, item, "an item of `subprotocols`") else { continue };
        if name.value.literal().is_some_and(|literal| !values::is_token(&literal)) {
            let diagnostic = decoder.at(item.span, "this can't be the name of a subprotocol");
            decoder.report(diagnostic.help("a name is a word, such as `chat.v1`; several make a list"));
            continue;
        }
        offered.push(name);
    }
    offered
}

fn dialogue(decoder: &Decoder, node: &Node) -> Vec<Turn> {
    let items = decoder.list(node, "`dialogue`").unwrap_or_default();
    let turns: Vec<Turn> = items.iter().filter_map(|item| turn(decoder, item)).collect();
    let is_end = |turn: &Turn| match &turn.action {
        TurnAction::Close(_) => true,
        TurnAction::Await(awaited) => awaited.kind == AwaitedKind::Close,
        TurnAction::Send(_) | TurnAction::Hold(_) => false,
    };
    if let Some(end) = turns.iter().position(is_end)
        && let Some(after) = turns.get(end + 1)
    {
        let diagnostic = decoder.at(after.span, "nothing can be said over a WebSocket that is closed");
        decoder.report(diagnostic.related(turns[end].span, "it is closed here"));
    }
    turns
}

fn turn(decoder: &Decoder, node: &Node) -> Option<Turn> {
    let fields = decoder.fields(node, &keys::TURN, decoder.span(node.span.start..node.span.start))?;
    let (key, value) = keys::TURNS.iter().find_map(|turn| fields.entry(turn))?;
    let action = match key.value.as_str() {
        "send" => TurnAction::Send(message(decoder, value)?),
        "hold" => TurnAction::Hold(values::duration(decoder, value, "`hold`")?),
        "close" => TurnAction::Close(closing(decoder, value)?),
        _ => TurnAction::Await(Box::new(awaited(decoder, &fields, value)?)),
    };
    Some(Turn { span: key.span, action })
}

fn message(decoder: &Decoder, node: &Node) -> Option<Message> {
    if !matches!(node.kind, Kind::Mapping(_)) {
        return template::scalar(decoder, node, "`send`").map(Message::Text);
    }
    let fields = decoder.fields(node, &keys::SEND, node.span)?;
    let (key, value) = keys::MESSAGES.iter().find_map(|kind| fields.entry(kind))?;
    match key.value.as_str() {
        "text" => template::scalar(decoder, value, "`text`").map(Message::Text),
        "json" => json::template(decoder, value).map(|json| Message::Json(Spanned::new(json, value.span))),
        "ping" => template::scalar(decoder, value, "`ping`").map(Message::Ping),
        _ => {
            let content = template::string(decoder, value, "`binary`")?;
            let engine = &base64::engine::general_purpose::STANDARD;
            if let Some(Err(error)) = content.value.literal().map(|literal| engine.decode(literal)) {
                let diagnostic = decoder.at(value.span, "`binary` is not base64").found(error.to_string());
                decoder.report(diagnostic.help("the bytes 0, 1, 2 are `AAEC`; text goes under `text`"));
                return None;
            }
            Some(Message::Binary(content))
        }
    }
}

fn closing(decoder: &Decoder, node: &Node) -> Option<Closing> {
    if !matches!(node.kind, Kind::Mapping(_)) {
        return Some(Closing { code: code(decoder, node, "`close`")?, reason: None });
    }
    let fields = decoder.fields(node, &keys::CLOSE, node.span)?;
    let reason = fields.get("reason").and_then(|node| template::scalar(decoder, node, "`reason`"));
    Some(Closing { code: code(decoder, fields.get("code")?, "`code`")?, reason })
}

/// A code that a close frame can carry.
fn code(decoder: &Decoder, node: &Node, what: &str) -> Option<u16> {
    let code = u16::try_from(decoder.integer(node, what, 1000, 4999)?).ok()?;
    if matches!(code, 1004..=1006 | 1015 | 1016..=2999) {
        let diagnostic = decoder.at(node.span, format!("the code {code} can't be sent"));
        decoder.report(diagnostic.help("RFC 6455, section 7.4: 1000 is the normal end, 3000 to 4999 are one's own"));
        return None;
    }
    Some(code)
}

fn awaited(decoder: &Decoder, turn: &Fields<'_>, node: &Node) -> Option<Awaited> {
    let capture = turn.get("capture").map(|node| captures(decoder, node)).unwrap_or_default();
    if !matches!(node.kind, Kind::Mapping(_)) {
        let mut expect = Vec::new();
        add(decoder, &mut expect, FrameSubject::Text, node, Domain::Text, "`expect`");
        let kind = AwaitedKind::Data;
        return Some(Awaited {
            kind,
            expect,
            frames: Frames::Exactly(1),
            spread: None,
            within: None,
            skip: false,
            capture,
        });
    }
    let fields = decoder.fields(node, &keys::FRAMES, node.span)?;
    let kind = if fields.get("close").is_some() {
        AwaitedKind::Close
    } else if fields.get("pong").is_some() {
        AwaitedKind::Pong
    } else {
        AwaitedKind::Data
    };
    if kind == AwaitedKind::Close {
        let alone = ["json", "frames", "until", "spread"];
        for (key, _) in alone.iter().filter_map(|name| fields.entry(name)) {
            let message = format!("`{}` makes no sense of the one close frame that there is", key.value);
            decoder.report(decoder.at(key.span, message));
        }
    }
    let expect = subjects(decoder, &fields);
    let spread = fields.get("spread").and_then(|node| {
        let spread = predicate::predicate(decoder, node, Domain::Duration, "`spread`")?;
        Some(Spanned::new(spread, expect::place(node)))
    });
    let within = fields.get("within").and_then(|node| values::duration(decoder, node, "`within`"));
    let skip = fields.get("skip").and_then(|node| decoder.boolean(node, "`skip`")).unwrap_or_default();
    let frames = frames(decoder, &fields)?;
    Some(Awaited { kind, expect, frames, spread, within, skip, capture })
}

fn frames(decoder: &Decoder, fields: &Fields<'_>) -> Option<Frames> {
    let number = fields.get("frames");
    let Some((key, until)) = fields.entry("until") else {
        let Some(number) = number else { return Some(Frames::Exactly(1)) };
        if matches!(number.kind, Kind::Mapping(_)) {
            let diagnostic = decoder.at(number.span, "how many frames are waited for must be a number");
            decoder.report(diagnostic.help(
                "write `frames: 5` to wait for five, or say with `until: { … }` which one is the last of an open number",
            ));
            return None;
        }
        let number = decoder.integer(number, "`frames`", 1, keys::MOST_FRAMES)?;
        return Some(Frames::Exactly(usize::try_from(number).ok()?));
    };
    let number = number.and_then(|node| {
        let number = predicate::predicate(decoder, node, Domain::Count, "`frames`")?;
        Some(Spanned::new(number, expect::place(node)))
    });
    let last = decoder.fields(until, &keys::UNTIL, key.span).map(|fields| subjects(decoder, &fields))?;
    if until.as_mapping().is_some_and(<[_]>::is_empty) {
        decoder.report(decoder.at(until.span, "an empty `until` says nothing").help("say what the last frame is like"));
        return None;
    }
    Some(Frames::Until { last, number })
}

/// What must hold of a frame.
fn subjects(decoder: &Decoder, fields: &Fields<'_>) -> Vec<FrameExpectation> {
    let mut found = Vec::new();
    for (key, value) in fields.iter() {
        match key.value.as_str() {
            "text" => add(decoder, &mut found, FrameSubject::Text, value, Domain::Text, "`text`"),
            "binary" => add(decoder, &mut found, FrameSubject::Binary, value, Domain::Text, "`binary`"),
            "pong" => add(decoder, &mut found, FrameSubject::Pong, value, Domain::Text, "`pong`"),
            "json" => {
                for (path, value) in decoder.entries(value, "`json`").unwrap_or_default() {
                    if let Some(template) = values::json_path(decoder, template::key(decoder, path)) {
                        let what = format!("`{}`", text::one_line(&path.value));
                        add(decoder, &mut found, FrameSubject::Json(template), value, Domain::Json, &what);
                    }
                }
            }
            "close" => closed(decoder, &mut found, value),
            _ => {}
        }
    }
    found
}

fn closed(decoder: &Decoder, found: &mut Vec<FrameExpectation>, node: &Node) {
    let is_own = |name: &str| matches!(name, "code" | "reason");
    let has_own = node.as_mapping().is_some_and(|entries| entries.iter().any(|(key, _)| is_own(&key.value)));
    if !has_own {
        return add(decoder, found, FrameSubject::CloseCode, node, Domain::Count, "`close`");
    }
    let Some(fields) = decoder.fields(node, &keys::CLOSED, node.span) else { return };
    if let Some(code) = fields.get("code") {
        add(decoder, found, FrameSubject::CloseCode, code, Domain::Count, "`code`");
    }
    if let Some(reason) = fields.get("reason") {
        add(decoder, found, FrameSubject::CloseReason, reason, Domain::Text, "`reason`");
    }
}

fn add(
    decoder: &Decoder,
    found: &mut Vec<FrameExpectation>,
    subject: FrameSubject,
    node: &Node,
    domain: Domain,
    what: &str,
) {
    let Some(predicate) = predicate::predicate(decoder, node, domain, what) else { return };
    let is_close_code = matches!(subject, FrameSubject::CloseCode);
    if is_close_code
        && let Predicate::Equals(Spanned { value: Operand::Number(code), .. }) = &predicate
        && !(1000.0..5000.0).contains(code)
    {
        return decoder.report(decoder.wrong(node, what, "a close code, from 1000 to 4999"));
    }
    found.push(FrameExpectation { span: expect::place(node), subject, predicate });
}

fn captures(decoder: &Decoder, node: &Node) -> Vec<Capture> {
    let entries = decoder.entries(node, "`capture`").unwrap_or_default();
    entries.iter().filter_map(|(name, value)| capture(decoder, name, value)).collect()
}

fn capture(decoder: &Decoder, name: &Spanned<String>, node: &Node) -> Option<Capture> {
    values::variable_name(decoder, name);
    let fields = decoder.fields(node, &keys::FRAME_CAPTURE, name.span)?;
    let regex = fields.get("regex").and_then(|node| predicate::pattern(decoder, node, "`regex`"));
    let secret = fields.get("secret").and_then(|node| decoder.boolean(node, "`secret`")).unwrap_or_default();
    let from = match fields.get("json") {
        Some(path) => CaptureSource::Json(values::json_path(decoder, template::string(decoder, path, "`json`"))?),
        None => CaptureSource::Body,
    };
    Some(Capture { name: name.clone(), from, regex, secret })
}
