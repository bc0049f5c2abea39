//! What is slow only the first time, done before the first journey: while a stack comes up there is time for it.
//!
//! The first page that a thread reads costs it about half as much again as the second, for its memory has yet to be had from the
//! system, page by page; and the code of the parser, of selectors and of the client has yet to be read in. On a stack in
//! containers that is as much as everything else that the harness does in a short journey. So a page the size of a forge's is
//! fetched, from here, and looked at, before anybody waits for it.

use std::time::Duration;

use bytes::Bytes;
use scenario::Redactor;
use scenario::secret::mask_parameters;
use scraper::Selector;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::content;
use super::http::Connector;
use super::http::Outgoing;
use super::http::target::{Address, Origin, Scheme};
use super::page::Page;
use super::trace;
use super::visitor::Visitor;

/// The longest that it may take: nobody waits for it, and nobody is to be kept from ending.
const WITHIN: Duration = Duration::from_secs(1);
/// How often the page has its part: with forty it is as large as the largest page of a forge, and a bit more.
const PARTS: usize = 40;
/// What a page of a forge consists of.
const PART: &str = r#"<nav class="menu"><ul><li><a class="item" href="/some/where?a=1&amp;b=2">An item &copy;</a><li>
<svg viewBox="0 0 16 16" class="svg" width="16" height="16" aria-hidden="true"><path d="M8 0a8 8 0 1 1 0 16A8 8 0 0 1 8 0"/></svg></ul></nav>
<form class="form" method="post" action="/user/login"><input type="hidden" name="_csrf" value="1"><label for="name">Name
<input id="name" name="user_name" required></label><select name=choice><option value=1 selected>1<option>2</select><textarea name=text>x</textarea>
<button class="ui button">go</button></form><table><tr><td>1<td>2</table><p>one<p>two<br><b>bold</b>"#;

/// Does what a journey does with one page, and leaves the memory that this took to this thread. Run it once for each thread that journeys may
/// run on. Whatever fails here a journey will meet again, and say so.
pub async fn warm_up() {
    let _ = tokio::time::timeout(WITHIN, visit()).await;
}

/// Gives how many forms the page has.
async fn visit() -> Option<usize> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.ok()?;
    let origin =
        Origin { scheme: Scheme::Http, host: "127.0.0.1".to_owned(), port: listener.local_addr().ok()?.port() };
    let address = Address::parse("/", &origin).ok()?;
    let mut visitor = Visitor::new(Connector::new(Vec::new(), None).ok()?);
    let request =
        Outgoing { method: "GET".to_owned(), address: address.clone(), headers: Vec::new(), body: Bytes::new() };
    let (_, visited) = tokio::join!(serve(&listener), visitor.navigate(request, None));
    visited.ok()?;
    // A token, so that the patterns for such are there.
    let redactor = Redactor::new();
    mask_parameters("?code=warm-up&state=warm-up");
    let exchanges: Vec<_> = visitor.hops.iter().map(|hop| trace::exchange(hop, &redactor)).collect();
    let selector = Selector::parse(r#"form[action$="/user/login"].form, form > a ~ b"#).ok()?;
    // As a journey has, for a moment, the page that it was on and the one that it comes to.
    let page = visitor.page.take()?;
    let before = Page::new(address, page.response.clone());
    let forms = |page: &Page| page.look(|document| content::elements(document, &selector, None).len()).ok();
    let found = (forms(&before)?, forms(&page)?);
    // Kept for good, and above what the pages took: or else that would go back to the system with them.
    std::mem::forget(exchanges);
    (found.0 == found.1).then_some(found.0)
}

/// Answers one request with the page.
async fn serve(listener: &TcpListener) -> Option<()> {
    let page = format!("<!DOCTYPE html><html lang=en><title>Warm-up</title><body>{}", PART.repeat(PARTS));
    let (mut stream, _) = listener.accept().await.ok()?;
    // A request this short comes at once; were it in two pieces, its rest would wait unread.
    if stream.read(&mut [0; 1024]).await.ok()? == 0 {
        return None;
    }
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=utf-8\r\nset-cookie: warm=up; Path=/; HttpOnly; SameSite=Lax\r\n\
         content-length: {}\r\n\r\n",
        page.len()
    );
    stream.write_all(head.as_bytes()).await.ok()?;
    stream.write_all(page.as_bytes()).await.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn all_of_it_is_done() {
        assert_eq!(visit().await, Some(PARTS));
    }
}
