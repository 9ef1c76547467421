//! Says why a connection could not be had, and the way out.

use std::io;

use mysql::{DriverError, Error, MySqlError};

use super::relay::Cut;
use super::tls::NAMES;
use super::{Endpoint, Place};
use crate::binary::connect::Refusal;
use crate::binary::tls;

/// Why there is no connection.
#[derive(Debug)]
pub(super) enum Failure {
    Driver(Error),
    Relay(Cut),
}

/// A reason with the way out, and true if it may pass by itself.
type Advice = (String, Option<String>, bool);

impl Failure {
    /// True if the connection may succeed without encryption.
    pub(super) fn is_of_encryption(&self) -> bool {
        matches!(self, Failure::Relay(Cut::Unencrypted | Cut::Handshake(_)))
    }
}

impl Endpoint {
    pub(super) fn refusal(&self, failure: &Failure) -> Refusal {
        let (reason, help, may_pass) = self.advice(failure);
        let help = help.map(|help| format!("\nhelp: {help}")).unwrap_or_default();
        let message = format!("cannot connect to {}: {reason}{help}", self.shown());
        let code = match failure {
            Failure::Driver(Error::MySqlError(said)) => Some(said.code.to_string()),
            _ => None,
        };
        Refusal { message, code, may_pass }
    }

    /// Database, host, port and user.
    fn shown(&self) -> String {
        let place = match &self.place {
            Place::Socket(path) => path.clone(),
            Place::Tcp(host, port) if host.contains(':') => format!("[{host}]:{port}"),
            Place::Tcp(host, port) => format!("{host}:{port}"),
        };
        let user = self.user.as_ref().map(|user| format!(" as `{user}`")).unwrap_or_default();
        format!("database `{}` at {place}{user}", self.database)
    }

    fn advice(&self, failure: &Failure) -> Advice {
        match failure {
            Failure::Driver(Error::MySqlError(said)) => self.by_code(said),
            Failure::Driver(Error::DriverError(error)) => by_driver(error),
            Failure::Driver(Error::IoError(error)) | Failure::Relay(Cut::Lost(error)) => {
                let reason = format!("the connection was lost: {}", plain(error));
                (reason, Some("look for what stands between, or at the server's log".to_owned()), true)
            }
            Failure::Driver(other) => (other.to_string(), None, false),
            Failure::Relay(Cut::Unreachable(error)) => unreachable(error.kind(), &plain(error)),
            Failure::Relay(Cut::Unencrypted) => by_driver(&DriverError::TlsNotSupported),
            Failure::Relay(Cut::Handshake(error)) => match tls::error(error) {
                Some(error) => {
                    let reason = tls::reason(error).map_or_else(|| error.to_string(), str::to_owned);
                    (reason, tls::help(error, &NAMES, "ssl-mode=verify-ca"), false)
                }
                None => (format!("no agreement on encryption: {}", plain(error)), None, false),
            },
        }
    }

    /// Sources: MySQL 8.4 "Server Error Message Reference", MariaDB "Error Codes".
    fn by_code(&self, said: &MySqlError) -> Advice {
        let name = &self.database;
        let (help, may_pass) = match said.code {
            1045 if self.password.is_none() => {
                ("give the password in the URL, or in MYSQL_PWD".to_owned(), false)
            }
            1045 => ("correct user and password of the URL, or MYSQL_PWD".to_owned(), false),
            // The server knows this user by the socket alone.
            1698 => {
                let help = "connect as that user of the system with ?socket=/run/mysqld/mysqld.sock, or as a user with a \
                            password";
                (help.to_owned(), false)
            }
            1049 => (format!("create it: CREATE DATABASE `{}`", name.replace('`', "``")), true),
            1044 => (
                format!("create it, and grant it: GRANT ALL ON `{}`.* TO this user", name.replace('`', "``")),
                true,
            ),
            1040 | 1203 | 1226 => ("end other sessions, or try again".to_owned(), true),
            1053 => ("it starts or stops: `wait` waits until it answers".to_owned(), true),
            1129 => ("unblock this host: FLUSH HOSTS, or mariadb-admin flush-hosts".to_owned(), false),
            3159 | 4151 => ("ssl-mode=required encrypts the connection".to_owned(), false),
            _ => return (said.message.clone(), None, false),
        };
        (said.message.clone(), Some(help), may_pass)
    }
}

fn by_driver(error: &DriverError) -> Advice {
    match error {
        DriverError::CouldNotConnect(Some((_, said, kind))) => unreachable(*kind, cut(said)),
        DriverError::ConnectTimeout => unreachable(io::ErrorKind::TimedOut, "no answer in time"),
        DriverError::TlsNotSupported => {
            let help = "ssl-mode=disabled connects without encryption";
            ("the server does not encrypt".to_owned(), Some(help.to_owned()), false)
        }
        DriverError::UnknownAuthPlugin(name) => unknown_login(name),
        DriverError::OldMysqlPasswordDisabled => unknown_login("mysql_old_password"),
        DriverError::CleartextPluginDisabled => unknown_login("mysql_clear_password"),
        other => (other.to_string(), None, false),
    }
}

fn unknown_login(name: &str) -> Advice {
    let help = "give the user a password with mysql_native_password or caching_sha2_password";
    (format!("the server asks for a login by {name}, which is not known here"), Some(help.to_owned()), false)
}

fn unreachable(kind: io::ErrorKind, said: &str) -> Advice {
    let help = match kind {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => {
            "start the server, or correct host and port of the URL"
        }
        io::ErrorKind::PermissionDenied => "this user may not use the socket",
        _ => "correct host and port of the URL, or look for what stands between",
    };
    (said.to_owned(), Some(help.to_owned()), true)
}

fn plain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::TimedOut => "no answer in time".to_owned(),
        _ => cut(&error.to_string()).to_owned(),
    }
}

/// Without the number of the system's error.
fn cut(said: &str) -> &str {
    said.find(" (os error").map_or(said, |at| &said[..at])
}
