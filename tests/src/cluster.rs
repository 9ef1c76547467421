//! A Postgres cluster that lives as long as the test process: one database for each test.

use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use postgres::{Client, NoTls};

/// The shell keeps the server until its standard input closes, which is when the test process ends,
/// however it ends.
const KEEPER: &str = r#"
dir=$(mktemp -d "${TMPDIR:-/tmp}/gapless-postgres.XXXXXX") || exit 1
"$1/initdb" -D "$dir/data" -U postgres -A trust -N --no-locale -E UTF8 >"$dir/log" 2>&1 || { cat "$dir/log" >&2; exit 1; }
"$1/postgres" -D "$dir/data" -k "$dir" -h 127.0.0.1 -p "$2" \
    -c fsync=off -c max_connections=200 -c log_destination=stderr >"$dir/log" 2>&1 &
server=$!
read -r _
kill -INT "$server"
wait "$server"
rm -rf "$dir"
"#;

/// A running server.
#[derive(Debug)]
pub struct Cluster {
    port: u16,
    _keeper: Child,
}

/// A database of its own.
#[derive(Clone, Debug)]
pub struct Database {
    pub port: u16,
    pub name: String,
}

/// The cluster of this process, started at the first call.
pub fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| Cluster::start(&programs()))
}

impl Cluster {
    fn start(programs: &Path) -> Cluster {
        let port = free_port();
        let mut command = if is_root() {
            // Postgres refuses to run as root.
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--", "sh"]);
            command
        } else {
            Command::new("sh")
        };
        let keeper = command
            .args(["-c", KEEPER, "keeper"])
            .arg(programs)
            .arg(port.to_string())
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("a shell starts");
        let mut cluster = Cluster { port, _keeper: keeper };
        cluster.await_server();
        cluster
    }

    fn await_server(&mut self) {
        let begun = Instant::now();
        while Client::connect(&url(self.port, "postgres"), NoTls).is_err() {
            let ended = self._keeper.try_wait().expect("the keeper can be asked");
            assert!(ended.is_none(), "Postgres did not start: {ended:?}");
            assert!(begun.elapsed() < Duration::from_secs(60), "Postgres did not start within a minute");
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// A new, empty database.
    pub fn database(&self) -> Database {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let mut client = Client::connect(&url(self.port, "postgres"), NoTls).expect("the server answers");
        client.batch_execute(&format!("CREATE DATABASE {name}")).expect("a database is created");
        Database { port: self.port, name }
    }
}

impl Database {
    /// A connection as the superuser.
    pub fn connect(&self) -> Client {
        Client::connect(&self.url(), NoTls).expect("the server answers")
    }

    /// A connection as this role.
    pub fn connect_as(&self, role: &str) -> Client {
        let url = format!("host=127.0.0.1 port={} user={role} dbname={}", self.port, self.name);
        Client::connect(&url, NoTls).expect("the server answers")
    }

    pub fn url(&self) -> String {
        url(self.port, &self.name)
    }
}

fn url(port: u16, database: &str) -> String {
    format!("postgres://postgres@127.0.0.1:{port}/{database}")
}

/// Where the server's programs are: `GAPLESS_PG_BIN`, or Debian's usual place, or the search path.
pub fn programs() -> PathBuf {
    if let Some(named) = std::env::var_os("GAPLESS_PG_BIN") {
        return named.into();
    }
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<_> = debian.map(|entry| entry.path().join("bin")).collect();
    versions.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    versions.reverse();
    versions.extend(std::env::split_paths(&path));
    versions
        .into_iter()
        .find(|directory| directory.join("initdb").exists() && directory.join("postgres").exists())
        .expect("the tests need the programs of a Postgres server: run ./test, or name their directory in GAPLESS_PG_BIN")
}

pub fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("it has an address").port()
}
