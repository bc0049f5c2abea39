//! Requests that a service or a double sends: webhooks, a token for a code, an action.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Request, Response, Uri, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};

/// The most content that is read of an answer, in bytes.
const BODY_LIMIT: usize = 1024 * 1024;

/// A byte stream to a server.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// How a service calls others: names are looked up in its own list before the system's resolver, and certificates of its own
/// authority are trusted besides the system's. Clones share what they have read.
#[derive(Debug, Clone, Default)]
pub struct Outbound {
    resolve: Vec<(String, SocketAddr)>,
    extra_roots: Vec<CertificateDer<'static>>,
    /// Reading the system's certificates takes tens of milliseconds, so it waits for the first https address.
    tls: Arc<OnceLock<Result<Arc<ClientConfig>, String>>>,
}

impl Outbound {
    /// A name in `resolve` stands for all names below it too; port 0 keeps the URL's port. `ca_pem` holds PEM certificates.
    ///
    /// # Errors
    /// The PEM text holds no certificate, or a broken one.
    pub fn new(resolve: Vec<(String, SocketAddr)>, ca_pem: Option<String>) -> Result<Self, String> {
        let mut extra_roots = Vec::new();
        if let Some(pem) = ca_pem {
            for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
                extra_roots.push(certificate.map_err(|error| format!("the given CA can't be read: {error}"))?);
            }
            if extra_roots.is_empty() {
                return Err("the given CA holds no PEM certificate".to_owned());
            }
        }
        Ok(Self { resolve, extra_roots, tls: Arc::default() })
    }

    /// Sends a request with an absolute `http` or `https` URI. Redirects are not followed; of the content at most 1 MiB is read, and a
    /// longer one is an error.
    ///
    /// # Errors
    /// No whole answer came within `timeout`; the text says why.
    pub async fn send(&self, request: Request<Bytes>, timeout: Duration) -> Result<Response<Bytes>, String> {
        self.send_where(request, timeout, |_, _| Ok(())).await
    }

    /// The same to those addresses alone that `allow` lets pass: it is asked with the URL's host and each address that the host has,
    /// so that a name can't hide where it leads.
    ///
    /// # Errors
    /// As [`Outbound::send`]; what `allow` answered, where it lets no address pass.
    pub async fn send_where(
        &self,
        request: Request<Bytes>,
        timeout: Duration,
        allow: impl Fn(&str, SocketAddr) -> Result<(), String> + Send + Sync,
    ) -> Result<Response<Bytes>, String> {
        let exchange = self.exchange(request, &allow);
        match tokio::time::timeout(timeout, exchange).await {
            Ok(answer) => answer,
            Err(_) => Err(format!("no answer within {} ms", timeout.as_millis())),
        }
    }

    async fn exchange(
        &self,
        mut request: Request<Bytes>,
        allow: &(impl Fn(&str, SocketAddr) -> Result<(), String> + Sync),
    ) -> Result<Response<Bytes>, String> {
        let target = Target::of(request.uri())?;
        let stream = self.connect(&target, allow).await?;
        let host = HeaderValue::from_str(&target.authority).map_err(|error| error.to_string())?;
        request.headers_mut().entry(header::HOST).or_insert(host);
        *request.uri_mut() = target.path;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| reason(&error))?;
        // Ends by itself when the sender is dropped; its error reaches the caller through the sender as well.
        tokio::spawn(connection);
        let answer = sender.send_request(request.map(Full::new)).await.map_err(|error| reason(&error))?;
        let (parts, body) = answer.into_parts();
        Ok(Response::from_parts(parts, read(body).await?))
    }

    async fn connect(
        &self,
        target: &Target,
        allow: &(impl Fn(&str, SocketAddr) -> Result<(), String> + Sync),
    ) -> Result<Box<dyn Stream>, String> {
        let mut failure = format!("`{}` has no address", target.host);
        for address in self.lookup(&target.host, target.port).await? {
            if let Err(refused) = allow(&target.host, address) {
                failure = refused;
                continue;
            }
            match TcpStream::connect(address).await {
                Ok(socket) => return self.secure(socket, target).await,
                Err(error) => failure = format!("can't connect to {} ({address}): {error}", target.authority),
            }
        }
        Err(failure)
    }

    async fn secure(&self, socket: TcpStream, target: &Target) -> Result<Box<dyn Stream>, String> {
        // Where the option can't be set the connection still works.
        let _ = socket.set_nodelay(true);
        if !target.secure {
            return Ok(Box::new(socket));
        }
        let failed = |reason: String| format!("no TLS with {}: {reason}", target.authority);
        let config = self.tls.get_or_init(|| client_config(&self.extra_roots)).clone().map_err(failed)?;
        let name = ServerName::try_from(target.host.clone()).map_err(|error| failed(error.to_string()))?;
        let session = tokio_rustls::TlsConnector::from(config).connect(name, socket).await;
        Ok(Box::new(session.map_err(|error| failed(error.to_string()))?))
    }

    async fn lookup(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, String> {
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        let is_at_or_below =
            |name: &str| host.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        let own: Vec<SocketAddr> = self
            .resolve
            .iter()
            .filter(|(name, _)| is_at_or_below(name))
            .map(|(_, address)| SocketAddr::new(address.ip(), if address.port() == 0 { port } else { address.port() }))
            .collect();
        if !own.is_empty() {
            return Ok(own);
        }
        let found = tokio::net::lookup_host((host, port)).await;
        Ok(found.map_err(|error| format!("`{host}` can't be resolved: {error}"))?.collect())
    }
}

