//! What the edge shows of itself to its neighbours on the network, and keeps of others in its log. Looked at after each walk of
//! a stack of ours: such a hole breaks no journey.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use scenario::Redactor;
use scenario::model::Service;
use scenario::secret::mask_parameters;
use verdict::evidence::{Probe, ServiceLog, Way};

use crate::engine::http::client::Reading;
use crate::engine::http::target::Origin;
use crate::engine::http::{Address, Client, Connector, Outgoing};
use crate::engine::trace;
use crate::engine::visitor::{Hop, USER_AGENT};
use crate::stack::{Direct, Stack};

/// The longest that an answer is waited for.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// How much of an answer is read, in bytes: a configuration has to be whole to be known as one.
const READ: usize = 1024 * 1024;
/// How many lines of the log are searched.
const SEARCHED: usize = 2000;
/// How many lines with a secret in them are kept.
const KEPT: usize = 10;
/// How much is kept of a line, in characters.
const LINE: usize = 1000;

/// Whether neighbours of the edge are given its configuration, at each port where it takes their connections.
pub async fn admin(stack: &dyn Stack, redactor: &Redactor) -> Vec<Probe> {
    let doors = stack.other_ports(Service::Edge).await;
    join_all(doors.iter().map(|door| ask(door, redactor))).await.into_iter().flatten().collect()
}

async fn ask(door: &Direct, redactor: &Redactor) -> Option<Probe> {
    let origin = Origin::parse(&format!("http://{}", door.authority)).ok()?;
    let connector = Connector::new(vec![(origin.host.clone(), door.ip)], None).ok()?;
    let address = Address::parse("/config/", &origin).ok()?;
    let headers = vec![("User-Agent".to_owned(), USER_AGENT.as_bytes().to_vec())];
    let request = Outgoing { method: "GET".to_owned(), address, headers, body: Bytes::new() };
    let mut client = Client::new(connector);
    let answer = client.send_reading(&request, &|_| Reading { keep: READ, read: READ, is_whole: false });
    // Who says nothing gives nothing away.
    let response = tokio::time::timeout(ANSWER_WITHIN, answer).await.ok()?.ok()?;
    let hop = Hop { request, streamed: None, response: Some(response), set_cookies: Vec::new(), error: None };
    Some(Probe {
        service: Service::Edge.to_string(),
        way: Way::Direct,
        asks: "whether a neighbour is given the edge's configuration".to_owned(),
        exchange: trace::exchange(&hop, redactor),
        websocket: None,
    })
}

/// What the edge has logged by now: the log of an edge that was changed goes on where it was.
pub async fn logged(stack: &dyn Stack) -> BTreeSet<String> {
    stack.logs(Service::Edge, SEARCHED).await.into_iter().collect()
}

/// The last lines of the edge's log, of those that weren't there `before`, in which the value of a secret stood; it is hidden
/// here.
pub async fn kept_secrets(stack: &dyn Stack, before: &BTreeSet<String>, redactor: &Redactor) -> Option<ServiceLog> {
    let lines = stack.logs(Service::Edge, SEARCHED).await;
    let new = lines.iter().filter(|line| !before.contains(*line));
    let mut found: Vec<String> = new.filter_map(|line| with_a_secret(line, redactor)).collect();
    found.drain(..found.len().saturating_sub(KEPT));
    (!found.is_empty()).then(|| ServiceLog { service: Service::Edge.to_string(), lines: found })
}

/// The line without the values of its secrets, where it has any in a query.
fn with_a_secret(line: &str, redactor: &Redactor) -> Option<String> {
    let known = redactor.redact(line);
    let shown = mask_parameters(&known);
    let is_hidden = |text: &str| text.matches("=***").count();
    (is_hidden(&shown) > is_hidden(line)).then(|| shown.chars().take(LINE).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_with_secrets_are_found_and_shown_without_them() {
        let redactor = Redactor::new();
        let shown = |line: &str| with_a_secret(line, &redactor);
        assert_eq!(
            shown(r#"{"logger":"http.log.access","request":{"uri":"/ci/api/hook?access_token=eyJhbGciOi"}}"#)
                .as_deref(),
            Some(r#"{"logger":"http.log.access","request":{"uri":"/ci/api/hook?access_token=***"}}"#)
        );
        assert_eq!(shown("GET /ci/api/hook 200"), None);
        assert_eq!(shown("GET /x?access_token=*** 200"), None, "somebody hid it before");
        let long = format!("GET /x?access_token=abcdefgh {}", "x".repeat(10_000));
        assert_eq!(shown(&long).map(|line| line.chars().count()), Some(LINE));
    }
}
