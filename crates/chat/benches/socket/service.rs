//! The chat in a process of its own, so that its memory and its files are its own; and the yardstick beside it: a server that does nothing but hold sockets.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use chat::socket::Bounds;
use chat::turn::Launcher;
use chat::{Chat, Config};
use futures_util::StreamExt;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

/// Says that this process is the chat, or the yardstick.
const CHAT: &str = "--chat";
const BARE: &str = "--bare";

/// How long turns are kept that are over.
pub(crate) const KEEP: Duration = Duration::from_secs(2);

/// The bounds of a chat for which one person does what many would.
pub(crate) fn bounds() -> Bounds {
    Bounds { turns: 1_000, keep: KEEP, sockets_of_one: usize::MAX, ..Bounds::default() }
}

/// A process that serves. Dropping it ends it.
pub(crate) struct Service {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Service {
    /// The chat at an address.
    pub(crate) async fn chat(values: &BTreeMap<String, String>, address: SocketAddr) -> Self {
        let mut values = values.clone();
        values.insert("CHAT_HOST".to_owned(), address.ip().to_string());
        values.insert("CHAT_PORT".to_owned(), address.port().to_string());
        Self::start(CHAT, &values, address).await
    }

    /// The yardstick.
    pub(crate) async fn bare() -> Self {
        let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        Self::start(BARE, &[("CHAT_PORT".to_owned(), address.port().to_string())].into(), address).await
    }

    async fn start(what: &str, values: &BTreeMap<String, String>, address: SocketAddr) -> Self {
        let program = std::env::current_exe().unwrap();
        let child = Command::new(program).arg(what).env_clear().envs(values).stdin(Stdio::null()).spawn().unwrap();
        let mut service = Self { child, address };
        while TcpStream::connect(address).await.is_err() {
            assert!(service.child.try_wait().unwrap().is_none(), "{what} has ended");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        service
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Is the process that the arguments say it is, if they do.
pub(crate) fn is_it(arguments: &[String]) -> bool {
    let says = |what: &str| arguments.iter().any(|argument| argument == what);
    if !says(CHAT) && !says(BARE) {
        return false;
    }
    let values: BTreeMap<String, String> = std::env::vars().collect();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        if says(BARE) {
            return bare(values["CHAT_PORT"].parse().unwrap()).await;
        }
        let mut config = Config::read(&values).unwrap();
        config.turn.launcher = Launcher::Unconfined;
        config.bounds = bounds();
        let listener = TcpListener::bind(config.listen).await.unwrap();
        let _chat = Chat::start(config, listener).unwrap();
        std::future::pending().await
    });
    true
}

/// Takes sockets and reads what comes, and that is all.
async fn bare(port: u16) {
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(async move {
            // As small as the chat's own: the usual 128 KB a socket would be an easy yardstick.
            let config = WebSocketConfig::default().read_buffer_size(4 * 1024).write_buffer_size(0);
            // Who only looked whether anybody listens is no socket.
            let Ok(mut socket) = tokio_tungstenite::accept_async_with_config(stream, Some(config)).await else {
                return;
            };
            while let Some(Ok(_)) = socket.next().await {}
        });
    }
}
