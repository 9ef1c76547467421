//! Says why a connection could not be had, and the way out.

use std::error::Error as StdError;
use std::io;

use postgres::Config;
use postgres::config::Host;
use postgres::error::SqlState;

use super::tls::NAMES;
use crate::binary::connect::Refusal;
use crate::binary::tls;

impl Refusal {
    pub(super) fn new(error: &postgres::Error, config: &Config) -> Refusal {
        let (help, may_pass) = advice(error, config);
        let help = help.map(|help| format!("\nhelp: {help}")).unwrap_or_default();
        let message = format!("cannot connect to {}: {}{help}", place(config), reason(error));
        let code = error.as_db_error().map(|said| said.code().code().to_owned());
        Refusal { message, code, may_pass }
    }
}

/// Database, host, port and user.
fn place(config: &Config) -> String {
    let ports = config.get_ports();
    let hosts = config.get_hosts().iter().enumerate().map(|(at, host)| {
        let port = ports.get(at).or(ports.first()).unwrap_or(&5432);
        match host {
            Host::Tcp(name) if name.contains(':') => format!("[{name}]:{port}"),
            Host::Tcp(name) => format!("{name}:{port}"),
            #[cfg(unix)]
            Host::Unix(directory) => format!("{}/.s.PGSQL.{port}", directory.display()),
        }
    });
    let hosts = hosts.collect::<Vec<_>>().join(", ");
    let user = config.get_user().map(|user| format!(" as `{user}`")).unwrap_or_default();
    match config.get_dbname() {
        Some(name) => format!("database `{name}` at {hosts}{user}"),
        None => format!("the database at {hosts}{user}"),
    }
}

/// The innermost cause, without the number of the system's error.
pub(super) fn reason(error: &postgres::Error) -> String {
    if let Some(said) = error.as_db_error() {
        return said.message().to_owned();
    }
    let io = error.source().and_then(|cause| cause.downcast_ref::<io::Error>());
    if let Some(reason) = io.and_then(tls::error).and_then(tls::reason) {
        return reason.to_owned();
    }
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = inner.to_string();
        cause = inner.source();
    }
    match text.find(" (os error") {
        Some(at) => text[..at].to_owned(),
        None => text,
    }
}

/// The way out, and true if the reason may pass by itself.
fn advice(error: &postgres::Error, config: &Config) -> (Option<String>, bool) {
    if let Some(said) = error.as_db_error() {
        return by_code(said.code(), config);
    }
    let cause = error.source();
    let Some(cause) = cause.and_then(|cause| cause.downcast_ref::<io::Error>()) else {
        let text = reason(error);
        let missing = config.get_password().is_none() && text == "password missing";
        let help = match text.as_str() {
            "server does not support TLS" => Some("sslmode=disable connects without encryption"),
            _ if missing => Some("give it in the URL, in PGPASSWORD, or in ~/.pgpass"),
            _ => None,
        };
        return (help.map(str::to_owned), error.is_closed());
    };
    if let Some(error) = tls::error(cause) {
        return (tls::help(error, &NAMES, "sslmode=verify-ca"), false);
    }
    let help = match cause.kind() {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => {
            "start the server, or correct host and port of the URL"
        }
        io::ErrorKind::PermissionDenied => "this user may not use the socket",
        _ => "correct host and port of the URL, or look for what stands between",
    };
    (Some(help.to_owned()), true)
}

fn by_code(code: &SqlState, config: &Config) -> (Option<String>, bool) {
    let name = config.get_dbname().or(config.get_user()).unwrap_or_default();
    if *code == SqlState::INVALID_PASSWORD {
        (Some("correct user and password of the URL, PGPASSWORD, or ~/.pgpass".to_owned()), false)
    } else if *code == SqlState::INVALID_CATALOG_NAME {
        (Some(format!("create it: CREATE DATABASE \"{}\"", name.replace('"', "\"\""))), true)
    } else if *code == SqlState::CANNOT_CONNECT_NOW {
        (Some("it starts or stops: `wait` waits until it answers".to_owned()), true)
    } else if *code == SqlState::TOO_MANY_CONNECTIONS {
        (Some("end other sessions, or try again".to_owned()), true)
    } else {
        (None, false)
    }
}
