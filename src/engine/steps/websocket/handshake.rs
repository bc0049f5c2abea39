//! The handshake (RFC 6455, section 4.1).

use base64::Engine as _;
use bytes::Bytes;
use hyper::upgrade::Upgraded;
use scenario::Diagnostic;
use scenario::model::{Subject, WebSocket};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use verdict::evidence::FailureKind;

use crate::engine::content;
use crate::engine::expect::describe_hop;
use crate::engine::http::client::Received;
use crate::engine::http::{Address, Outgoing, cookies};
use crate::engine::problem::Problem;
use crate::engine::socket::SocketLog;
use crate::engine::steps::Acting;
use crate::engine::steps::request::basic;
use crate::engine::visitor::USER_AGENT;

/// Header fields, names as they are sent.
type Fields = Vec<(String, Vec<u8>)>;

/// Sends the handshake. `None` where it was refused and the step says what it expects of that.
pub(super) async fn open(socket: &WebSocket, acting: &mut Acting<'_>) -> Result<Option<Upgraded>, Problem> {
    let address = address(socket, acting)?;
    let headers = fields(socket, acting, &address)?;
    let sent = |name: &str| {
        let found = headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
    };
    let key = sent("sec-websocket-key");
    let offered = Offered {
        subprotocols: tokens(sent("sec-websocket-protocol").as_deref()),
        extensions: sent("sec-websocket-extensions").is_some(),
    };
    let request = Outgoing { method: "GET".to_owned(), address, headers, body: Bytes::new() };
    let switched = acting.switch(request).await?;
    let Some(received) = acting.visitor.page.as_ref().map(|page| page.response.clone()) else { return Ok(None) };
    let Some(switched) = switched else {
        let has_own_say = acting.planned.step.expect.iter().any(|one| matches!(one.subject, Subject::Status));
        return if has_own_say && socket.dialogue.is_empty() { Ok(None) } else { Err(refused(acting, &received)) };
    };
    match verify(&received, key.as_deref(), &offered) {
        Ok(subprotocol) => acting.visitor.socket = Some(SocketLog::new(subprotocol)),
        Err(wrong) => {
            let diagnostic = acting
                .diagnostic(acting.planned.step.span, wrong.message)
                .label(last_hop(acting))
                .expected(wrong.expected)
                .found(wrong.found)
                .help(wrong.help);
            return Err(Problem { kind: FailureKind::Protocol, diagnostic });
        }
    }
    Ok(Some(switched))
}

/// `ws` and `wss` stand for `http` and `https` (RFC 6455, section 3).
fn address(socket: &WebSocket, acting: &Acting<'_>) -> Result<Address, Problem> {
    let written = acting.render(&socket.target.value)?;
    let text = match written.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("ws") => format!("http://{rest}"),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("wss") => format!("https://{rest}"),
        _ => written,
    };
    let address = Address::parse(&text, acting.base).map_err(|error| {
        Problem::scenario(acting.diagnostic(socket.target.span, error.to_string()).help(
            "write a path that starts with `/`, or an address that starts with ws://, wss://, http://, https:// or a \
             service such as ${chat}",
        ))
    })?;
    Ok(address.with_query(&acting.render_pairs(&socket.query)?))
}

/// The fields that the step gives, and before them what a browser sends by itself.
fn fields(socket: &WebSocket, acting: &Acting<'_>, address: &Address) -> Result<Fields, Problem> {
    let mut given: Fields =
        acting.render_pairs(&socket.headers)?.into_iter().map(|(name, value)| (name, value.into_bytes())).collect();
    if let Some(credentials) = &socket.basic_auth {
        given.push(("Authorization".to_owned(), basic(credentials, acting)?.into_bytes()));
    }
    let mut subprotocols = Vec::new();
    for name in &socket.subprotocols {
        subprotocols.push(acting.render(&name.value)?);
    }
    // The page that opens it; where there is none yet, one of the same origin.
    let origin = acting.visitor.page.as_ref().map_or(&address.origin, |page| &page.address.origin);
    let own = [
        ("User-Agent", Some(USER_AGENT.to_owned())),
        ("Origin", Some(origin.to_string())),
        ("Cookie", acting.visitor.jar.header(address, cookies::now())),
        ("Connection", Some("Upgrade".to_owned())),
        ("Upgrade", Some("websocket".to_owned())),
        ("Sec-WebSocket-Version", Some("13".to_owned())),
        ("Sec-WebSocket-Key", Some(key(acting)?)),
        ("Sec-WebSocket-Protocol", (!subprotocols.is_empty()).then(|| subprotocols.join(", "))),
    ];
    let is_replaced = |name: &str| {
        given.iter().any(|(key, _)| key.eq_ignore_ascii_case(name))
            || socket.without.iter().any(|key| key.value.eq_ignore_ascii_case(name))
    };
    let mut fields: Fields = own
        .into_iter()
        .filter(|(name, _)| !is_replaced(name))
        .filter_map(|(name, value)| Some((name.to_owned(), value?.into_bytes())))
        .collect();
    fields.append(&mut given);
    Ok(fields)
}

