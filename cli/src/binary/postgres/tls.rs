//! Encryption, by the modes of libpq.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use postgres::config::SslMode;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::Security;
use crate::binary::parameters::Parameters;

/// What of the server's certificate is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Check {
    Nothing,
    Authority,
    AuthorityAndName,
}

/// The ways to try in turn. Takes the parameters that the driver does not know.
///
/// # Errors
///
/// A mode that is not known, and certificates that cannot be read.
pub(super) fn attempts(parameters: &mut Parameters) -> Result<Vec<Security>, String> {
    let mode = parameters.take("sslmode").unwrap_or_else(|| "prefer".to_owned());
    let root = parameters.take("sslrootcert");
    let identity = (parameters.take("sslcert"), parameters.take("sslkey"));
    let direct = parameters.find("sslnegotiation") == Some("direct");
    let by_socket =
        parameters.find("host").is_some_and(|host| host.split(',').all(|host| host.starts_with('/')));
    // As libpq: with a root certificate at hand, `require` checks it.
    let root = Root::choose(root);
    let check = match (&*mode, &root) {
        ("verify-full", _) => Check::AuthorityAndName,
        ("verify-ca", Root::System) => {
            return Err("sslrootcert=system takes sslmode=verify-full alone".to_owned());
        }
        ("verify-ca", _) => Check::Authority,
        ("require", Root::System) => Check::AuthorityAndName,
        ("require", Root::File(_)) => Check::Authority,
        ("disable" | "allow" | "prefer" | "require", _) => Check::Nothing,
        _ => {
            return Err(
                "unknown sslmode\nhelp: known are disable, allow, prefer, require, verify-ca and verify-full"
                    .to_owned(),
            );
        }
    };
    if mode == "disable" || by_socket {
        return Ok(vec![Security::Plain]);
    }
    let encrypted = |mode| {
        let tls = MakeRustlsConnect::new(client(check, &root, &identity, direct)?);
        Ok::<_, String>(Security::Encrypted(mode, tls))
    };
    Ok(match &*mode {
        "allow" => vec![Security::Plain, encrypted(SslMode::Require)?],
        "prefer" => vec![encrypted(SslMode::Prefer)?, Security::Plain],
        _ => vec![encrypted(SslMode::Require)?],
    })
}

/// The certificates that a server's is checked against.
#[derive(Debug)]
enum Root {
    /// Those of the system, because no other was named.
    Default,
    /// Those of the system, as `sslrootcert=system` says.
    System,
    File(PathBuf),
}

impl Root {
    fn choose(named: Option<String>) -> Root {
        match named.as_deref() {
            Some("system") => Root::System,
            Some(path) => Root::File(path.into()),
            None => usual("root.crt").map_or(Root::Default, Root::File),
        }
    }

    /// The certificates, and how the roots among them are known.
    fn read(&self) -> Result<(RootCertStore, Vec<CertificateDer<'static>>), String> {
        let mut store = RootCertStore::empty();
        let certificates = match self {
            Root::File(path) => certificates(path)?,
            Root::Default | Root::System => rustls_native_certs::load_native_certs().certs,
        };
        let (added, _) = store.add_parsable_certificates(certificates.iter().cloned());
        match (added, self) {
            (0, Root::File(path)) => Err(format!("sslrootcert: {} has no certificate", path.display())),
            (0, _) => {
                Err("the system has no root certificates\nhelp: name the server's with sslrootcert"
                    .to_owned())
            }
            _ => Ok((store, certificates)),
        }
    }
}

/// A file that libpq looks for where none is named.
fn usual(name: &str) -> Option<PathBuf> {
    let path = std::env::home_dir()?.join(".postgresql").join(name);
    path.exists().then_some(path)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    certificates.map_err(|error| format!("cannot read the certificate {}: {error}", path.display()))
}

fn client(
    check: Check,
    root: &Root,
    (certificate, key): &(Option<String>, Option<String>),
    direct: bool,
) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let nothing = || (RootCertStore::empty(), Vec::new());
    let (roots, trusted) = if check == Check::Nothing { nothing() } else { root.read()? };
    let verifier = Verifier { check, roots, trusted, provider: Arc::clone(&provider) };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let certificate = certificate.as_ref().map(PathBuf::from).or_else(|| usual("postgresql.crt"));
    let mut config = match certificate {
        None => builder.with_no_client_auth(),
        Some(certificate) => {
            let key = key.as_ref().map(PathBuf::from).or_else(|| usual("postgresql.key"));
            let key = key.ok_or("sslcert is given without sslkey".to_owned())?;
            let private = PrivateKeyDer::from_pem_file(&key).map_err(|error| {
                let help = match error {
                    pem::Error::NoItemsFound => "\nhelp: it must be PEM, and not encrypted",
                    _ => "",
                };
                format!("cannot read the key {}: {error}{help}", key.display())
            })?;
            builder
                .with_client_auth_cert(certificates(&certificate)?, private)
                .map_err(|error| format!("sslcert and sslkey cannot be used: {error}"))?
        }
    };
    if direct {
        config.alpn_protocols = vec![b"postgresql".to_vec()];
    }
    Ok(config)
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
