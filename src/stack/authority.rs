//! A certificate authority made for one run, and the certificate that it gives the edge. Its key is forgotten at once, so
//! that it can sign nothing more; it is good for the stack's own names alone, so that a browser that is told to trust it
//! trusts it with nothing else.

use std::sync::Arc;

use jiff::{Timestamp, ToSpan, Zoned};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, NameConstraints, date_time_ymd,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use scenario::Secret;

/// How long the certificates are good: a stack may be kept for some time.
const DAYS: i64 = 90;

/// What an edge needs to speak TLS, and what its clients need to believe it.
#[derive(Debug, Clone)]
pub struct Authority {
    /// The authority's own certificate, in PEM: what clients are to trust.
    pub ca_pem: String,
    /// The edge's certificate, in PEM.
    pub certificate_pem: String,
    /// The edge's private key, in PEM (PKCS #8).
    pub key_pem: Secret,
    server: Arc<ServerConfig>,
    client: Arc<ClientConfig>,
}

/// No certificate could be made, in words.
#[derive(Debug, thiserror::Error)]
#[error("no certificate can be made: {0}")]
pub struct Unable(String);

impl Authority {
    /// An authority for a host and all names directly below it.
    ///
    /// # Errors
    /// The host isn't a name, or the operating system gives no random bytes.
    pub fn new(host: &str) -> Result<Self, Unable> {
        let (ca, issuer) = authority(host).map_err(|error| Unable(error.to_string()))?;
        let key = KeyPair::generate().map_err(|error| Unable(error.to_string()))?;
        let certificate =
            leaf(host).and_then(|params| params.signed_by(&key, &issuer)).map_err(|error| Unable(error.to_string()))?;
        let chain = vec![certificate.der().clone()];
        let private = PrivateKeyDer::try_from(key.serialize_der()).map_err(|error| Unable(error.to_owned()))?;
        Ok(Self {
            server: Arc::new(server(chain, private).map_err(|error| Unable(error.to_string()))?),
            client: Arc::new(client(ca.der()).map_err(|error| Unable(error.to_string()))?),
            ca_pem: ca.pem(),
            certificate_pem: certificate.pem(),
            key_pem: Secret::new(key.serialize_pem()),
        })
    }

    /// One that was made before, by its certificates and the edge's key in PEM.
    ///
    /// # Errors
    /// They aren't PEM, or don't belong together.
    pub fn restored(ca_pem: String, certificate_pem: String, key_pem: Secret) -> Result<Self, Unable> {
        let wrong = |error: rustls::pki_types::pem::Error| Unable(error.to_string());
        let ca = CertificateDer::from_pem_slice(ca_pem.as_bytes()).map_err(wrong)?;
        let certificate = CertificateDer::from_pem_slice(certificate_pem.as_bytes()).map_err(wrong)?;
        let private = PrivateKeyDer::from_pem_slice(key_pem.expose().as_bytes()).map_err(wrong)?;
        Ok(Self {
            server: Arc::new(server(vec![certificate], private).map_err(|error| Unable(error.to_string()))?),
            client: Arc::new(client(&ca).map_err(|error| Unable(error.to_string()))?),
            ca_pem,
            certificate_pem,
            key_pem,
        })
    }

    /// The edge's side of TLS, for HTTP/1.1.
    pub fn server(&self) -> Arc<ServerConfig> {
        self.server.clone()
    }

    /// The side of a client that trusts this authority and no other.
    pub fn client(&self) -> Arc<ClientConfig> {
        self.client.clone()
    }
}

fn authority(host: &str) -> Result<(rcgen::Certificate, Issuer<'static, KeyPair>), rcgen::Error> {
    let mut params = dated(CertificateParams::default());
    params.distinguished_name.push(DnType::CommonName, "edge-smoke, for one run");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let permitted_subtrees = vec![GeneralSubtree::DnsName(host.to_owned())];
    params.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() });
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    Ok((certificate, Issuer::new(params, key)))
}

fn leaf(host: &str) -> Result<CertificateParams, rcgen::Error> {
    let mut params = dated(CertificateParams::new([host.to_owned(), format!("*.{host}")])?);
    params.distinguished_name.push(DnType::CommonName, host);
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params)
}

