//! A throwaway MariaDB server, and the databases of a run.

use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use mysql::prelude::Queryable;
use mysql::{Conn, OptsBuilder};

use crate::place::Place;

/// The shell keeps the server until its standard input closes, which is when this process ends,
/// however it ends.
const KEEPER: &str = r#"
dir=$(mktemp -d "${TMPDIR:-/tmp}/gapless-bench.XXXXXX") || exit 1
"$1" --no-defaults --datadir="$dir/data" --auth-root-authentication-method=normal --skip-test-db $4 \
    >"$dir/log" 2>&1 || { cat "$dir/log" >&2; exit 1; }
"$2" --no-defaults --datadir="$dir/data" --socket="$dir/socket" --pid-file="$dir/pid" --bind-address=127.0.0.1 \
    --port="$3" --innodb-flush-log-at-trx-commit=0 --skip-log-bin $4 >"$dir/log" 2>&1 &
server=$!
read -r _
kill -KILL "$server"
wait "$server"
rm -rf "$dir"
"#;

/// A running server that does not wait for its log.
#[derive(Debug)]
pub struct MariaDb {
    port: u16,
    keeper: Child,
}

impl MariaDb {
    /// Starts a new one; none where its programs are missing.
    pub fn start() -> Option<MariaDb> {
        let programs = [program("mariadb-install-db")?, program("mariadbd")?];
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("it has an address").port();
        drop(listener);
        let root = std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
        let mut command = Command::new("sh");
        command.args(["-c", KEEPER, "keeper"]).args(programs).arg(port.to_string());
        command.arg(if root { "--user=root" } else { "" }).current_dir("/");
        let keeper = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("a shell starts");
        let mut server = MariaDb { port, keeper };
        let begun = Instant::now();
        while server.connect(None).is_err() {
            let ended = server.keeper.try_wait().expect("the keeper can be asked");
            assert!(ended.is_none(), "MariaDB did not start: {ended:?}");
            assert!(begun.elapsed() < Duration::from_secs(60), "MariaDB did not start within a minute");
            thread::sleep(Duration::from_millis(50));
        }
        Some(server)
    }

    fn connect(&self, database: Option<&str>) -> mysql::Result<Conn> {
        let options = OptsBuilder::new().ip_or_hostname(Some("127.0.0.1")).tcp_port(self.port);
        Conn::new(options.prefer_socket(false).user(Some("root")).db_name(database))
    }

    fn client(&self, database: Option<&str>) -> Conn {
        self.connect(database).expect("the server answers")
    }

    /// Its version, up to the first dash.
    pub fn version(&self) -> String {
        let version: Option<String> = self.client(None).query_first("SELECT version()").expect("it has one");
        version.unwrap_or_default().split('-').next().unwrap_or_default().to_owned()
    }
}

impl Place for MariaDb {
    fn port(&self) -> u16 {
        self.port
    }

    fn url(&self, port: u16, database: &str) -> String {
        format!("mysql://root@127.0.0.1:{port}/{database}")
    }

    fn create(&self, name: &str, template: Option<&str>) {
        let mut client = self.client(None);
        client.query_drop(format!("CREATE DATABASE {name}")).expect("a database is created");
        let Some(template) = template else { return };
        let columns = format!(
            "SELECT TABLE_NAME, group_concat(concat('`', COLUMN_NAME, '`') ORDER BY ORDINAL_POSITION) \
             FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = '{template}' \
             AND coalesce(GENERATION_EXPRESSION, '') = '' GROUP BY TABLE_NAME"
        );
        let tables: Vec<(String, String)> = client.query(columns).expect("tables are listed");
        for (table, columns) in tables {
            let like = format!("CREATE TABLE {name}.`{table}` LIKE {template}.`{table}`");
            client.query_drop(like).expect("a table is copied");
            let rows = format!(
                "INSERT INTO {name}.`{table}` ({columns}) SELECT {columns} FROM {template}.`{table}`"
            );
            client.query_drop(rows).expect("rows are copied");
        }
    }

    fn drop(&self, name: &str) {
        self.client(None)
            .query_drop(format!("DROP DATABASE IF EXISTS {name}"))
            .expect("a database is dropped");
    }

    fn tables(&self, database: &str) -> u64 {
        let count = "SELECT count(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = database() \
                     AND TABLE_NAME REGEXP '^t[0-9]+$'";
        self.client(Some(database)).query_first(count).expect("tables are counted").unwrap_or_default()
    }
}

/// Where a program of the server is: in `GAPLESS_MARIADB_BIN`, Debian's usual places, or the search path.
fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<_> = std::env::var_os("GAPLESS_MARIADB_BIN").into_iter().map(PathBuf::from).collect();
    places.extend(["/usr/sbin", "/usr/bin"].map(PathBuf::from));
    places.extend(std::env::split_paths(&path));
    places.into_iter().map(|place| place.join(name)).find(|program| program.exists())
}
