//! Connects to Postgres as libpq does, by the same parameters and variables.

mod beside;
mod defaults;
mod passfile;
mod refusal;
mod tls;

use std::error::Error as StdError;
use std::io;

use postgres::config::SslMode;
use postgres::error::SqlState;
use postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::connect::{Connected, Refusal};
use super::parameters::Parameters;
use super::tls as certificates;
use crate::exit::CommandError;
use crate::output::complain;
pub(super) use beside::beside;

/// A server and database to connect to, as often as needed.
pub(super) struct Endpoint {
    config: Config,
    attempts: Vec<Security>,
}

/// A way to speak to the server.
#[derive(Clone)]
pub(super) enum Security {
    Plain,
    Encrypted(SslMode, MakeRustlsConnect),
}

impl Endpoint {
    /// Completes the parameters from the environment and reads the certificates that they name.
    ///
    /// # Errors
    ///
    /// Parameters that cannot be, and files that cannot be read.
    pub(super) fn new(parameters: Parameters) -> Result<Endpoint, CommandError> {
        let (mut parameters, warning) = defaults::complete(parameters, |name| std::env::var(name).ok());
        if let Some(warning) = warning {
            complain(format_args!("warning: {warning}"));
        }
        if parameters.take("service").is_some() {
            return Err(CommandError::usage(
                "connection services are not known here\nhelp: write host, user and dbname out",
            ));
        }
        let attempts = tls::attempts(&mut parameters).map_err(CommandError::usage)?;
        let config = parameters.pairs().parse().map_err(|error: postgres::Error| {
            CommandError::usage(format!("the database's URL cannot be used: {}", refusal::reason(&error)))
        })?;
        Ok(Endpoint { config, attempts })
    }

    /// Opens a connection.
    pub(super) fn connect(&self) -> Result<Connected<Client>, Refusal> {
        let mut first = None;
        for security in &self.attempts {
            let error = match security.connect(&self.config) {
                Ok(client) => {
                    let interrupt = Box::new(security.canceller(&client));
                    return Ok(Connected { client, interrupt, beside: None });
                }
                Err(error) => error,
            };
            let goes_on = may_differ(&error);
            first.get_or_insert(error);
            if !goes_on {
                break;
            }
        }
        Err(first.map(|error| Refusal::new(&error, &self.config)).unwrap_or_default())
    }
}

impl Security {
    fn connect(&self, config: &Config) -> Result<Client, postgres::Error> {
        let mut config = config.clone();
        match self {
            Security::Plain => config.ssl_mode(SslMode::Disable).connect(NoTls),
            Security::Encrypted(mode, tls) => config.ssl_mode(*mode).connect(tls.clone()),
        }
    }

    /// Cancels what the client's session runs, over a connection like its own.
    fn canceller(&self, client: &Client) -> impl FnMut() + Send + 'static {
        let (token, security) = (client.cancel_token(), self.clone());
        move || {
            // A server that cannot be reached now is asked again.
            let _ = match &security {
                Security::Plain => token.cancel_query(NoTls),
                Security::Encrypted(_, tls) => token.cancel_query(tls.clone()),
            };
        }
    }
}

/// True if the connection may succeed with encryption where it failed without, or the other way round.
fn may_differ(error: &postgres::Error) -> bool {
    if let Some(said) = error.as_db_error() {
        return *said.code() == SqlState::INVALID_AUTHORIZATION_SPECIFICATION;
    }
    let cut = [io::ErrorKind::UnexpectedEof, io::ErrorKind::ConnectionReset];
    let cause = error.source().and_then(|cause| cause.downcast_ref::<io::Error>());
    cause.is_some_and(|cause| certificates::error(cause).is_some() || cut.contains(&cause.kind()))
}
