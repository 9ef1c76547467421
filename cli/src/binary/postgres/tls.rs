//! Encryption, by the modes of libpq.

use std::path::PathBuf;

use postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::Security;
use crate::binary::parameters::Parameters;
use crate::binary::tls::{Check, Identity, Names, Root, client};

pub(super) const NAMES: Names = Names { root: "sslrootcert", certificate: "sslcert", key: "sslkey" };

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
    let root = match root.as_deref() {
        Some("system") => Root::System,
        Some(path) => Root::File(path.into()),
        None => usual("root.crt").map_or(Root::Default, Root::File),
    };
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
        let mut config = client(check, &root, own(&identity)?.as_ref(), &NAMES)?;
        if direct {
            config.alpn_protocols = vec![b"postgresql".to_vec()];
        }
        Ok::<_, String>(Security::Encrypted(mode, MakeRustlsConnect::new(config)))
    };
    Ok(match &*mode {
        "allow" => vec![Security::Plain, encrypted(SslMode::Require)?],
        "prefer" => vec![encrypted(SslMode::Prefer)?, Security::Plain],
        _ => vec![encrypted(SslMode::Require)?],
    })
}

/// The client's certificate and key: those that are named, or those that libpq looks for.
fn own((certificate, key): &(Option<String>, Option<String>)) -> Result<Option<Identity>, String> {
    let certificate = certificate.as_ref().map(PathBuf::from).or_else(|| usual("postgresql.crt"));
    let Some(certificate) = certificate else { return Ok(None) };
    let key = key.as_ref().map(PathBuf::from).or_else(|| usual("postgresql.key"));
    let key = key.ok_or("sslcert is given without sslkey".to_owned())?;
    Ok(Some(Identity { certificate, key }))
}

/// A file that libpq looks for where none is named.
fn usual(name: &str) -> Option<PathBuf> {
    let path = std::env::home_dir()?.join(".postgresql").join(name);
    path.exists().then_some(path)
}
