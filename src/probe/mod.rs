//! Requests beside the journeys, after one of them failed: the same question in other ways, so that causes can be told
//! apart.
//!
//! - `questions`: what to ask, from the site and the journeys; pure
//! - `surface`: what the edge shows of itself, whether or not a journey failed
//! - `handshake`: a WebSocket past the edge, and how long it lives
//!
//! Nothing here signs in or changes anything: all requests are `GET`s without cookies. The only credentials that are sent are
//! those that a journey sent to the same service, where they were refused.

mod handshake;
mod questions;
mod surface;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use scenario::Redactor;
use scenario::model::Service;
use verdict::evidence::{Journey, Probe, StackKind, Way};

use crate::engine::http::client::Reading;
use crate::engine::http::target::Origin;
use crate::engine::http::{Address, Client, Connector, HttpError, Jar, Outgoing, cookies};
use crate::engine::refused::Refused;
use crate::engine::trace;
use crate::engine::visitor::{Hop, USER_AGENT};
use crate::stack::{Direct, Site, Stack};
use questions::Question;
pub use surface::{admin, kept_secrets, logged};

/// The longest that an answer is waited for.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);
/// The longest that all of them may take; what hasn't come by then is left out.
const ALL_WITHIN: Duration = Duration::from_secs(8);
/// How many are asked at once.
const AT_ONCE: usize = 16;
/// How much of an answer is read, in bytes: what identifies a service stands at the beginning.
const READ: usize = 64 * 1024;

/// Asks what the failures of these journeys leave open.
pub async fn probe(
    stack: &dyn Stack,
    journeys: &[Journey],
    refused: &[Refused],
    connector: &Connector,
    redactor: &Redactor,
) -> Vec<Probe> {
    let site = stack.site();
    let mut direct = BTreeMap::new();
    if stack.facts().kind != StackKind::External {
        for service in site.services.keys().filter(|service| **service != Service::Edge) {
            direct.extend(stack.direct(*service).await.map(|way| (*service, way)));
        }
    }
    let urls: Vec<&str> = refused.iter().map(|refused| refused.url.as_str()).collect();
    let questions = questions::questions(site, journeys, &urls);
    let asking = &Asking { site, direct, refused, connector, redactor };
    let mut answers: Vec<(usize, Probe)> = stream::iter(questions.into_iter().enumerate())
        .map(|(index, question)| async move { asking.ask(question).await.map(|probe| (index, probe)) })
        .buffer_unordered(AT_ONCE)
        .filter_map(std::future::ready)
        .take_until(tokio::time::sleep(ALL_WITHIN))
        .collect()
        .await;
    answers.sort_by_key(|(index, _)| *index);
    answers.into_iter().map(|(_, probe)| probe).collect()
}

struct Asking<'a> {
    site: &'a Site,
    direct: BTreeMap<Service, Direct>,
    refused: &'a [Refused],
    connector: &'a Connector,
    redactor: &'a Redactor,
}

impl Asking<'_> {
    /// The answer; `None` where there is no such way to the service.
    async fn ask(&self, question: Question) -> Option<Probe> {
        let base = Origin::parse(&self.site.base_url).ok()?;
        let (address, connector, mut headers) = match question.way {
            Way::Edge => (Address::parse(&question.url, &base).ok()?, self.connector.clone(), Vec::new()),
            Way::Direct => {
                let direct = self.direct.get(&question.service)?;
                let origin = Origin::parse(&format!("http://{}", direct.authority)).ok()?;
                let connector = Connector::new(vec![(origin.host.clone(), direct.ip)], None).ok()?;
                let public = Origin::parse(&origin_of(self.site.services.get(&question.service)?)).ok()?;
                (Address::parse(&question.url, &origin).ok()?, connector, as_the_edge_says(&public))
            }
        };
        headers.push(field("User-Agent", USER_AGENT));
        headers.extend(question.accept.map(|accept| field("Accept", accept)));
        let credentials = question.credentials.and_then(|place| self.refused.get(place));
        headers.extend(credentials.map(|refused| field("Authorization", refused.authorization.expose())));
        let mut request = Outgoing { method: "GET".to_owned(), address, headers, body: Bytes::new() };
        let mut client = Client::new(connector);
        let mut websocket = None;
        let result = match question.holds_for {
            None => {
                within(client.send_reading(&request, &|_| Reading { keep: READ, read: READ, is_whole: false })).await
            }
            Some(time) => {
                let origin = Origin::parse(&origin_of(self.site.services.get(&question.service)?)).ok()?;
                request.headers.extend(handshake::fields(&origin)?);
                match within(client.switch(&request)).await {
                    Ok((received, switched)) => {
                        if let Some(switched) = switched {
                            websocket = Some(handshake::watch(switched, time, self.redactor).await);
                        }
                        Ok(received)
                    }
                    Err(error) => Err(error),
                }
            }
        };
        // Not every engine's containers can be reached from here; that says nothing of the service.
        if question.way == Way::Direct && matches!(result, Err(HttpError::Timeout { .. })) {
            return None;
        }
        let (response, error) = match result {
            Ok(response) => (Some(response), None),
            Err(error) => (None, Some(error)),
        };
        let fields = response.iter().flat_map(|response| &response.headers).filter(|(name, _)| name == "set-cookie");
        // A browser without cookies: what it would refuse it refuses.
        let mut jar = Jar::default();
        let set_cookies = fields.map(|(_, value)| jar.store(value, &request.address, cookies::now())).collect();
        let hop = Hop { request, streamed: None, response, set_cookies, error };
        let exchange = trace::exchange(&hop, self.redactor);
        Some(Probe {
            service: question.service.to_string(),
            way: question.way,
            asks: question.asks,
            exchange,
            websocket,
        })
    }
}

async fn within<T>(answer: impl Future<Output = Result<T, HttpError>>) -> Result<T, HttpError> {
    tokio::time::timeout(ANSWER_WITHIN, answer).await.unwrap_or(Err(HttpError::Timeout { after: ANSWER_WITHIN }))
}

/// What the edge passes on of a browser's request: without it a service would answer another question.
fn as_the_edge_says(public: &Origin) -> Vec<(String, Vec<u8>)> {
    vec![
        field("Host", &public.authority()),
        field("X-Forwarded-For", "127.0.0.1"),
        field("X-Forwarded-Proto", public.scheme.as_str()),
        field("X-Forwarded-Host", &public.authority()),
    ]
}

fn field(name: &str, value: &str) -> (String, Vec<u8>) {
    (name.to_owned(), value.as_bytes().to_vec())
}

/// The origin of a service's public URL.
fn origin_of(url: &str) -> String {
    let authority_starts = url.find("://").map_or(0, |at| at + 3);
    let path = url[authority_starts..].find('/').map_or(url.len(), |at| authority_starts + at);
    url[..path].to_owned()
}
