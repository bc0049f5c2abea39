//! What a server does at its beginning and at its end.

use std::net::SocketAddr;
use std::time::Duration;

use http::Response;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

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

#[tokio::test]
async fn over_tls_it_answers_who_speaks_tls_and_nobody_else() {
    let made = rcgen::generate_simple_self_signed(["edge.test".to_owned()]).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let server =
        Server::start_over(listener().await, Some(Arc::new(config)), |_, _| async { Response::new(full("hello")) });
    let server = server.unwrap();

    // In clear text there is at most an alert.
    let mut clear = ask(server.address()).await;
    let mut said = Vec::new();
    let _ = clear.read_to_end(&mut said).await;
    assert!(!String::from_utf8_lossy(&said).contains("HTTP/1.1"));

    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(server.address()).await.unwrap();
    let name = ServerName::try_from("edge.test").unwrap();
    let mut client = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nHost: edge.test\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("hello"), "{answer}");

    // Who never shakes hands doesn't hold it up.
    let _silent = TcpStream::connect(server.address()).await.unwrap();
    tokio::time::timeout(Duration::from_secs(5), server.shutdown(Duration::from_secs(30))).await.unwrap();
}
