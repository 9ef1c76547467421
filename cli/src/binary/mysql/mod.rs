//! Connects to MySQL and MariaDB.

mod beside;
mod refusal;
mod relay;
mod tls;

use std::path::Path;
use std::time::Duration;

use mysql::prelude::Queryable;
use mysql::{Conn, OptsBuilder};

use self::refusal::Failure;
use self::relay::{Cut, Relays, Target};
use super::connect::{Connected, Refusal};
use super::mysql_url::MysqlUrl;
use crate::exit::CommandError;

/// The server's own port, and where Debian, Red Hat and the makers have its socket.
const PORT: u16 = 3306;
const SOCKETS: [&str; 4] = [
    "/run/mysqld/mysqld.sock",
    "/var/run/mysqld/mysqld.sock",
    "/var/lib/mysql/mysql.sock",
    "/tmp/mysql.sock",
];

/// Longer than a network needs, and shorter than a system waits for a host that does not answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// Names a server: another one has other sessions under the same numbers.
const SERVER: &str = "SELECT concat(@@hostname, ':', @@port)";

/// A server and database to connect to, as often as needed.
#[derive(Clone, Debug)]
pub(super) struct Endpoint {
    place: Place,
    user: Option<String>,
    password: Option<Password>,
    database: String,
    /// As a statement names it.
    tracker: String,
    timeout: Duration,
    attempts: Vec<Security>,
    relays: Relays,
}

/// Where the server listens.
#[derive(Clone, Debug)]
enum Place {
    Socket(String),
    Tcp(String, u16),
}

/// A way to speak to the server.
#[derive(Clone, Debug)]
enum Security {
    Plain,
    Encrypted(tls::Configuration),
}

/// Never printed.
#[derive(Clone)]
struct Password(String);

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl Endpoint {
    /// Completes the URL from the environment and reads the certificates that it names. The tracker's schema and table are
    /// those of the configuration.
    ///
    /// # Errors
    ///
    /// A URL without a database, parameters that cannot be, and files that cannot be read.
    pub(super) fn new(url: &MysqlUrl, tracker: [Option<&str>; 2]) -> Result<Endpoint, CommandError> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let database = url.find("dbname").ok_or_else(|| {
            CommandError::usage(
                "the URL names no database\nhelp: write it behind the host: mysql://user@host/database",
            )
        })?;
        let timeout = match url.find("connect-timeout").map(str::parse) {
            None => CONNECT_TIMEOUT,
            Some(Ok(seconds)) => Duration::from_secs(seconds),
            Some(Err(_)) => return Err(CommandError::usage("connect-timeout is a number of seconds")),
        };
        let place = Place::of(url);
        Ok(Endpoint {
            attempts: tls::attempts(url, &place).map_err(CommandError::usage)?,
            place,
            user: url.find("user").map(str::to_owned).or_else(|| variable("USER")),
            password: url.find("password").map(str::to_owned).or_else(|| variable("MYSQL_PWD")).map(Password),
            database: database.to_owned(),
            tracker: beside::tracker(tracker),
            timeout,
            relays: Relays::default(),
        })
    }

    /// Opens a connection.
    pub(super) fn connect(&self) -> Result<Connected<Conn>, Refusal> {
        let mut client = self.open()?;
        let refused = |error| self.refusal(&Failure::Driver(error));
        let server: Option<String> = client.query_first(SERVER).map_err(refused)?;
        let server = server.unwrap_or_default();
        let interrupt = Box::new(self.killer(&client, server.clone()));
        Ok(Connected { client, interrupt, beside: Some(beside::beside(self.clone(), server)) })
    }

    /// Opens a connection without a way to interrupt it.
    fn open(&self) -> Result<Conn, Refusal> {
        let mut last = None;
        for security in &self.attempts {
            match self.connect_by(security) {
                Ok(client) => return Ok(client),
                // Without encryption it may succeed.
                Err(failure) if failure.is_of_encryption() => last = Some(failure),
                Err(failure) => return Err(self.refusal(&failure)),
            }
        }
        Err(last.map(|failure| self.refusal(&failure)).unwrap_or_default())
    }

    fn connect_by(&self, security: &Security) -> Result<Conn, Failure> {
        let options = OptsBuilder::new()
            .user(self.user.as_deref())
            .pass(self.password.as_ref().map(|password| &*password.0))
            .db_name(Some(&*self.database))
            .tcp_connect_timeout(Some(self.timeout))
            .prefer_socket(false);
        match (&self.place, security) {
            (Place::Socket(path), _) => Conn::new(options.socket(Some(&**path))).map_err(Failure::Driver),
            (Place::Tcp(host, port), Security::Plain) => {
                let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
                Conn::new(options.ip_or_hostname(Some(host)).tcp_port(*port)).map_err(Failure::Driver)
            }
            (Place::Tcp(host, port), Security::Encrypted(configuration)) => {
                let configuration = configuration.clone();
                let target = Target { host: host.clone(), port: *port, configuration, timeout: self.timeout };
                let relay = self.relays.open(target).map_err(|error| Failure::Relay(Cut::Lost(error)))?;
                let connected = Conn::new(options.socket(relay.path().to_str()));
                connected.map_err(|error| match (&error, relay.cut()) {
                    // The server's own words, which the relay passed on.
                    (mysql::Error::MySqlError(_), _) | (_, None) => Failure::Driver(error),
                    (_, Some(cut)) => Failure::Relay(cut),
                })
            }
        }
    }

    /// Cancels what the client's session runs, over a connection like its own.
    fn killer(&self, client: &Conn, server: String) -> impl FnMut() + Send + 'static {
        let (endpoint, id) = (self.clone(), client.connection_id());
        move || {
            // A server that cannot be reached now is asked again.
            if let Some(mut beside) = endpoint.open_at(&server) {
                let _ = beside.query_drop(format!("KILL QUERY {id}"));
            }
        }
    }

    /// Opens a connection beside another. Behind a balancer it may lead elsewhere, where the number of a session is
    /// another's.
    fn open_at(&self, server: &str) -> Option<Conn> {
        let mut beside = self.open().ok()?;
        let there: Option<String> = beside.query_first(SERVER).ok()?;
        (there.as_deref() == Some(server)).then_some(beside)
    }
}

impl Place {
    fn of(url: &MysqlUrl) -> Place {
        let port = url.find("port").and_then(|port| port.parse().ok()).unwrap_or(PORT);
        let usual = || SOCKETS.into_iter().find(|path| Path::new(path).exists());
        match (url.find("socket"), url.find("host")) {
            (Some(socket), _) => Place::Socket(socket.to_owned()),
            (None, Some(host)) if host.starts_with('/') => Place::Socket(host.to_owned()),
            (None, Some(host)) => Place::Tcp(host.to_owned(), port),
            (None, None)
                if url.find("port").is_none()
                    && let Some(socket) = usual() =>
            {
                Place::Socket(socket.to_owned())
            }
            (None, None) => Place::Tcp("localhost".to_owned(), port),
        }
    }
}
