//! Whether what is reached from outside is what stands inside: the edge passes requests on.

use std::time::Duration;

use scenario::model::Service;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use verdict::evidence::Trouble;

use super::inside::log_lines;
use super::plan::Plan;
use super::ready::{TROUBLE_LOG_LINES, interrupted};
use super::standing::Standing;
use crate::stack::api::{Api, Way};
use crate::stack::applications::SIGNING_IN;

/// How long the edge may take to pass requests on, once it and what is behind it are ready.
const EDGE_WITHIN: Duration = Duration::from_secs(30);
/// How long one answer may take before it is asked for again.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// The shortest and the longest pause before it is asked again.
const PAUSE: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(250));
/// In between, a pause is this part of what was waited already, so that no answer comes much later than it could.
const PAUSE_PART: u32 = 50;

/// A service as it is reached from outside, by the edge, and what it answers there when it is healthy.
#[derive(Debug, Clone)]
pub(super) struct Passage {
    base: String,
    path: &'static str,
    /// The status of a healthy answer; `None` where any answer will do.
    expected: Option<u16>,
    way: Way,
}

/// What came back from a passage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Passed {
    /// What a healthy service answers.
    Healthy,
    /// The edge, or the service behind it, isn't there yet; in words.
    NotYet(String),
    /// Another answer than a healthy service gives; in words.
    Otherwise(String),
}

impl Passage {
    /// The passage to a service, by the health check that the service's makers offer; `None` where there is none from outside, or the edge's
    /// routes aren't as they should be.
    pub(super) fn to(service: &str, plan: &Plan) -> Option<Self> {
        let edge = Service::Edge.as_str();
        let (path, expected) = match super::plan::service_named(service)? {
            Service::Edge => ("/", None),
            Service::Forge => ("/api/healthz", Some(200)),
            Service::Ci => ("/healthz", Some(204)),
            // To the forge: without a session nothing else is open.
            Service::Chat => ("/login", Some(303)),
            Service::Staging => ("/", Some(200)),
            _ => return None,
        };
        let base = if service == edge {
            plan.site.origin.to_string()
        } else {
            plan.site.service_url(service).filter(|_| plan.edge_is_well())?
        };
        Some(Self { base, path, expected, way: plan.way() })
    }

    /// Asks once. Not before the edge's container was started: its port is open before its network is up, and the system, once it
    /// has looked for an address in vain, looks again only after a second.
    pub(super) async fn ask(&self) -> Passed {
        let Self { base, path, expected, way } = self;
        let api = Api { base, way, credentials: None };
        match timeout(ANSWER_WITHIN, api.get(path)).await {
            Err(_) => Passed::NotYet(format!("no answer within {} s", ANSWER_WITHIN.as_secs())),
            Ok(Err(why)) => Passed::NotYet(why),
            Ok(Ok(answer)) if expected.is_none_or(|status| answer.status == status) => Passed::Healthy,
            // Of a proxy: nobody, or nobody yet, is behind it (RFC 9110, sections 15.6.3 to 15.6.5).
            Ok(Ok(answer)) if matches!(answer.status, 502..=504) => {
                Passed::NotYet(format!("answered {}", answer.excerpt()))
            }
            Ok(Ok(answer)) => Passed::Otherwise(format!("answered {}", answer.excerpt())),
        }
    }
}

/// How long to wait before it is asked again, after this time of waiting.
pub(super) fn pause(waited: Duration) -> Duration {
    (waited / PAUSE_PART).clamp(PAUSE.0, PAUSE.1)
}

/// Waits until the edge, reached as a browser reaches it, passes a request on to the forge; where there is no
/// forge, or the routes aren't as they should be, until it answers at all.
pub(super) async fn wait_for_edge(standing: &Standing, plan: &Plan, stop: &CancellationToken) -> Result<(), Trouble> {
    let forge = Passage::to(Service::Forge.as_str(), plan);
    match forge.or_else(|| Passage::to(Service::Edge.as_str(), plan)) {
        Some(passage) => wait(standing, &passage, stop).await,
        None => Ok(()),
    }
}

/// Waits until the edge answers, whatever it says.
pub(super) async fn wait_for_an_answer(
    standing: &Standing,
    plan: &Plan,
    stop: &CancellationToken,
) -> Result<(), Trouble> {
    match Passage::to(Service::Edge.as_str(), plan) {
        Some(passage) => wait(standing, &passage, stop).await,
        None => Ok(()),
    }
}

/// Waits until the edge passes requests on to those who sign people in at the forge, where there are any and the routes are as they should
/// be.
pub(super) async fn wait_for_clients(
    standing: &Standing,
    plan: &Plan,
    stop: &CancellationToken,
) -> Result<(), Trouble> {
    for passage in SIGNING_IN.iter().filter_map(|service| Passage::to(service.as_str(), plan)) {
        wait(standing, &passage, stop).await?;
    }
    Ok(())
}

async fn wait(standing: &Standing, passage: &Passage, stop: &CancellationToken) -> Result<(), Trouble> {
    let begun = Instant::now();
    loop {
        let answer = tokio::select! {
            () = stop.cancelled() => return Err(interrupted("edge")),
            answer = passage.ask() => answer,
        };
        let found = match answer {
            Passed::Healthy => return Ok(()),
            Passed::NotYet(found) | Passed::Otherwise(found) => found,
        };
        if begun.elapsed() >= EDGE_WITHIN {
            let log = match standing.container("edge") {
                Some(container) => log_lines(&standing.docker, &container, TROUBLE_LOG_LINES).await,
                None => Vec::new(),
            };
            let (limit, Passage { base, path, .. }) = (EDGE_WITHIN.as_secs(), passage);
            let message = format!("the edge did not pass requests on within {limit} s: {base}{path}: {found}");
            return Err(Trouble { service: Some("edge".to_owned()), message, help: None, log });
        }
        tokio::time::sleep(pause(begun.elapsed())).await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// Answers one request with these bytes, and gives the passage to itself.
    async fn passage(answer: &'static str, expected: Option<u16>) -> Passage {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        });
        let base = format!("http://edge.test:{}/forge", address.port());
        Passage { base, path: "/api/healthz", expected, way: Way { address, tls: None } }
    }

    #[tokio::test]
    async fn an_answer_is_healthy_or_of_a_proxy_alone_or_says_nothing() {
        for (answer, expected, healthy, found) in [
            ("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", Some(200), true, ""),
            ("HTTP/1.1 204 No Content\r\n\r\n", Some(204), true, ""),
            ("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", None, true, ""),
            ("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n", Some(200), false, "answered 502 with no content"),
            ("", Some(200), false, ""),
        ] {
            match passage(answer, expected).await.ask().await {
                Passed::Healthy => assert!(healthy, "{answer}"),
                Passed::NotYet(text) => assert!(!healthy && text.contains(found), "{answer}: {text}"),
                Passed::Otherwise(text) => panic!("{answer}: {text}"),
            }
        }
        // Woodpecker's page for whatever it doesn't know.
        let page = passage("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi", Some(204)).await.ask().await;
        assert_eq!(page, Passed::Otherwise("answered 200 hi".to_owned()));
    }

    #[test]
    fn who_has_waited_little_asks_often() {
        let milliseconds = |waited| pause(Duration::from_millis(waited)).as_millis();
        assert_eq!([0, 400, 1000, 5000, 60_000].map(milliseconds), [10, 10, 20, 100, 250]);
    }
}