/// 16 random bytes in base64.
fn key(acting: &Acting<'_>) -> Result<String, Problem> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|error| {
        let message = format!("the operating system gives no random bytes: {error}");
        Problem::scenario(acting.diagnostic(acting.planned.step.span, message))
    })?;
    Ok(base64::engine::general_purpose::STANDARD.encode(random))
}

/// What the handshake offers.
struct Offered {
    subprotocols: Vec<String>,
    extensions: bool,
}

/// What is wrong with an answer that switches protocols.
#[derive(Debug, PartialEq)]
struct Wrong {
    message: &'static str,
    expected: String,
    found: String,
    help: &'static str,
}

/// Checks a 101 as a browser does (RFC 6455, section 4.1). Gives the subprotocol that the server chose.
fn verify(received: &Received, key: Option<&str>, offered: &Offered) -> Result<Option<String>, Wrong> {
    let field = |name: &str| received.header(name);
    let shown = |name: &str| field(name).unwrap_or_else(|| "no such field".to_owned());
    let has =
        |name: &str, token: &str| tokens(field(name).as_deref()).iter().any(|found| found.eq_ignore_ascii_case(token));
    for (name, token) in [("upgrade", "websocket"), ("connection", "Upgrade")] {
        if !has(name, token) {
            let is_upgrade = name == "upgrade";
            return Err(Wrong {
                message: if is_upgrade {
                    "the 101 doesn't say that it switches to WebSocket"
                } else {
                    "the 101 doesn't say that the connection is upgraded"
                },
                expected: format!("{}: {token}", if is_upgrade { "Upgrade" } else { "Connection" }),
                found: shown(name),
                help: "every browser gives up here: something between the service and here takes the field away",
            });
        }
    }
    let expected = key.map(|key| derive_accept_key(key.as_bytes()));
    if expected.is_none() || field("sec-websocket-accept") != expected {
        return Err(Wrong {
            message: "Sec-WebSocket-Accept is not the answer to the key that was sent",
            expected: expected.unwrap_or_else(|| "a refusal, as no key was sent".to_owned()),
            found: shown("sec-websocket-accept"),
            help: "every browser gives up here: what answers doesn't speak WebSocket, or another answer came back",
        });
    }
    if !offered.extensions
        && let Some(found) = field("sec-websocket-extensions")
    {
        return Err(Wrong {
            message: "the server uses an extension that was not offered",
            expected: "no Sec-WebSocket-Extensions".to_owned(),
            found,
            help: "every browser gives up here: correct the server",
        });
    }
    match field("sec-websocket-protocol") {
        Some(chosen) if !offered.subprotocols.contains(&chosen) => Err(Wrong {
            message: "the server chose a subprotocol that was not offered",
            expected: match offered.subprotocols.as_slice() {
                [] => "none".to_owned(),
                names => names.join(", "),
            },
            found: chosen,
            help: "every browser gives up here: offer it under `subprotocols`, or correct the server",
        }),
        chosen => Ok(chosen),
    }
}

