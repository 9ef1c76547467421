//! A throwaway Postgres server, and the databases of a run.

use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use postgres::{Client, NoTls};

use crate::place::Place;

/// The shell keeps the server until its standard input closes, which is when this process ends,
/// however it ends.
const KEEPER: &str = r#"
dir=$(mktemp -d "${TMPDIR:-/tmp}/gapless-bench.XXXXXX") || exit 1
"$1/initdb" -D "$dir/data" -U postgres -A trust -N --no-locale -E UTF8 >"$dir/log" 2>&1 || { cat "$dir/log" >&2; exit 1; }
printf 'fsync = off\nautovacuum = off\nmax_wal_size = 8GB\n' >>"$dir/data/postgresql.conf"
"$1/postgres" -D "$dir/data" -k "$dir" -h 127.0.0.1 -p "$2" >"$dir/log" 2>&1 &
server=$!
read -r _
kill -INT "$server"
wait "$server"
rm -rf "$dir"
"#;

/// A running server, with fsync off until it is asked for.
#[derive(Debug)]
pub struct Server {
    port: u16,
    keeper: Child,
}

impl Server {
    /// Starts a new one.
    pub fn start() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("it has an address").port();
        drop(listener);
        let mut command = if is_root() {
            // Postgres refuses to run as root.
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--", "sh"]);
            command
        } else {
            Command::new("sh")
        };
        command.args(["-c", KEEPER, "keeper"]).arg(programs()).arg(port.to_string()).current_dir("/");
        let keeper = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("a shell starts");
        let mut server = Server { port, keeper };
        let begun = Instant::now();
        while Client::connect(&server.url("postgres"), NoTls).is_err() {
            let ended = server.keeper.try_wait().expect("the keeper can be asked");
            assert!(ended.is_none(), "Postgres did not start: {ended:?}");
            assert!(begun.elapsed() < Duration::from_secs(60), "Postgres did not start within a minute");
            thread::sleep(Duration::from_millis(50));
        }
        server
    }

    /// Where this database is.
    pub fn url(&self, database: &str) -> String {
        url(self.port, database)
    }

    /// A connection to this database.
    pub fn connect(&self, database: &str) -> Client {
        Client::connect(&self.url(database), NoTls).expect("the server answers")
    }

    /// The major version.
    pub fn version(&self) -> u32 {
        let version = self.setting("server_version_num");
        version.parse::<u32>().expect("a number") / 10_000
    }

    /// A setting's value, as text.
    pub fn setting(&self, name: &str) -> String {
        let row = self.connect("postgres").query_one("SELECT current_setting($1)", &[&name]);
        row.expect("the setting exists").get(0)
    }

    /// Switches fsync.
    pub fn fsync(&self, value: &str) {
        let mut client = self.connect("postgres");
        client.batch_execute(&format!("ALTER SYSTEM SET fsync = {value}")).expect("it is set");
        client.batch_execute("SELECT pg_reload_conf()").expect("it is read again");
        while self.setting("fsync") != value {
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// How often the server has synced its log, once the sessions in this database have ended.
    pub fn wal_syncs(&self, database: &str) -> u64 {
        let mut client = self.connect("postgres");
        let users = "SELECT count(*) FROM pg_stat_activity WHERE datname = $1";
        while client.query_one(users, &[&database]).expect("sessions are counted").get::<_, i64>(0) > 0 {
            thread::sleep(Duration::from_millis(5));
        }
        let syncs = if self.version() >= 18 {
            "SELECT sum(fsyncs)::bigint FROM pg_stat_io WHERE object = 'wal'"
        } else {
            "SELECT wal_sync FROM pg_stat_wal"
        };
        let row = client.query_one(syncs, &[]).expect("the server counts syncs");
        u64::try_from(row.get::<_, i64>(0)).expect("a count")
    }
}

impl Place for Server {
    fn port(&self) -> u16 {
        self.port
    }

    fn url(&self, port: u16, database: &str) -> String {
        url(port, database)
    }

    fn create(&self, name: &str, template: Option<&str>) {
        let template = template.unwrap_or("template1");
        let mut client = self.connect("postgres");
        let begun = Instant::now();
        // Copying files is quicker than logging their pages; the checkpoint it asks for costs nothing without fsync.
        let strategy = if self.version() >= 15 { "STRATEGY file_copy" } else { "" };
        while let Err(error) =
            client.batch_execute(&format!("CREATE DATABASE {name} TEMPLATE {template} {strategy}"))
        {
            // The server's process for the last client of the template may take a moment to leave.
            assert!(begun.elapsed() < Duration::from_secs(30), "no copy of `{template}`: {error}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn drop(&self, name: &str) {
        let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        self.connect("postgres").batch_execute(&drop).expect("a database is dropped");
    }

    fn tables(&self, database: &str) -> u64 {
        let count = "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relname ~ '^t[0-9]+$'";
        let row = self.connect(database).query_one(count, &[]).expect("tables are counted");
        u64::try_from(row.get::<_, i64>(0)).expect("a count")
    }
}

/// Where a database is, on the server or on a proxy before it.
fn url(port: u16, database: &str) -> String {
    format!("postgres://postgres@127.0.0.1:{port}/{database}")
}

/// Where the server's programs are: `GAPLESS_PG_BIN`, or Debian's usual place, or the search path.
fn programs() -> PathBuf {
    if let Some(named) = std::env::var_os("GAPLESS_PG_BIN") {
        return named.into();
    }
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut places: Vec<_> = debian.map(|entry| entry.path().join("bin")).collect();
    places.sort();
    places.reverse();
    places.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    places.into_iter().find(|place| place.join("initdb").exists() && place.join("postgres").exists()).expect(
        "the benchmark needs the programs of a Postgres server: name their directory in GAPLESS_PG_BIN",
    )
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}
