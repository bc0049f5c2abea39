//! A client of the socket.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::browser::Browser;
use crate::tls::{Stream, Trust, secure};
use crate::world::World;

const PATIENCE: Duration = Duration::from_secs(20);

/// What came.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Came {
    Frame(Value),
    /// The close code.
    Close(u16),
    /// The connection ended without one.
    Gone,
}

pub(crate) struct Client {
    pub(crate) socket: WebSocketStream<Box<dyn Stream>>,
}

impl Client {
    /// Opens a socket as the chat's own page does.
    pub(crate) async fn open(world: &World, browser: &Browser) -> Self {
        Self::opening(world, &fields(world, browser)).await.unwrap_or_else(|status| panic!("{status}"))
    }

    /// Opens a socket with these fields, or gives the refusal's status.
    pub(crate) async fn opening(world: &World, fields: &[(&str, String)]) -> Result<Self, u16> {
        Self::opening_at(world.entrance(), world.trust(), &world.url("/ws"), fields)
            .await
            .map_err(|refusal| refusal.status().as_u16())
    }

    /// The same at any address, over TLS where there is somebody to trust; with the whole refusal.
    pub(crate) async fn opening_at(
        address: SocketAddr,
        trust: Option<&Trust>,
        url: &str,
        fields: &[(&str, String)],
    ) -> Result<Self, http::Response<Option<Vec<u8>>>> {
        let mut request = url.replacen("http", "ws", 1).into_client_request().unwrap();
        for (name, value) in fields {
            let name: http::HeaderName = name.parse().unwrap();
            request.headers_mut().append(name, value.parse().unwrap());
        }
        let host = request.uri().host().unwrap().to_owned();
        let stream = secure(TcpStream::connect(address).await.unwrap(), trust, &host).await;
        match timeout(PATIENCE, tokio_tungstenite::client_async(request, stream)).await.expect("no answer") {
            Ok((socket, _)) => Ok(Self { socket }),
            Err(Error::Http(answer)) => Err(*answer),
            Err(error) => panic!("{error}"),
        }
    }

    pub(crate) async fn send(&mut self, message: Value) {
        self.socket.send(Message::text(message.to_string())).await.unwrap();
    }

    pub(crate) async fn close(&mut self, code: u16) {
        let frame = CloseFrame { code: code.into(), reason: "".into() };
        self.socket.close(Some(frame)).await.unwrap();
    }

    pub(crate) async fn ask(&mut self, conversation: &str, message: &str) {
        self.send(json!({ "type": "chat_request", "conversation_id": conversation, "message": message })).await;
    }

    /// What is answered to a ping.
    pub(crate) async fn pong(&mut self) -> String {
        self.send(json!({ "type": "ping" })).await;
        self.frame().await["type"].as_str().unwrap_or_default().to_owned()
    }

    /// What comes next; the protocol's own pings are passed over.
    pub(crate) async fn came(&mut self) -> Came {
        loop {
            match timeout(PATIENCE, self.socket.next()).await.expect("nothing came") {
                Some(Ok(Message::Text(text))) => return Came::Frame(serde_json::from_str(text.as_str()).unwrap()),
                Some(Ok(Message::Close(frame))) => return Came::Close(frame.map_or(1005, |frame| frame.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Came::Gone,
            }
        }
    }

    /// The next frame.
    pub(crate) async fn frame(&mut self) -> Value {
        match self.came().await {
            Came::Frame(frame) => frame,
            other => panic!("a frame was expected, {other:?} came"),
        }
    }

    /// All frames up to one of this type.
    pub(crate) async fn until(&mut self, kind: &str) -> Vec<Value> {
        let mut frames = Vec::new();
        loop {
            let frame = self.frame().await;
            let is_it = frame["type"] == kind;
            frames.push(frame);
            if is_it {
                return frames;
            }
        }
    }

    /// What comes before the connection ends, and how that ends it.
    pub(crate) async fn until_end(&mut self) -> (Vec<Value>, Came) {
        let mut frames = Vec::new();
        loop {
            match self.came().await {
                Came::Frame(frame) => frames.push(frame),
                end => return (frames, end),
            }
        }
    }
}

/// The fields of a browser's own handshake, with what an edge adds where there is none.
pub(crate) fn fields(world: &World, browser: &Browser) -> Vec<(&'static str, String)> {
    let own = [("origin", world.origin()), ("cookie", cookies(browser))];
    own.into_iter().chain(browser.added()).collect()
}

/// A browser's cookies, all of them.
pub(crate) fn cookies(browser: &Browser) -> String {
    let pairs: Vec<String> = browser.jar.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
    pairs.join("; ")
}

/// The tokens of frames, put together.
pub(crate) fn said(frames: &[Value]) -> String {
    frames.iter().filter_map(|frame| frame["token"].as_str()).collect()
}
