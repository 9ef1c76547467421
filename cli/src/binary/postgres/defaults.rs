//! Parameters from the environment, where the URL leaves them out.

use std::path::Path;

use super::passfile;
use crate::binary::parameters::Parameters;

/// The variables of libpq, and the parameters that they stand for.
const VARIABLES: [(&str, &str); 17] = [
    ("host", "PGHOST"),
    ("hostaddr", "PGHOSTADDR"),
    ("port", "PGPORT"),
    ("dbname", "PGDATABASE"),
    ("user", "PGUSER"),
    ("password", "PGPASSWORD"),
    ("passfile", "PGPASSFILE"),
    ("options", "PGOPTIONS"),
    ("application_name", "PGAPPNAME"),
    ("connect_timeout", "PGCONNECT_TIMEOUT"),
    ("target_session_attrs", "PGTARGETSESSIONATTRS"),
    ("load_balance_hosts", "PGLOADBALANCEHOSTS"),
    ("channel_binding", "PGCHANNELBINDING"),
    ("sslmode", "PGSSLMODE"),
    ("sslrootcert", "PGSSLROOTCERT"),
    ("sslcert", "PGSSLCERT"),
    ("sslkey", "PGSSLKEY"),
];

/// Parameters of libpq that have no meaning here, or one that holds anyway.
const IGNORED: [&str; 8] = [
    "client_encoding",
    "fallback_application_name",
    "gssencmode",
    "gsslib",
    "krbsrvname",
    "sslcompression",
    "sslsni",
    "ssl_min_protocol_version",
];

/// Directories in which a server on this machine has its socket, unless it is told otherwise.
const SOCKETS: [&str; 2] = ["/var/run/postgresql", "/tmp"];

/// Longer than a network needs, and shorter than a system waits for a host that does not answer.
const CONNECT_TIMEOUT: &str = "30";

/// The parameters with what the environment and the password file add, and a warning.
pub(super) fn complete(
    mut parameters: Parameters,
    variable: impl Fn(&str) -> Option<String>,
) -> (Parameters, Option<String>) {
    for (key, name) in VARIABLES {
        parameters.add_default(key, || variable(name).filter(|value| !value.is_empty()));
    }
    for key in IGNORED {
        parameters.take(key);
    }
    if parameters.find("host").is_none() {
        let port = parameters.find("port").unwrap_or("5432").to_owned();
        let address = parameters.find("hostaddr").map(str::to_owned);
        parameters.add("host", address.unwrap_or_else(|| local(&port)));
    }
    parameters.add_default("application_name", || Some("gapless".to_owned()));
    parameters.add_default("connect_timeout", || Some(CONNECT_TIMEOUT.to_owned()));
    let file = parameters.take("passfile");
    let found = match parameters.find("password") {
        Some(_) => Ok(None),
        None => passfile::find(&parameters, file.as_deref().map(Path::new), variable("USER")),
    };
    match found {
        Ok(password) => {
            parameters.add_default("password", || password);
            (parameters, None)
        }
        Err(warning) => (parameters, Some(warning)),
    }
}

/// The directory of a socket on this machine, or its name.
fn local(port: &str) -> String {
    let listens = |directory: &&str| Path::new(directory).join(format!(".s.PGSQL.{port}")).exists();
    SOCKETS.into_iter().find(listens).unwrap_or("localhost").to_owned()
}

#[cfg(test)]
mod tests {
    use super::complete;
    use crate::binary::parameters::Parameters;

    #[test]
    fn the_url_wins_over_the_environment() {
        let parameters = Parameters::from_url("me@host/app?connect_timeout=2").unwrap_or_default();
        let (parameters, _) = complete(parameters, |name| match name {
            "PGUSER" => Some("other".to_owned()),
            "PGPASSWORD" => Some("secret".to_owned()),
            "PGPORT" => Some(String::new()),
            _ => None,
        });
        let expected = "application_name='gapless' connect_timeout='2' dbname='app' host='host' \
                        password='secret' user='me'";
        assert_eq!(parameters.pairs(), expected);
    }
}
