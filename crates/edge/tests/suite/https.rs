//! The edge over TLS.

use std::collections::BTreeMap;
use std::sync::Arc;

use ::edge::{Edge, EdgeError};
use routes::{GateSecret, Mode, Origin, Scheme, Site, TlsFiles};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};

use crate::recorder::Recorder;
use crate::wire::read_head;

/// A server's configuration and that of a client that trusts it.
fn configurations() -> (Arc<ServerConfig>, Arc<ClientConfig>) {
    let made = rcgen::generate_simple_self_signed(["edge.test".to_owned()]).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let server = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (Arc::new(server), Arc::new(client))
}

fn site(origin: &str, upstream: &str) -> Site {
    let upstreams: BTreeMap<String, String> = ["forge", "ci"].map(|name| (name.to_owned(), upstream.to_owned())).into();
    let origin = Origin::parse(origin).unwrap();
    let files = || TlsFiles { certificate: "memory".to_owned(), key: "memory".to_owned() };
    let tls = (origin.scheme == Scheme::Https).then(files);
    let site = Site::standard(origin, Mode::Subpath, &upstreams).unwrap();
    Site { tls, ..site }.with_gate_secret(GateSecret::new("shared"))
}

async fn open(edge: &Edge, client: &Arc<ClientConfig>) -> TlsStream<TcpStream> {
    let stream = TcpStream::connect(edge.addr()).await.unwrap();
    TlsConnector::from(client.clone()).connect(ServerName::try_from("edge.test").unwrap(), stream).await.unwrap()
}

#[tokio::test]
async fn services_learn_that_the_browser_came_by_https_and_websockets_pass() {
    let service = Recorder::start("all").await;
    let (server, client) = configurations();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let site = site("https://edge.test:8443", &service.address.to_string());
    let edge = Edge::start_tls(site, listener, server).unwrap();

    let mut stream = BufReader::new(open(&edge, &client).await);
    stream.write_all(b"GET /ci/x HTTP/1.1\r\nHost: edge.test:8443\r\nConnection: close\r\n\r\n").await.unwrap();
    assert_eq!(read_head(&mut stream).await.unwrap().status(), 200);
    let seen = service.take().remove(0);
    assert_eq!(seen.field("x-forwarded-proto").as_deref(), Some("https"));
    assert_eq!(seen.field("x-forwarded-host").as_deref(), Some("edge.test:8443"));

    let mut stream = BufReader::new(open(&edge, &client).await);
    let upgrade = b"GET /ci/ws HTTP/1.1\r\nHost: edge.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    stream.write_all(upgrade).await.unwrap();
    assert_eq!(read_head(&mut stream).await.unwrap().status(), 101);
    stream.write_all(b"there and back").await.unwrap();
    let mut echo = [0; 14];
    stream.read_exact(&mut echo).await.unwrap();
    assert_eq!(&echo, b"there and back");
}

#[tokio::test]
async fn an_edge_speaks_one_scheme() {
    let (server, _) = configurations();
    let listener = || TcpListener::bind("127.0.0.1:0");
    let (http, https) = (site("http://edge.test:1", "127.0.0.1:1"), site("https://edge.test:1", "127.0.0.1:1"));
    for refused in [
        Edge::start(https.clone(), listener().await.unwrap()).unwrap_err(),
        Edge::start_tls(http.clone(), listener().await.unwrap(), server.clone()).unwrap_err(),
        Edge::start(http, listener().await.unwrap()).unwrap().replace(https).unwrap_err(),
    ] {
        assert!(matches!(refused, EdgeError::Scheme { .. }), "{refused}");
    }
}
