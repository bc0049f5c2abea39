//! What is slow only the first time, done before the first journey: while a stack comes up there is time for it.
//!
//! The first page that a thread reads costs it about half as much again as the second, for its memory has yet to be had from the
//! system, page by page; and the code of the parser, of selectors and of the client has yet to be read in. On a stack in
//! containers that is as much as everything else that the harness does in a short journey. So a journey like any other is walked,
//! on a page the size of a forge's that is served from here, before anybody waits for one.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use scenario::model::{Mode, StackKind};
use scenario::{Redactor, Source};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use verdict::evidence::Outcome;

use super::events::Nobody;
use super::http::connect::Connector;
use super::http::target::{Origin, Scheme};
use super::journey::{self, Surroundings};
use super::plan::Plan;
use super::refused::AllRefused;
use super::variables::Variables;

/// The longest that it may take: nobody waits for it, and nobody is to be kept from ending.
const WITHIN: Duration = Duration::from_secs(1);
/// What most journeys do.
const SCENARIO: &str = r#"
name: Warm-up
vars: { token: warm-up-warm-up }
steps:
  - get: ${inside}?code=warm-up-warm-up&state=warm-up-warm-up
    follow: true
    expect:
      status: 200
      content_type: text/html
      hops: { at_least: 1 }
      every_hop: { under: "${inside}" }
      no_loop: true
      url: { starts_with: "http" }
      cookie: { warm: { http_only: true, same_site: Lax } }
      css:
        form[action$="/inside"].form input[name=user_name]: exists
        "form > a ~ b": absent
    capture:
      csrf: { css: "input[name=_csrf]", attribute: value, secret: true }
  - submit: "nav:first-child + form"
    with: { user_name: "${token}" }
    follow: true
    expect: { status: 200, every_hop: { under: "${inside}" } }
  - when: { css: .item }
    get: ${inside}/
    expect:
      status: 200
      css: { "nav:first-child + form input#name": { attribute: { class: name } } }
"#;
/// How often the page has its part: with forty it is as large as the largest page of a forge, and a bit more.
const PARTS: usize = 40;
/// What a page of a forge consists of.
const PART: &str = r#"<nav class="menu"><ul><li><a class="item" href="/some/where?a=1&amp;b=2">An item &copy;</a><li>
<svg viewBox="0 0 16 16" class="svg" width="16" height="16" aria-hidden="true"><path d="M8 0a8 8 0 1 1 0 16A8 8 0 0 1 8 0"/></svg></ul></nav>
<form class="form" method="post" action="/inside"><input type="hidden" name="_csrf" value="1"><label for="name">Name
<input id="name" class="name" name="user_name" required></label><select name=choice><option value=1 selected>1<option>2</select><textarea name=text>x</textarea>
<button class="ui button">go</button></form><table><tr><td>1<td>2</table><p>one<p>two<br><b>bold</b>"#;

/// Walks a journey, and leaves the memory that this took to this thread. Run it once for each thread that journeys may
/// run on. Whatever fails here a journey will meet again, and say so.
pub async fn warm_up() {
    let _ = tokio::time::timeout(WITHIN, walk()).await;
}

/// Gives how the journey ended.
async fn walk() -> Option<Outcome> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.ok()?;
    let port = listener.local_addr().ok()?.port();
    let mut variables = Variables::default();
    variables.capture("inside", format!("http://127.0.0.1:{port}/inside"));
    let scenario = scenario::parse(&Source::new("warm-up", SCENARIO)).ok()?;
    let plan = Plan::new(Arc::new(scenario), &|_, _| Err(Vec::new())).ok()?;
    let surroundings = Surroundings {
        connector: Connector::new(Vec::new(), None).ok()?,
        base: Origin { scheme: Scheme::Http, host: Ipv4Addr::LOCALHOST.to_string(), port },
        mode: Mode::Subpath,
        kind: StackKind::Embedded,
        services: Vec::new(),
        arrivals: Default::default(),
        consents: Default::default(),
        allow_writes: false,
        timeout: WITHIN,
        variables,
        secrets: Mutex::new(Redactor::new()),
        refused: AllRefused::default(),
        sink: Arc::new(Nobody),
    };
    let journey = tokio::select! {
        (journey, _) = journey::run(0, &plan, &surroundings) => journey,
        () = serve(&listener) => return None,
    };
    let outcome = journey.outcome;
    // Kept for good, and above what the pages took: or else that would go back to the system with them.
    std::mem::forget(journey);
    Some(outcome)
}

/// Answers requests, one connection after the other, until nobody comes any more.
async fn serve(listener: &TcpListener) {
    let page = format!("<!DOCTYPE html><html lang=en><title>Warm-up</title><body>{}", PART.repeat(PARTS));
    while let Ok((stream, _)) = listener.accept().await {
        answer(stream, &page).await;
    }
}

/// Answers the requests of a connection: `/inside/` with the page, everything else with the way there. Requests this short
/// come in one piece.
async fn answer(mut stream: TcpStream, page: &str) -> Option<()> {
    let mut request = [0; 1024];
    loop {
        let length = stream.read(&mut request).await.ok().filter(|length| *length > 0)?;
        let (start, content) = match request[..length].starts_with(b"GET /inside/") {
            true => ("200 OK\r\ncontent-type: text/html; charset=utf-8", page),
            false => ("302 Found\r\nlocation: /inside/", ""),
        };
        let head = format!(
            "HTTP/1.1 {start}\r\nset-cookie: warm=up; Path=/; HttpOnly; SameSite=Lax\r\ncontent-length: {}\r\n\r\n",
            content.len()
        );
        stream.write_all(head.as_bytes()).await.ok()?;
        stream.write_all(content.as_bytes()).await.ok()?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn all_of_it_is_done() {
        assert_eq!(walk().await, Some(Outcome::Passed));
    }
}
