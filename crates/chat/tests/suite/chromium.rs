//! A Chromium, driven by the DevTools protocol over its WebSocket.

use std::collections::HashMap;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::tungstenite::Message;

use crate::skipping::skipped;

/// How long the browser may take for anything.
const PATIENCE: Duration = Duration::from_secs(30);

/// The Chromium on the path. Without one the test says so and is skipped, unless `EDGE_SMOKE_REQUIRE` names `chromium`.
pub(crate) fn program() -> Option<&'static str> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there = |name: &&str| std::env::split_paths(&path).any(|folder| folder.join(name).is_file());
    let found = names.into_iter().find(is_there);
    if found.is_none() {
        skipped("chromium", "no chromium on the PATH");
    }
    found
}

/// Containers come and go beside these tests, with their network interfaces; Chromium gives up what is under way then.
const INTERRUPTED: &str = "net::ERR_NETWORK_CHANGED";

/// A running browser. Dropping it ends it.
pub(crate) struct Chromium {
    _process: Child,
    _profile: tempfile::TempDir,
    wire: Wire,
}

#[derive(Clone)]
struct Wire {
    orders: mpsc::UnboundedSender<(Value, oneshot::Sender<Value>)>,
    events: Arc<Mutex<Vec<Value>>>,
}

impl Wire {
    async fn call(&self, session: Option<&str>, method: &str, params: Value) -> Value {
        let mut order = json!({ "method": method, "params": params });
        if let Some(session) = session {
            order["sessionId"] = session.into();
        }
        let (answer, answered) = oneshot::channel();
        self.orders.send((order, answer)).expect("the browser is gone");
        let answer =
            tokio::time::timeout(PATIENCE, answered).await.expect("the browser is stuck").expect("the browser is gone");
        assert!(answer.get("error").is_none(), "{method}: {}", answer["error"]);
        answer["result"].clone()
    }
}

impl Chromium {
    /// Starts a browser for which every name below `.test` is this machine.
    pub(crate) async fn start(program: &str) -> Self {
        let profile = tempfile::tempdir().unwrap();
        let mut process = Command::new(program)
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--hide-scrollbars",
            ])
            .args([
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--disable-dev-shm-usage",
            ])
            .args(["--host-resolver-rules=MAP *.test 127.0.0.1", "--remote-debugging-port=0", "about:blank"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let address = loop {
            let line = lines.next_line().await.unwrap().expect("Chromium ended at once");
            if let Some((_, address)) = line.split_once("DevTools listening on ") {
                break address.to_owned();
            }
        };
        // What it says later has to go somewhere.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self { _process: process, _profile: profile, wire: wire(&address).await }
    }

    /// A window of its own, with cookies of its own.
    pub(crate) async fn page(&self) -> Page {
        let context = self.wire.call(None, "Target.createBrowserContext", json!({})).await["browserContextId"].clone();
        Page::open_in(&self.wire, context).await
    }
}

impl Page {
    /// Another window with the same cookies.
    pub(crate) async fn beside(&self) -> Self {
        Self::open_in(&self.wire, self.context.clone()).await
    }

    async fn open_in(wire: &Wire, context: Value) -> Self {
        let target = json!({ "url": "about:blank", "browserContextId": context.clone() });
        let target = wire.call(None, "Target.createTarget", target).await["targetId"].clone();
        let attach = json!({ "targetId": target, "flatten": true });
        let session = wire.call(None, "Target.attachToTarget", attach).await["sessionId"].as_str().unwrap().to_owned();
        let page = Self { wire: wire.clone(), session, context };
        for domain in ["Page", "Runtime", "Log", "Network"] {
            page.call(&format!("{domain}.enable"), json!({})).await;
        }
        page
    }
}

async fn wire(address: &str) -> Wire {
    let host = address.trim_start_matches("ws://").split('/').next().unwrap();
    let stream = TcpStream::connect(host).await.unwrap();
    let (mut socket, _) = tokio_tungstenite::client_async(address, stream).await.unwrap();
    let (orders, mut ordered) = mpsc::unbounded_channel::<(Value, oneshot::Sender<Value>)>();
    let events = Arc::new(Mutex::new(Vec::new()));
    let noted = events.clone();
    tokio::spawn(async move {
        let (mut number, mut waiting) = (0u64, HashMap::new());
        loop {
            tokio::select! {
                order = ordered.recv() => {
                    let Some((mut order, answer)) = order else { return };
                    number += 1;
                    order["id"] = number.into();
                    waiting.insert(number, answer);
                    if socket.send(Message::text(order.to_string())).await.is_err() { return }
                }
                message = socket.next() => {
                    let Some(Ok(message)) = message else { return };
                    let Ok(value) = serde_json::from_slice::<Value>(&message.into_data()) else { continue };
                    match value["id"].as_u64().and_then(|id| waiting.remove(&id)) {
                        Some(answer) => drop(answer.send(value)),
                        None => noted.lock().unwrap().push(value),
                    }
                }
            }
        }
    });
    Wire { orders, events }
}

