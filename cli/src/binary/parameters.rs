//! Connection parameters, by the names that libpq gives them.

use std::collections::BTreeMap;

/// What a URL or `key=value` pairs say, before the environment adds to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Parameters(BTreeMap<String, String>);

/// Parameters of Postgres that people may see. Any other may be a misspelt `password`.
const SHOWN: [&str; 16] = [
    "application_name",
    "channel_binding",
    "connect_timeout",
    "dbname",
    "host",
    "hostaddr",
    "load_balance_hosts",
    "options",
    "passfile",
    "port",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "target_session_attrs",
    "user",
];

impl Parameters {
    /// Parses what follows the scheme, as `postgres://`.
    pub(super) fn from_url(rest: &str) -> Result<Parameters, String> {
        let mut parameters = Parameters::default();
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, name) = place.split_once('/').unwrap_or((place, ""));
        // Such a character ends the host, and what was meant as the password would end up in messages.
        let is_cut = authority.contains(':') && !authority.contains('@') && query.contains('@');
        if name.contains(['/', '@']) || is_cut {
            return Err("the URL has a `/`, `?` or `@` where none may stand\n\
                        help: in a password write %2F for `/`, %3F for `?`, %40 for `@`"
                .to_owned());
        }
        let hosts = match authority.rsplit_once('@') {
            Some((user, hosts)) => {
                let (user, password) = user.split_once(':').unwrap_or((user, ""));
                parameters.add_decoded("user", user)?;
                parameters.add_decoded("password", password)?;
                hosts
            }
            None => authority,
        };
        parameters.add_hosts(hosts)?;
        parameters.add_decoded("dbname", name)?;
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) =
                pair.split_once('=').ok_or("the URL has a parameter without `=`".to_owned())?;
            parameters.add_decoded(&decode(key)?, value)?;
        }
        Ok(parameters)
    }

    /// Parses `key=value` pairs, with quotes around values that hold spaces.
    pub(super) fn from_pairs(text: &str) -> Result<Parameters, String> {
        let mut parameters = Parameters::default();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let (key, after) = rest.split_once('=').ok_or("a connection parameter has no `=`".to_owned())?;
            let (value, after) = value(after.trim_start())?;
            parameters.add(key.trim(), value);
            rest = after.trim_start();
        }
        Ok(parameters)
    }

    fn add_hosts(&mut self, hosts: &str) -> Result<(), String> {
        if hosts.is_empty() {
            return Ok(());
        }
        let (mut names, mut ports) = (Vec::new(), Vec::new());
        for host in hosts.split(',') {
            let end = host.find(']').map_or(0, |bracket| bracket + 1);
            let (name, port) = match host[end..].split_once(':') {
                Some((before, port)) => (&host[..end + before.len()], port),
                None => (host, ""),
            };
            if !port.is_empty() && port.parse::<u16>().is_err() {
                return Err("the URL's port is no number\n\
                            help: in a password write %3A for `:`, %2F for `/`, %40 for `@`"
                    .to_owned());
            }
            let name = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
            names.push(decode(name)?);
            ports.push(port);
        }
        self.add("host", names.join(","));
        if ports.iter().any(|port| !port.is_empty()) {
            let ports: Vec<_> =
                ports.into_iter().map(|port| if port.is_empty() { "5432" } else { port }).collect();
            self.add("port", ports.join(","));
        }
        Ok(())
    }

    fn add_decoded(&mut self, key: &str, value: &str) -> Result<(), String> {
        let value = decode(value)?;
        if !value.is_empty() {
            self.add(key, value);
        }
        Ok(())
    }

    /// Sets a parameter, also over one that is there.
    pub(super) fn add(&mut self, key: &str, value: impl Into<String>) {
        self.0.insert(key.to_owned(), value.into());
    }

    /// Sets a parameter that is not there, from a source that may have it.
    pub(super) fn add_default(&mut self, key: &str, value: impl FnOnce() -> Option<String>) {
        if !self.0.contains_key(key)
            && let Some(value) = value()
        {
            self.add(key, value);
        }
    }

    pub(super) fn find(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// The names, in the order of the alphabet.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub(super) fn take(&mut self, key: &str) -> Option<String> {
        self.0.remove(key)
    }

    /// The parameters as `key='value'` pairs, with the password.
    pub(super) fn pairs(&self) -> String {
        let quoted = |value: &str| value.replace('\\', r"\\").replace('\'', r"\'");
        let pairs = self.0.iter().map(|(key, value)| format!("{key}='{}'", quoted(value)));
        pairs.collect::<Vec<_>>().join(" ")
    }

    /// The parameters as a URL of Postgres, with stars for the password.
    pub(super) fn shown(&self) -> String {
        self.shown_as("postgres", &SHOWN)
    }

    /// The parameters as a URL of this scheme, with stars for all but those that people may see.
    pub(super) fn shown_as(&self, scheme: &str, shown: &[&str]) -> String {
        let hosts = self.find("host").unwrap_or_default();
        let ports: Vec<_> = self.find("port").unwrap_or_default().split(',').collect();
        let is_socket = hosts.starts_with('/');
        let authority = hosts.split(',').enumerate().map(|(at, host)| {
            let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
            match ports.get(at).or(ports.first()).filter(|port| !port.is_empty()) {
                Some(port) => format!("{host}:{port}"),
                None => host,
            }
        });
        let authority = if is_socket { String::new() } else { authority.collect::<Vec<_>>().join(",") };
        let user = match (self.find("user"), self.find("password")) {
            (None, None) => String::new(),
            (user, None) => format!("{}@", user.unwrap_or_default()),
            (user, Some(_)) => format!("{}:***@", user.unwrap_or_default()),
        };
        let in_place = |key: &str| match key {
            "user" | "password" | "dbname" => true,
            "host" | "port" => !is_socket,
            _ => false,
        };
        let rest = self.0.iter().filter(|(key, _)| !in_place(key));
        let rest = rest.map(|(key, value)| match shown.contains(&key.as_str()) {
            true => format!("{key}={value}"),
            false => format!("{key}=***"),
        });
        let rest = rest.collect::<Vec<_>>().join("&");
        let query = if rest.is_empty() { rest } else { format!("?{rest}") };
        format!("{scheme}://{user}{authority}/{}{query}", self.find("dbname").unwrap_or_default())
    }
}

