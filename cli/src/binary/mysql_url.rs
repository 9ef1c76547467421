//! The URL of a database of MySQL or MariaDB.

use super::parameters::Parameters;

/// The parameters of such a URL, under the names that are documented.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct MysqlUrl(Parameters);

/// Parameters behind the `?`, none of which is a secret.
const KNOWN: [&str; 6] = ["connect-timeout", "socket", "ssl-ca", "ssl-cert", "ssl-key", "ssl-mode"];

/// Parts of the URL before the `?`.
const PLACES: [&str; 5] = ["dbname", "host", "password", "port", "user"];

impl MysqlUrl {
    /// Parses what follows `mysql://`.
    ///
    /// # Errors
    ///
    /// A reason that never holds the password.
    pub(super) fn parse(rest: &str) -> Result<MysqlUrl, String> {
        let read = Parameters::from_url(rest)?;
        let mut parameters = Parameters::default();
        for name in read.names() {
            let known = known(name)?;
            parameters.add(known, read.find(name).unwrap_or_default());
        }
        if parameters.find("host").is_some_and(|host| host.contains(',')) {
            return Err("the URL names several hosts\nhelp: name the one to migrate".to_owned());
        }
        Ok(MysqlUrl(parameters))
    }

    pub(super) fn find(&self, name: &str) -> Option<&str> {
        self.0.find(name)
    }

    /// The URL for people to read, with stars for the password.
    pub(super) fn shown(&self) -> String {
        self.0.shown_as("mysql", &KNOWN)
    }
}

/// The documented name: other clients write `sslmode`, `ssl_mode` or `unix_socket`.
fn known(name: &str) -> Result<&'static str, String> {
    let plain = name.to_ascii_lowercase().replace('_', "-");
    let plain = match plain.as_str() {
        "sslmode" => "ssl-mode",
        "sslca" | "sslrootcert" => "ssl-ca",
        "sslcert" => "ssl-cert",
        "sslkey" => "ssl-key",
        "unix-socket" => "socket",
        plain => plain,
    };
    let found = KNOWN.into_iter().chain(PLACES).find(|known| *known == plain);
    // What is no word may be a part of a password.
    let is_word = name.len() < 40
        && name.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-' || byte == b'_');
    found.ok_or_else(|| {
        let shown = if is_word { format!(" `{name}`") } else { String::new() };
        format!("the URL has an unknown parameter{shown}\nhelp: known are {}", KNOWN.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::MysqlUrl;

    fn shown(url: &str) -> String {
        MysqlUrl::parse(url).map_or_else(|reason| reason, |url| url.shown())
    }

    #[test]
    fn parameters_have_several_names() {
        for (url, expected) in [
            ("me:p%40ss@host:3307/app", "mysql://me:***@host:3307/app"),
            ("[::1]:3307/app", "mysql://[::1]:3307/app"),
            ("me@/app?socket=/run/my.sock", "mysql://me@/app?socket=/run/my.sock"),
            ("h/app?sslmode=required&ssl_ca=ca.pem", "mysql://h/app?ssl-ca=ca.pem&ssl-mode=required"),
        ] {
            assert_eq!(shown(url), expected);
        }
        let url = MysqlUrl::parse("me:p%40ss@host/app?Unix_Socket=/s").unwrap();
        assert_eq!([url.find("password"), url.find("socket")], [Some("p@ss"), Some("/s")]);
    }

    #[test]
    fn what_is_not_known_is_named() {
        let error = shown("h/app?charset=utf8mb4");
        assert!(
            error
                .starts_with("the URL has an unknown parameter `charset`\nhelp: known are connect-timeout, ")
        );
        assert!(shown("h/app?x9=utf8mb4").starts_with("the URL has an unknown parameter\n"));
        assert!(shown("one,two/app").starts_with("the URL names several hosts\n"));
    }
}
