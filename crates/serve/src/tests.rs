//! What a server does at its beginning and at its end.

use std::net::SocketAddr;
use std::time::Duration;

use http::Response;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use super::*;

async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

async fn ask(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    stream
}

#[tokio::test]
async fn a_drop_frees_the_port_and_closes_connections() {
    let server = Server::start(listener().await, |_, _| async { Response::new(full("hello")) }).unwrap();
    let address = server.address();
    let mut client = ask(address).await;
    let mut first = [0; 15];
    client.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200 OK");
    drop(server);
    // The end of the stream, or its breaking: either way nobody is there any more.
    let _ = client.read_to_end(&mut Vec::new()).await;
    let mut free = TcpListener::bind(address).await;
    while free.is_err() {
        tokio::task::yield_now().await;
        free = TcpListener::bind(address).await;
    }
}

#[tokio::test]
async fn a_shutdown_waits_for_what_is_under_way() {
    let (asked, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (asked_there, go_there) = (asked.clone(), go.clone());
    let server = Server::start(listener().await, move |_, _| {
        let (asked, go) = (asked_there.clone(), go_there.clone());
        async move {
            asked.notify_one();
            go.notified().await;
            Response::new(full("late"))
        }
    })
    .unwrap();
    let mut client = ask(server.address()).await;
    asked.notified().await;
    let end = tokio::spawn(server.shutdown(Duration::from_secs(30)));
    go.notify_one();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("late"), "{answer}");
    end.await.unwrap();
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_ever() {
    let server = Server::start(listener().await, |_, _| std::future::pending()).unwrap();
    let mut client = ask(server.address()).await;
    server.shutdown(Duration::from_millis(20)).await;
    let _ = client.read_to_end(&mut Vec::new()).await;
}