/// The elements of a comma-separated field.
fn tokens(field: Option<&str>) -> Vec<String> {
    let parts = field.unwrap_or_default().split(',').map(str::trim);
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn last_hop(acting: &Acting<'_>) -> String {
    acting.visitor.hops.last().map(describe_hop).unwrap_or_default()
}

/// There is no WebSocket, and the step wants one.
fn refused(acting: &Acting<'_>, received: &Received) -> Problem {
    let body = content::text(received).unwrap_or_default();
    let line: String = body.split_whitespace().collect::<Vec<_>>().join(" ");
    let content = match (received.body.len(), content::media_type(received)) {
        (0, _) => "with no content".to_owned(),
        (_, Some(kind)) if kind != "text/plain" => format!("with {kind}"),
        _ => format!("with `{}`", line.chars().take(80).collect::<String>()),
    };
    let location = received.header("location").map(|to| format!(" and Location: {to}")).unwrap_or_default();
    let diagnostic: Diagnostic = acting
        .diagnostic(acting.planned.step.span, "the handshake was refused: there is no WebSocket")
        .label(last_hop(acting))
        .expected("101 Switching Protocols")
        .found(format!("{}{location}, {content}", received.status))
        .help(advice(received));
    Problem { kind: FailureKind::Expectation, diagnostic }
}

/// What a refusal most often comes from.
fn advice(received: &Received) -> &'static str {
    match received.status {
        200 if received.body.is_empty() && received.header("content-type").is_none() => {
            "200 with no content and no Content-Type is what Caddy answers where no route matches"
        }
        200..=299 | 426 => {
            "that is an answer to a plain request: does the edge pass `Connection: Upgrade` and `Upgrade: websocket` on?"
        }
        300..=399 => "browsers follow no redirects here: correct the address, or sign in first",
        401 | 403 => {
            "the service lets nobody in like this: it looks at the session's cookie or at Origin; to expect it, leave \
             `dialogue` out and expect the status"
        }
        404 => "no route leads there, or the service has no WebSocket at this path",
        502..=504 => "the edge has no answer from the service: is it running, and does it stand where the route says?",
        _ => "to expect it, leave `dialogue` out and expect the status",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::http::client::Arrival;
    use std::time::Duration;

    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
    /// RFC 6455, section 1.3.
    const ACCEPT: (&str, &str) = ("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    const UPGRADE: (&str, &str) = ("upgrade", "WebSocket");
    const CONNECTION: (&str, &str) = ("connection", "keep-alive, upgrade");

    fn check(fields: &[(&str, &str)], offered: &[&str], key: Option<&str>) -> Result<Option<String>, &'static str> {
        let headers =
            fields.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect::<Vec<_>>();
        let received = Received {
            status: 101,
            headers,
            body: Bytes::new(),
            incomplete: None,
            length: 0,
            duration: Duration::ZERO,
            arrival: Arrival::default(),
        };
        let offered =
            Offered { subprotocols: offered.iter().map(|name| (*name).to_owned()).collect(), extensions: false };
        verify(&received, key, &offered).map_err(|wrong| wrong.message)
    }

    #[test]
    fn a_101_is_checked_as_a_browser_checks_it() {
        let key = Some(KEY);
        let chosen = ("sec-websocket-protocol", "b");
        assert_eq!(check(&[UPGRADE, CONNECTION, ACCEPT], &[], key), Ok(None));
        assert_eq!(check(&[UPGRADE, CONNECTION, ACCEPT], &["a"], key), Ok(None));
        assert_eq!(check(&[UPGRADE, CONNECTION, ACCEPT, chosen], &["a", "b"], key), Ok(Some("b".to_owned())));
        for (fields, key, message) in [
            (&[CONNECTION, ACCEPT][..], key, "the 101 doesn't say that it switches to WebSocket"),
            (&[("upgrade", "h2c"), CONNECTION, ACCEPT], key, "the 101 doesn't say that it switches to WebSocket"),
            (&[UPGRADE, ACCEPT], key, "the 101 doesn't say that the connection is upgraded"),
            (&[UPGRADE, CONNECTION], key, "Sec-WebSocket-Accept is not the answer to the key that was sent"),
            (
                &[UPGRADE, CONNECTION, ("sec-websocket-accept", KEY)],
                key,
                "Sec-WebSocket-Accept is not the answer to the key that was sent",
            ),
            (&[UPGRADE, CONNECTION, ACCEPT], None, "Sec-WebSocket-Accept is not the answer to the key that was sent"),
            (&[UPGRADE, CONNECTION, ACCEPT, chosen], key, "the server chose a subprotocol that was not offered"),
            (
                &[UPGRADE, CONNECTION, ACCEPT, ("sec-websocket-extensions", "permessage-deflate")],
                key,
                "the server uses an extension that was not offered",
            ),
        ] {
            assert_eq!(check(fields, &[], key), Err(message), "{fields:?}");
        }
    }
}