/// From yesterday, as the clocks of containers and browsers may be behind, for [`DAYS`].
fn dated(mut params: CertificateParams) -> CertificateParams {
    let now = Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
    let day = |moment: &Zoned| date_time_ymd(moment.year().into(), moment.month() as u8, moment.day() as u8);
    params.not_before = day(&now.saturating_sub(1.day()));
    params.not_after = day(&now.saturating_add(DAYS.days()));
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
}

fn server(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<ServerConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn client(ca: &CertificateDer<'static>) -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.add(ca.clone())?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::ServerName;
    use tokio_rustls::{TlsAcceptor, TlsConnector};

    use super::*;

    /// What a client that trusts `trusted` makes of a server that has `serving`'s certificate.
    async fn shake(trusted: &Authority, serving: &Authority, name: &str) -> Result<(), String> {
        let (near, far) = tokio::io::duplex(1 << 16);
        let acceptor = TlsAcceptor::from(serving.server());
        tokio::spawn(async move { acceptor.accept(far).await.map(drop) });
        let name = ServerName::try_from(name.to_owned()).unwrap();
        TlsConnector::from(trusted.client()).connect(name, near).await.map(drop).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn the_certificate_is_good_for_the_host_and_the_names_below_it_alone() {
        let authority = Authority::new("edge.test").unwrap();
        for name in ["edge.test", "forge.edge.test", "chat.edge.test"] {
            assert_eq!(shake(&authority, &authority, name).await, Ok(()), "{name}");
        }
        for name in ["other.test", "forge.ci.edge.test", "test"] {
            assert!(shake(&authority, &authority, name).await.unwrap_err().contains("not valid for name"), "{name}");
        }
    }

    #[tokio::test]
    async fn each_run_has_an_authority_of_its_own() {
        let (first, second) = (Authority::new("edge.test").unwrap(), Authority::new("edge.test").unwrap());
        assert!(shake(&first, &second, "edge.test").await.unwrap_err().contains("invalid peer certificate"));
    }

    #[tokio::test]
    async fn one_that_was_written_down_is_the_same() {
        let made = Authority::new("edge.test").unwrap();
        let Authority { ca_pem, certificate_pem, key_pem, .. } = made.clone();
        let restored = Authority::restored(ca_pem, certificate_pem, key_pem).unwrap();
        assert_eq!(shake(&made, &restored, "edge.test").await, Ok(()));
        assert_eq!(shake(&restored, &made, "edge.test").await, Ok(()));
        let other = Authority::new("edge.test").unwrap();
        let mixed = Authority::restored(made.ca_pem.clone(), made.certificate_pem.clone(), other.key_pem);
        assert!(mixed.is_err());
        let error = Authority::restored("no PEM".to_owned(), made.certificate_pem, made.key_pem).unwrap_err();
        assert!(error.to_string().starts_with("no certificate can be made: "), "{error}");
    }

    #[test]
    fn it_can_vouch_for_no_other_names() {
        // The authority's own key never leaves `new`; one made the same way shows what the constraint does.
        let (ca, issuer) = super::authority("edge.test").unwrap();
        let key = KeyPair::generate().unwrap();
        let foreign = leaf("bank.test").unwrap().signed_by(&key, &issuer).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(ca.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier =
            rustls::client::WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
        let name = ServerName::try_from("bank.test").unwrap();
        let refused = rustls::client::danger::ServerCertVerifier::verify_server_cert(
            verifier.as_ref(),
            foreign.der(),
            &[],
            &name,
            &[],
            rustls::pki_types::UnixTime::now(),
        );
        assert!(refused.unwrap_err().to_string().contains("NameConstraint"));
    }

    #[test]
    fn its_key_is_never_shown() {
        let authority = Authority::new("edge.test").unwrap();
        let shown = format!("{authority:?}");
        let secret = authority.key_pem.expose().lines().nth(1).unwrap();
        assert!(authority.key_pem.expose().starts_with("-----BEGIN PRIVATE KEY-----"));
        assert!(!shown.contains(secret));
    }
}
