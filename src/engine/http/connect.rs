//! Names, sockets, TLS.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::error::HttpError;
use super::target::{Origin, Scheme};

/// A byte stream to a server.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Opens connections: knows the names that only this run knows, and whom to trust.
#[derive(Debug, Clone)]
pub struct Connector {
    resolve: Vec<(String, IpAddr)>,
    extra_roots: Vec<CertificateDer<'static>>,
    /// Reading the system's certificates takes tens of milliseconds, so it waits for the first https address.
    tls: Arc<OnceLock<Result<Arc<rustls::ClientConfig>, String>>>,
}

impl Connector {
    /// A connector that looks names up in `resolve` first (a name stands for all names below it too), and trusts the
    /// certificates of `ca_pem` besides the system's.
    ///
    /// # Errors
    /// The PEM text holds no certificate, or a broken one.
    pub fn new(resolve: Vec<(String, IpAddr)>, ca_pem: Option<&str>) -> Result<Self, HttpError> {
        let bad = |reason: String| HttpError::Tls { authority: "the given CA".to_owned(), reason };
        let mut extra_roots = Vec::new();
        if let Some(pem) = ca_pem {
            for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
                extra_roots.push(certificate.map_err(|error| bad(error.to_string()))?);
            }
            if extra_roots.is_empty() {
                return Err(bad("it holds no PEM certificate".to_owned()));
            }
        }
        Ok(Self { resolve, extra_roots, tls: Arc::default() })
    }

    /// Connects to an origin.
    ///
    /// # Errors
    /// [`HttpError::Resolve`], [`HttpError::Connect`] or [`HttpError::Tls`].
    pub async fn connect(&self, origin: &Origin) -> Result<Box<dyn Stream>, HttpError> {
        let authority = format!("{}:{}", origin.host, origin.port);
        let mut last_error = None;
        let mut socket = None;
        for address in self.lookup(origin).await? {
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    socket = Some(stream);
                    break;
                }
                Err(error) => last_error = Some(format!("{error} ({address})")),
            }
        }
        let Some(socket) = socket else {
            let reason = last_error.unwrap_or_else(|| "the name has no address".to_owned());
            return Err(HttpError::Connect { authority, reason });
        };
        socket
            .set_nodelay(true)
            .map_err(|error| HttpError::Connect { authority: authority.clone(), reason: error.to_string() })?;
        match origin.scheme {
            Scheme::Http => Ok(Box::new(socket)),
            Scheme::Https => {
                let failed = |reason: String| HttpError::Tls { authority: authority.clone(), reason };
                let config = self.tls_config().map_err(failed)?;
                let name = origin.host.trim_matches(['[', ']']).to_owned();
                let name = ServerName::try_from(name).map_err(|error| failed(error.to_string()))?;
                let session = tokio_rustls::TlsConnector::from(config).connect(name, socket).await;
                Ok(Box::new(session.map_err(|error| failed(error.to_string()))?))
            }
        }
    }

    async fn lookup(&self, origin: &Origin) -> Result<Vec<SocketAddr>, HttpError> {
        let host = origin.host.trim_matches(['[', ']']);
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, origin.port)]);
        }
        let is_at_or_below =
            |name: &str| host.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        let own: Vec<SocketAddr> = self
            .resolve
            .iter()
            .filter(|(name, _)| is_at_or_below(name))
            .map(|(_, address)| SocketAddr::new(*address, origin.port))
            .collect();
        if !own.is_empty() {
            return Ok(own);
        }
        let failed = |reason: String| HttpError::Resolve { host: host.to_owned(), reason };
        let found = tokio::net::lookup_host((host, origin.port)).await.map_err(|error| failed(error.to_string()))?;
        Ok(found.collect())
    }

    fn tls_config(&self) -> Result<Arc<rustls::ClientConfig>, String> {
        self.tls.get_or_init(|| client_config(&self.extra_roots)).clone()
    }
}

/// Trust in the system's authorities and in `extra_roots`; HTTP/1.1 only.
fn client_config(extra_roots: &[CertificateDer<'static>]) -> Result<Arc<rustls::ClientConfig>, String> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    for certificate in extra_roots {
        roots.add(certificate.clone()).map_err(|error| format!("the given CA can't be used: {error}"))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
