//! A site that is well: what the features of the language are tried on. All paths are under `/j/`.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use crate::server::Request;

/// How long a request waits for others before the test counts as failed. Never waited for where all is well.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the site remembers.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// How often each counting path was asked for.
    counts: Mutex<BTreeMap<String, usize>>,
    /// How many requests have arrived at the barrier.
    arrived: Mutex<usize>,
    all_there: Condvar,
}

impl State {
    fn count(&self, path: &str) -> usize {
        let mut counts = self.counts.lock().unwrap();
        let count = counts.entry(path.to_owned()).or_default();
        *count += 1;
        *count
    }

    /// Waits until `number` requests are here at once; whether they came.
    fn meet(&self, number: usize) -> bool {
        let mut arrived = self.arrived.lock().unwrap();
        *arrived += 1;
        self.all_there.notify_all();
        let waited = self.all_there.wait_timeout_while(arrived, PATIENCE, |arrived| *arrived < number).unwrap();
        !waited.1.timed_out()
    }
}

const SHOP: &str = r#"<!doctype html><title>Shop</title><base href="/j/"><h1> Two
  apples </h1><ul><li class="item" data-id="7">Apple<li class="item" data-id="8">Pear</ul>
<a href="buy?code=a%20b">Buy</a><p>order R-2041, thank you</p>"#;

const DATA: &str = r#"{"name": "Ada", "age": 36, "admin": true, "nothing": null, "tags": ["a", "b"], "items": [{"id": 1}, {"id": 2}]}"#;

const FORMS: &str = r#"<!doctype html>
<form id="search" action="found?old=1"><input name="q"><input name="page" value="1" type="hidden"></form>
<form id="order" action="ordered" method="post">
  <input type="hidden" name="csrf" value="t&amp;k">
  <input name="name" value="nobody">
  <input type="checkbox" name="gift" value="yes"><input type="checkbox" name="news" value="no" checked>
  <select name="size"><option>S<option selected>M<option>L</select>
  <textarea name="note">none</textarea>
  <button name="go" value="now">Order</button>
</form>
<form id="upload" action="uploaded" method="post" enctype="multipart/form-data"><input name="title" value="x"></form>"#;

/// The answer to a request of a journey; `None` for other paths.
pub(crate) fn answer(request: &Request, state: &State) -> Option<String> {
    let path = request.path();
    // There is no CI behind this server: its address gets what any does that nobody thought of.
    if path == "/ci/" || path == "/edge-smoke-made-up/" {
        return Some(response(404, "Content-Type: text/plain\r\n", "no such service"));
    }
    let (name, rest) = path.strip_prefix("/j/").map(|path| path.split_once('/').unwrap_or((path, "")))?;
    Some(match name {
        // `/j/go/303/shop` redirects to `/j/shop` with a 303.
        "go" => {
            let (status, to) = rest.split_once('/')?;
            response(status.parse().ok()?, &format!("Location: /j/{to}\r\n"), "")
        }
        // Sends its visitors round to itself, twice.
        "again" if state.count(path) < 3 => response(302, &format!("Location: {path}\r\n"), ""),
        "shop" => {
            response(200, "Content-Type: text/HTML; charset=utf-8\r\nX-Stock: 12\r\nLink: </a>\r\nLink: </b>\r\n", SHOP)
        }
        "data" => response(200, "Content-Type: application/json\r\n", DATA),
        "forms" => html(FORMS),
        "text" => response(200, "Content-Type: text/plain\r\n", "order R-2041, thank you"),
        "cookies" => response(
            200,
            "Set-Cookie: plain=1\r\nSet-Cookie: full=v%201; Path=/j; Domain=edge.test; Max-Age=3600; HttpOnly; Secure; SameSite=Strict\r\n\
             Set-Cookie: lax=l; Path=/; SameSite=lax\r\nSet-Cookie: gone=1; Max-Age=0\r\n",
            "",
        ),
        "third" if state.count(path) < 3 => response(404, "Content-Type: text/plain\r\n", "not yet"),
        "third" => response(200, "Content-Type: text/plain\r\n", "ready"),
        "together" if state.meet(rest.parse().ok()?) => html("<p>together"),
        "together" => response(500, "", ""),
        _ => html("<h1>Hello</h1>"),
    })
}

fn html(content: &str) -> String {
    response(200, "Content-Type: text/html\r\n", content)
}

fn response(status: u16, fields: &str, content: &str) -> String {
    format!("HTTP/1.1 {status} Answer\r\nContent-Length: {}\r\n{fields}\r\n{content}", content.len())
}
