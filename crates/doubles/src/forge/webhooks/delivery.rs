//! Sending webhooks, and noting what became of it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, header};
use ring::hmac;
use serde_json::Value;
use serve::Log;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};

use super::AllowList;
use super::events::Event;
use super::hook::{Delivery, Hook};
use crate::forge::settings::Flavour;
use crate::forge::stores::Stores;
use crate::forge::{State, clock};
use crate::outbound::Outbound;
use crate::random;

/// How many deliveries may wait. Beyond that new ones are dropped, and the log says so.
const QUEUE: usize = 1000;
/// How many go out at once.
const AT_ONCE: usize = 20;
/// The most of an answer that is kept, in characters.
const KEPT: usize = 1000;

/// One event for one webhook.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) repository: u64,
    pub(crate) hook: Hook,
    pub(crate) event: Event,
}

/// What has to be known besides, as it was when the event happened.
struct Letter {
    order: Order,
    flavour: Flavour,
    allowed: AllowList,
    timeout: Duration,
    outbound: Outbound,
    stores: Arc<Stores>,
    log: Log,
}

/// What goes out. Dropping it drops what waits, and what is under way.
#[derive(Debug)]
pub(crate) struct Deliveries {
    queue: mpsc::Sender<Letter>,
    worker: JoinHandle<()>,
    outbound: Mutex<Outbound>,
}

impl std::fmt::Debug for Letter {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Letter").field("order", &self.order).finish_non_exhaustive()
    }
}

impl Drop for Deliveries {
    fn drop(&mut self) {
        self.worker.abort();
    }
}

impl Deliveries {
    /// Starts sending.
    pub(crate) fn start(outbound: Outbound) -> Self {
        let (queue, letters) = mpsc::channel(QUEUE);
        Self { queue, worker: tokio::spawn(work(letters)), outbound: Mutex::new(outbound) }
    }

    /// Goes other ways from now on.
    pub(crate) fn set_outbound(&self, outbound: Outbound) {
        *self.outbound.lock().unwrap_or_else(PoisonError::into_inner) = outbound;
    }

    /// Sends an event to one webhook, sometime. False where too much waits already.
    pub(crate) fn send(&self, forge: &State, order: Order) -> bool {
        let letter = Letter {
            order,
            flavour: forge.settings.flavour,
            allowed: forge.settings.allowed_hosts.clone(),
            timeout: forge.settings.deliver_timeout,
            outbound: self.outbound.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            stores: forge.stores.clone(),
            log: forge.log.clone(),
        };
        self.queue.try_send(letter).is_ok()
    }
}

async fn work(mut letters: mpsc::Receiver<Letter>) {
    let mut under_way = JoinSet::new();
    while let Some(letter) = letters.recv().await {
        while under_way.len() >= AT_ONCE {
            under_way.join_next().await;
        }
        while under_way.try_join_next().is_some() {}
        under_way.spawn(deliver(letter));
    }
    while under_way.join_next().await.is_some() {}
}

async fn deliver(letter: Letter) {
    let Ok(id) = random::uuid() else { return };
    let url = letter.order.hook.url.clone();
    let outcome = match request(&letter, &id) {
        Ok(request) => {
            let allowed = |host: &str, address| letter.allowed.check(host, address);
            letter.outbound.send_where(request, letter.timeout, allowed).await
        }
        Err(why) => Err(why),
    };
    let (status, answer) = match outcome {
        Ok(answer) => (Some(answer.status().as_u16()), String::from_utf8_lossy(answer.body()).into_owned()),
        Err(why) => {
            // Without the query of its URL, which the real ones write down as well.
            letter.log.line(format!("Unable to deliver webhook task: {why}"));
            (None, format!("Delivery: {why}"))
        }
    };
    let delivery = Delivery {
        id,
        event: letter.order.event.kind.to_owned(),
        url: url.split('?').next().unwrap_or_default().to_owned(),
        status,
        answer: answer.chars().take(KEPT).collect(),
        time: clock::now(),
    };
    letter.stores.records.with(letter.order.repository, |record| {
        if let Some(hook) = record.hooks.iter_mut().find(|hook| hook.id == letter.order.hook.id) {
            hook.note(delivery);
        }
    });
}

/// The request that tells a webhook of an event: the fields of all the forges that Forgejo descends from, and GitHub's.
fn request(letter: &Letter, id: &str) -> Result<Request<Bytes>, String> {
    let Order { hook, event, .. } = &letter.order;
    let json = indented(&event.payload);
    let (kind, content) = if hook.form {
        let form = url::form_urlencoded::Serializer::new(String::new()).append_pair("payload", &json).finish();
        ("application/x-www-form-urlencoded", form)
    } else {
        ("application/json", json.clone())
    };
    let mut request = Request::builder().method(hook.method.as_str()).uri(&hook.url).header(header::CONTENT_TYPE, kind);
    // The signature is of the JSON, also where a form carries it.
    let sign = |algorithm| {
        if hook.secret.is_empty() {
            return String::new();
        }
        let key = hmac::Key::new(algorithm, hook.secret.as_bytes());
        random::hexadecimal(hmac::sign(&key, json.as_bytes()).as_ref())
    };
    let sha256 = sign(hmac::HMAC_SHA256);
    let mut forges = vec!["Gitea", "Gogs"];
    if letter.flavour == Flavour::Forgejo {
        forges.insert(0, "Forgejo");
    }
    for forge in &forges {
        request = request.header(format!("X-{forge}-Signature"), &sha256);
    }
    forges.push("GitHub");
    for forge in &forges {
        request = request
            .header(format!("X-{forge}-Delivery"), id)
            .header(format!("X-{forge}-Event"), event.name)
            .header(format!("X-{forge}-Event-Type"), event.kind);
    }
    request = request
        .header("X-Hub-Signature", format!("sha1={}", sign(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY)))
        .header("X-Hub-Signature-256", format!("sha256={sha256}"))
        .header(header::USER_AGENT, "Go-http-client/1.1");
    if !hook.authorization.is_empty() {
        let mut value = HeaderValue::from_str(&hook.authorization).map_err(|error| error.to_string())?;
        value.set_sensitive(true);
        request = request.header(header::AUTHORIZATION, value);
    }
    let content = if hook.method == "GET" { Bytes::new() } else { Bytes::from(content) };
    request.body(content).map_err(|error| format!("the request can't be made: {error}"))
}

/// With two spaces a level.
fn indented(value: &Value) -> String {
    format!("{value:#}")
}
