//! Encryption: which certificates of servers are good, and the client's own.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

/// The parameters of a URL that name files.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names {
    pub(super) root: &'static str,
    pub(super) certificate: &'static str,
    pub(super) key: &'static str,
}

/// What of the server's certificate is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    Nothing,
    Authority,
    AuthorityAndName,
}

/// The certificates that a server's is checked against.
#[derive(Clone, Debug)]
pub(super) enum Root {
    /// Those of the system, because no other was named.
    Default,
    /// Those of the system, as the URL says.
    System,
    File(PathBuf),
}

impl Root {
    /// The certificates, and how the roots among them are known.
    fn read(&self, names: &Names) -> Result<(RootCertStore, Vec<CertificateDer<'static>>), String> {
        let mut store = RootCertStore::empty();
        let certificates = match self {
            Root::File(path) => certificates(path)?,
            Root::Default | Root::System => rustls_native_certs::load_native_certs().certs,
        };
        let (added, _) = store.add_parsable_certificates(certificates.iter().cloned());
        match (added, self) {
            (0, Root::File(path)) => Err(format!("{}: {} has no certificate", names.root, path.display())),
            (0, _) => {
                let root = names.root;
                Err(format!("the system has no root certificates\nhelp: name the server's with {root}"))
            }
            _ => Ok((store, certificates)),
        }
    }
}

/// The certificate by which a client proves itself.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    certificates.map_err(|error| format!("cannot read the certificate {}: {error}", path.display()))
}

/// The configuration of connections that check so much.
///
/// # Errors
///
/// Certificates and keys that cannot be read.
pub(super) fn client(
    check: Check,
    root: &Root,
    identity: Option<&Identity>,
    names: &Names,
) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let nothing = || (RootCertStore::empty(), Vec::new());
    let (roots, trusted) = if check == Check::Nothing { nothing() } else { root.read(names)? };
    let verifier = Verifier { check, roots, trusted, provider: Arc::clone(&provider) };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let Some(Identity { certificate, key }) = identity else { return Ok(builder.with_no_client_auth()) };
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| {
        let help = match error {
            pem::Error::NoItemsFound => "\nhelp: it must be PEM, and not encrypted",
            _ => "",
        };
        format!("cannot read the key {}: {error}{help}", key.display())
    })?;
    let Names { certificate: one, key: other, .. } = names;
    builder
        .with_client_auth_cert(certificates(certificate)?, private)
        .map_err(|error| format!("{one} and {other} cannot be used: {error}"))
}

/// Checks as much of the server's certificate as the mode asks for.
#[derive(Debug)]
struct Verifier {
    check: Check,
    roots: RootCertStore,
    /// The certificates of `roots` as they are.
    trusted: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if self.check == Check::Nothing {
            return Ok(ServerCertVerified::assertion());
        }
        let certificate = ParsedCertificate::try_from(end_entity)?;
        let algorithms = self.provider.signature_verification_algorithms.all;
        let chain = verify_server_cert_signed_by_trust_anchor(
            &certificate,
            &self.roots,
            intermediates,
            now,
            algorithms,
        );
        match chain {
            // A server with a self-signed certificate that is trusted by itself. It was found to be valid now, and to
            // be an authority's.
            Err(rustls::Error::InvalidCertificate(CertificateError::Other(_)))
                if self.trusted.contains(end_entity) => {}
            other => other?,
        }
        if self.check == Check::AuthorityAndName {
            verify_server_name(&certificate, server_name)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// The error of the handshake inside of what the connection reports.
pub(super) fn error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// Why the server's certificate is not good, where the error's own words say little.
pub(super) fn reason(error: &rustls::Error) -> Option<&'static str> {
    let issuer = rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
    (*error == issuer).then_some("the server's certificate is issued by an unknown authority")
}

/// The way out, where there is one; `any_name` is the mode that takes a certificate for another name.
pub(super) fn help(error: &rustls::Error, names: &Names, any_name: &str) -> Option<String> {
    let rustls::Error::InvalidCertificate(error) = error else { return None };
    match error {
        CertificateError::UnknownIssuer => {
            Some(format!("name the certificate of its authority with {}", names.root))
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Some(format!(
            "connect by a name that the certificate has among its alternative names, or with {any_name}"
        )),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            Some("renew the server's certificate".to_owned())
        }
        _ => None,
    }
}
