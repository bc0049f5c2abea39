//! A service that notes what it saw.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::wire::{self, Message};

/// A service on a port of its own. It answers with its name, joins WebSockets to an echo, and refuses gate questions without the cookie `session`.
pub(crate) struct Recorder {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Message>>>,
    task: JoinHandle<()>,
}

impl Recorder {
    pub(crate) async fn start(name: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let notes = seen.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, name, notes.clone()));
            }
        });
        Self { address, seen, task }
    }

    /// What it saw since it was last asked.
    pub(crate) fn take(&self) -> Vec<Message> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(stream: TcpStream, name: &'static str, seen: Arc<Mutex<Vec<Message>>>) {
    let mut stream = BufReader::new(stream);
    loop {
        let Some(mut request) = wire::read_head(&mut stream).await else { return };
        if wire::read_body(&mut stream, &mut request, false).await.is_none() {
            return;
        }
        let answer = answer(name, &request);
        let upgrade = answer.starts_with("HTTP/1.1 101");
        seen.lock().unwrap().push(request);
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
        if upgrade {
            let (mut reader, mut writer) = tokio::io::split(stream);
            let _ = tokio::io::copy(&mut reader, &mut writer).await;
            return;
        }
    }
}

fn answer(name: &str, request: &Message) -> String {
    let head = request.start.starts_with("HEAD ");
    let path = request.start.split(' ').nth(1).unwrap_or_default().split('?').next().unwrap_or_default();
    if path.ends_with("/auth/verify") {
        let cookie = request.field("cookie").unwrap_or_default();
        return if cookie.contains("session=good") {
            "HTTP/1.1 200 OK\r\nX-Forwarded-User: smoke\r\nContent-Length: 0\r\n\r\n".to_owned()
        } else if cookie.contains("session=nameless") {
            "HTTP/1.1 204 No Content\r\n\r\n".to_owned()
        } else {
            "HTTP/1.1 401 Unauthorized\r\nContent-Length: 13\r\nX-Gate: shut\r\nConnection: x-gate\r\n\r\nsign in first"
                .to_owned()
        };
    }
    if request.field("upgrade").is_some() {
        return "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n".to_owned();
    }
    let body = format!("{name} has {} bytes", request.body.len());
    let length = body.len();
    let content = if head { String::new() } else { body };
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Hop: 1\r\nConnection: X-Hop\r\nKeep-Alive: timeout=5\r\nLocation: /elsewhere\r\n\r\n{content}"
    )
}