/// A window.
pub(crate) struct Page {
    wire: Wire,
    session: String,
    context: Value,
}

impl Page {
    pub(crate) async fn call(&self, method: &str, params: Value) -> Value {
        self.wire.call(Some(&self.session), method, params).await
    }

    pub(crate) async fn open(&self, address: &str) {
        for _ in 0..20 {
            let before = self.interruptions();
            let answer = self.call("Page.navigate", json!({ "url": address })).await;
            if let Some(error) = answer.get("errorText") {
                assert_eq!(error, INTERRUPTED, "{address}: {answer}");
                continue;
            }
            // A script that didn't come is not asked for again by the page.
            self.until("document.readyState === 'complete'").await;
            if self.interruptions() == before {
                return;
            }
        }
        panic!("{address}: {INTERRUPTED}, again and again");
    }

    /// What an expression comes to; a promise is waited for.
    pub(crate) async fn evaluate(&self, expression: &str) -> Value {
        let params = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let answer = self.call("Runtime.evaluate", params).await;
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {}", answer["exceptionDetails"]);
        answer["result"]["value"].clone()
    }

    /// Waits until an expression is true.
    pub(crate) async fn until(&self, expression: &str) {
        let start = std::time::Instant::now();
        loop {
            // While a page goes to another there is nothing to evaluate in.
            let params = json!({ "expression": format!("Boolean({expression})"), "returnByValue": true });
            let answer = self.call("Runtime.evaluate", params).await;
            if answer["result"]["value"] == true {
                return;
            }
            if start.elapsed() > PATIENCE {
                let text = self.evaluate("location.href + '\\n' + document.body.innerText").await;
                panic!("never true: {expression}\n{}\n{:?}", text.as_str().unwrap_or_default(), self.complaints());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Types into what has the focus.
    pub(crate) async fn type_text(&self, text: &str) {
        self.call("Input.insertText", json!({ "text": text })).await;
    }

    /// Presses a key.
    pub(crate) async fn press(&self, key: &str, code: u32) {
        for kind in ["rawKeyDown", "char", "keyUp"] {
            let mut params = json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code });
            if kind == "char" {
                if key != "Enter" {
                    continue;
                }
                params["text"] = "\r".into();
            }
            self.call("Input.dispatchKeyEvent", params).await;
        }
    }

    /// Clicks where an element is, as a person does.
    pub(crate) async fn click(&self, selector: &str) {
        let selector = serde_json::to_string(selector).unwrap();
        self.until(&format!("document.querySelector({selector})?.getClientRects().length > 0")).await;
        let place = self
            .evaluate(&format!(
                "(() => {{ const element = document.querySelector({selector}); element.scrollIntoView({{ block: 'center', behavior: 'instant' }}); \
                 const box = element.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; }})()"
            ))
            .await;
        for kind in ["mousePressed", "mouseReleased"] {
            let params = json!({ "type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", params).await;
        }
    }

    /// The window's size, and whether it is a phone's.
    pub(crate) async fn size(&self, width: u32, height: u32, phone: bool) {
        let params = json!({ "width": width, "height": height, "deviceScaleFactor": if phone { 2 } else { 1 }, "mobile": phone });
        self.call("Emulation.setDeviceMetricsOverride", params).await;
    }

    pub(crate) async fn colours(&self, scheme: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.call("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    pub(crate) async fn screenshot(&self, file: &Path) {
        let data =
            self.call("Page.captureScreenshot", json!({ "format": "png" })).await["data"].as_str().unwrap().to_owned();
        std::fs::write(file, base64::engine::general_purpose::STANDARD.decode(data).unwrap()).unwrap();
    }

    fn events(&self, method: &str) -> Vec<Value> {
        let events = self.wire.events.lock().unwrap();
        events.iter().filter(|event| event["sessionId"] == self.session && event["method"] == method).cloned().collect()
    }

    /// How often something was given up because the machine's network changed.
    fn interruptions(&self) -> usize {
        let failed = self.events("Network.loadingFailed").into_iter();
        failed.filter(|event| event["params"]["errorText"] == INTERRUPTED).count()
    }

    /// What the browser has to complain of: exceptions, errors, and what the page's policy forbids.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let exceptions = self
            .events("Runtime.exceptionThrown")
            .into_iter()
            .map(|event| event["params"]["exceptionDetails"].to_string());
        let entries = self.events("Log.entryAdded").into_iter().filter_map(|event| {
            let entry = &event["params"]["entry"];
            let text = entry["text"].as_str().unwrap_or_default();
            (entry["level"] == "error" && !text.contains(INTERRUPTED))
                .then(|| format!("{} {}", entry["text"], entry["url"]))
        });
        exceptions.chain(entries).collect()
    }

    /// Every address that was asked for.
    pub(crate) fn requests(&self) -> Vec<String> {
        let sent = self.events("Network.requestWillBeSent").into_iter();
        sent.filter_map(|event| event["params"]["request"]["url"].as_str().map(ToOwned::to_owned)).collect()
    }
}
