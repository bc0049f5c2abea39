//! A certificate for one test, and clients that trust it.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};

/// A byte stream to a server.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A server's, that vouches for itself.
#[derive(Debug, Clone)]
pub(crate) struct Certificate {
    pub(crate) server: Arc<ServerConfig>,
    pub(crate) trust: Trust,
    pub(crate) certificate_pem: String,
    pub(crate) key_pem: String,
}

/// A client that believes that certificate alone.
#[derive(Debug, Clone)]
pub(crate) struct Trust(Arc<ClientConfig>);

impl Certificate {
    /// Good for `edge.test` and the names directly below it.
    pub(crate) fn new() -> Self {
        Self::for_names(&["edge.test", "*.edge.test"])
    }

    pub(crate) fn for_names(names: &[&str]) -> Self {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(default_provider());
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
        Self {
            server: Arc::new(server),
            trust: Trust(Arc::new(client)),
            certificate_pem: made.cert.pem(),
            key_pem: made.signing_key.serialize_pem(),
        }
    }
}

/// Speaks TLS where there is somebody to trust, and nothing in between otherwise.
pub(crate) async fn secure(stream: TcpStream, trust: Option<&Trust>, host: &str) -> Box<dyn Stream> {
    let Some(Trust(config)) = trust else { return Box::new(stream) };
    let name = host.split(':').next().unwrap().to_owned();
    let name = ServerName::try_from(name).unwrap();
    Box::new(TlsConnector::from(config.clone()).connect(name, stream).await.unwrap())
}