/// A value of a pair, and what comes after it.
fn value(text: &str) -> Result<(String, &str), String> {
    let (quoted, text) = text.strip_prefix('\'').map_or((false, text), |rest| (true, rest));
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            '\'' if quoted => return Ok((value, &text[at + 1..])),
            character if character.is_whitespace() && !quoted => return Ok((value, &text[at..])),
            character => value.push(character),
        }
    }
    if quoted {
        Err("a connection parameter has a quote that does not end".to_owned())
    } else {
        Ok((value, ""))
    }
}

fn decode(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        let byte = after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(
            byte.ok_or("the URL has a `%` without two hex digits\nhelp: write %25 for `%`".to_owned())?,
        );
        rest = &after[2..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).map_err(|_| "the URL has an escape that is not UTF-8".to_owned())
}

#[cfg(test)]
mod tests {
    use super::Parameters;

    fn pairs(url: &str) -> String {
        Parameters::from_url(url).map(|parameters| parameters.pairs()).unwrap_or_else(|reason| reason)
    }

    #[test]
    fn urls_have_the_parts_that_libpq_knows() {
        for (url, expected) in [
            ("", ""),
            ("host/app", "dbname='app' host='host'"),
            (
                "me:p%40ss%2Fw@host:5433/app",
                "dbname='app' host='host' password='p@ss/w' port='5433' user='me'",
            ),
            ("a:1,b/app", "dbname='app' host='a,b' port='1,5432'"),
            ("[::1]:5433/app", "dbname='app' host='::1' port='5433'"),
            ("me@/app?host=/var/run", "dbname='app' host='/var/run' user='me'"),
            ("%2Fvar%2Frun/app", "dbname='app' host='/var/run'"),
            ("/app?options=-c%20a%3Db", "dbname='app' options='-c a=b'"),
            ("me:it's@h", r"host='h' password='it\'s' user='me'"),
        ] {
            assert_eq!(pairs(url), expected, "{url}");
        }
    }

    #[test]
    fn pairs_have_quotes_and_escapes() {
        let parameters = Parameters::from_pairs(r"host = h  password='it\'s a' options=-c\ x dbname=app");
        let expected = r"dbname='app' host='h' options='-c x' password='it\'s a'";
        assert_eq!(parameters.map(|parameters| parameters.pairs()), Ok(expected.to_owned()));
    }

    #[test]
    fn what_is_shown_can_be_read_again() {
        for url in
            ["me@h:5433/app", "/app?host=/var/run&port=5433", "[::1]:5432/app", "a:1,b:2/app?sslmode=require"]
        {
            let parameters = Parameters::from_url(url).unwrap_or_default();
            assert_eq!(parameters.shown(), format!("postgres://{url}"));
        }
    }
}
