//! Encryption, by the modes of MySQL's own client.

use std::sync::Arc;

use rustls::ClientConfig;

use super::{Place, Security};
use crate::binary::mysql_url::MysqlUrl;
use crate::binary::tls::{Check, Identity, Names, Root, client};

pub(super) const NAMES: Names = Names { root: "ssl-ca", certificate: "ssl-cert", key: "ssl-key" };

pub(super) type Configuration = Arc<ClientConfig>;

/// The ways to try in turn.
///
/// # Errors
///
/// A mode that is not known, and certificates that cannot be read.
pub(super) fn attempts(url: &MysqlUrl, place: &Place) -> Result<Vec<Security>, String> {
    // As MySQL's client: who names an authority wants it checked.
    let usual = if url.find("ssl-ca").is_some() { "verify-ca" } else { "preferred" };
    let mode = url.find("ssl-mode").unwrap_or(usual).to_ascii_lowercase().replace('_', "-");
    let check = match &*mode {
        "disabled" | "disable" | "preferred" | "prefer" | "required" | "require" => Check::Nothing,
        "verify-ca" => Check::Authority,
        "verify-identity" | "verify-full" => Check::AuthorityAndName,
        _ => {
            return Err("unknown ssl-mode\nhelp: known are disabled, preferred, required, verify-ca and \
                        verify-identity"
                .to_owned());
        }
    };
    // Nobody else can listen at a socket.
    if mode.starts_with("disable") || matches!(place, Place::Socket(_)) {
        return Ok(vec![Security::Plain]);
    }
    let preferred = mode.starts_with("prefer");
    if cfg!(not(unix)) {
        let refused = "encrypted connections to MySQL are for Unix only\nhelp: connect with ssl-mode=disabled, \
                       through a tunnel if others can listen";
        return if preferred { Ok(vec![Security::Plain]) } else { Err(refused.to_owned()) };
    }
    let root = match url.find("ssl-ca") {
        None => Root::Default,
        Some("system") => Root::System,
        Some(path) => Root::File(path.into()),
    };
    let identity = match (url.find("ssl-cert"), url.find("ssl-key")) {
        (Some(certificate), Some(key)) => Some(Identity { certificate: certificate.into(), key: key.into() }),
        (None, None) => None,
        _ => return Err("ssl-cert and ssl-key belong together\nhelp: give both, or neither".to_owned()),
    };
    let encrypted = Security::Encrypted(Arc::new(client(check, &root, identity.as_ref(), &NAMES)?));
    Ok(if preferred { vec![encrypted, Security::Plain] } else { vec![encrypted] })
}