/// Where a request goes.
struct Target {
    secure: bool,
    /// Without the brackets of an IPv6 address.
    host: String,
    port: u16,
    /// What the Host field says.
    authority: String,
    path: Uri,
}

impl Target {
    fn of(uri: &Uri) -> Result<Self, String> {
        let secure = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(format!("expected an http or https URL, found `{uri}`")),
        };
        let authority = uri.authority().ok_or_else(|| format!("`{uri}` names no host"))?;
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        let port = authority.port_u16().unwrap_or(if secure { 443 } else { 80 });
        // Never what stands before an @: that is a name and a password.
        let name = match authority.port() {
            Some(port) => format!("{}:{port}", authority.host()),
            None => authority.host().to_owned(),
        };
        let path = uri.path_and_query().map_or_else(|| Uri::from_static("/"), |path| Uri::from(path.clone()));
        Ok(Self { secure, host, port, authority: name, path })
    }
}

async fn read(mut body: Incoming) -> Result<Bytes, String> {
    let mut content = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| format!("the content breaks off: {}", reason(&error)))?;
        if let Some(data) = frame.data_ref() {
            if content.len() + data.len() > BODY_LIMIT {
                return Err(format!("the content is longer than {BODY_LIMIT} bytes"));
            }
            content.extend_from_slice(data);
        }
    }
    Ok(content.freeze())
}

/// Trust in the system's authorities and in `extra_roots`; HTTP/1.1 only.
fn client_config(extra_roots: &[CertificateDer<'static>]) -> Result<Arc<ClientConfig>, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    for certificate in extra_roots {
        roots.add(certificate.clone()).map_err(|error| format!("the given CA can't be used: {error}"))?;
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// hyper's error with its cause, which is where the reason is.
fn reason(error: &hyper::Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serve::{Server, full};
    use tokio::net::TcpListener;

    use super::*;

    const SOON: Duration = Duration::from_secs(20);

    async fn echo() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Server::start(listener, |request, _| async move {
            let host = request.headers()[header::HOST].to_str().unwrap().to_owned();
            let path = request.uri().to_string();
            let body = request.into_body().collect().await.unwrap().to_bytes();
            let size = if path == "/large" { BODY_LIMIT + 1 } else { 0 };
            let said = format!("{host} {path} {}", String::from_utf8_lossy(&body));
            Response::new(full(said + &"x".repeat(size)))
        })
        .unwrap()
    }

    fn post(uri: &str) -> Request<Bytes> {
        Request::post(uri).body(Bytes::from_static(b"hello")).unwrap()
    }

    #[tokio::test]
    async fn names_of_its_own_lead_where_it_says() {
        let server = echo().await;
        let outbound = Outbound::new(vec![("edge.test".to_owned(), server.address())], None).unwrap();
        for (uri, said) in [
            ("http://edge.test:80/a?b=c", "edge.test:80 /a?b=c hello"),
            ("http://ci.edge.test", "ci.edge.test / hello"),
            ("http://name:password@edge.test/x", "edge.test /x hello"),
        ] {
            let answer = outbound.send(post(uri), SOON).await.unwrap();
            assert_eq!(answer.into_body(), said);
        }
        let keep = Outbound::new(vec![("edge.test".to_owned(), "127.0.0.1:0".parse().unwrap())], None).unwrap();
        let own_port = format!("http://edge.test:{}/", server.address().port());
        assert_eq!(keep.send(post(&own_port), SOON).await.unwrap().status(), 200);
    }

    #[tokio::test]
    async fn what_can_not_be_done_is_said() {
        let server = echo().await;
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let outbound = Outbound::default();
        for (uri, timeout, words) in [
            ("ftp://edge.test/".to_owned(), SOON, "expected an http or https URL"),
            ("/path".to_owned(), SOON, "expected an http or https URL"),
            (format!("http://{}/large", server.address()), SOON, "longer than 1048576 bytes"),
            (format!("http://{}/", silent.local_addr().unwrap()), Duration::from_millis(30), "no answer within 30 ms"),
            (format!("https://{}/", server.address()), SOON, "no TLS with 127.0.0.1:"),
        ] {
            let error = outbound.send(post(&uri), timeout).await.unwrap_err();
            assert!(error.contains(words), "{uri}: {error}");
        }
        let own = format!("http://{}/", server.address());
        let refused = outbound.send_where(post(&own), SOON, |host, _| Err(format!("not {host}"))).await.unwrap_err();
        assert_eq!(refused, "not 127.0.0.1");
        assert!(Outbound::new(Vec::new(), Some("x".to_owned())).unwrap_err().contains("no PEM certificate"));
    }
}
