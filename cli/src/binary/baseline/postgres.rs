//! Throwaway databases on a Postgres server, written down by `pg_dump`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use postgres::Client;
use postgres::error::SqlState;

use super::dump::cleaned;
use super::{Scratch, Written};
use crate::binary::configuration::Configuration;
use crate::binary::connect::Connected;
use crate::binary::parameters::Parameters;
use crate::binary::postgres::Endpoint;
use crate::exit::CommandError;
use crate::output::complain;

/// A server, and the databases that were created on it.
pub(super) struct Server {
    parameters: Parameters,
    client: Client,
    program: PathBuf,
    schema: String,
    created: Vec<String>,
}

impl Server {
    /// Connects, and looks for `pg_dump`.
    pub(super) fn new(
        parameters: Parameters,
        program: Option<&str>,
        configuration: &Configuration,
    ) -> Result<Server, CommandError> {
        let program = find(program)?;
        let Connected { client, .. } = Endpoint::new(parameters.clone())?.connect()?;
        let schema = configuration.schema.as_ref().map_or("public", |schema| &*schema.value).to_owned();
        Ok(Server { parameters, client, program, schema, created: Vec::new() })
    }

    /// `pg_dump` for this database. What it needs to connect stands in its environment, where nobody sees it.
    fn dump(&self, database: &str, table: &str) -> Command {
        let mut command = Command::new(&self.program);
        for (key, variable) in VARIABLES {
            if let Some(value) = self.parameters.find(key) {
                command.env(variable, value);
            }
        }
        command.env("PGDATABASE", database).env("LC_ALL", "C");
        command.args(["--schema-only", "--no-owner", "--no-privileges", "--encoding=UTF8"]);
        for name in [table.to_owned(), format!("{table}_journal")] {
            let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
            command.arg(format!("--exclude-table={}.{}", quoted(&self.schema), quoted(&name)));
        }
        command
    }
}

/// Parameters, and the variables by which libpq knows them.
const VARIABLES: [(&str, &str); 12] = [
    ("host", "PGHOST"),
    ("hostaddr", "PGHOSTADDR"),
    ("port", "PGPORT"),
    ("user", "PGUSER"),
    ("password", "PGPASSWORD"),
    ("options", "PGOPTIONS"),
    ("sslmode", "PGSSLMODE"),
    ("sslrootcert", "PGSSLROOTCERT"),
    ("sslcert", "PGSSLCERT"),
    ("sslkey", "PGSSLKEY"),
    ("connect_timeout", "PGCONNECT_TIMEOUT"),
    ("application_name", "PGAPPNAME"),
];

/// Finds the program: as it is named, in the search path, or where Debian has those of every version.
fn find(named: Option<&str>) -> Result<PathBuf, CommandError> {
    if let Some(named) = named {
        return Ok(named.into());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<_> = std::env::split_paths(&path).collect();
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<_> = debian.map(|version| version.path().join("bin")).collect();
    // The newest reads the servers before it too.
    versions.sort_by_key(|place| std::cmp::Reverse(number(place)));
    places.extend(versions);
    places.into_iter().map(|place| place.join("pg_dump")).find(|program| program.is_file()).ok_or_else(|| {
        CommandError::failed(
            "pg_dump is not installed\nhelp: install the client programs of Postgres, or name the program with --pg-dump",
        )
    })
}

fn number(place: &Path) -> u32 {
    let version = place.parent().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    version.and_then(|version| version.parse().ok()).unwrap_or_default()
}

impl Scratch for Server {
    type Client = Client;

    fn create(&mut self) -> Result<Client, CommandError> {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let name = format!("gapless_scratch_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        // Nothing that somebody has added to the template is in the way of the proof.
        let create = format!("CREATE DATABASE \"{name}\" TEMPLATE template0");
        self.client.batch_execute(&create).map_err(|error| not_created(&error))?;
        self.created.push(name.clone());
        let mut parameters = self.parameters.clone();
        parameters.add("dbname", name);
        Ok(Endpoint::new(parameters)?.connect()?.client)
    }

    fn write_down(&mut self, client: &mut Client, table: &str) -> Result<Written, CommandError> {
        let Some(database) = self.created.last() else {
            return Err(CommandError::failed("no database was created"));
        };
        let output = self.dump(database, table).output().map_err(|error| {
            CommandError::failed(format!("cannot start {}: {error}", self.program.display()))
        })?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(CommandError::failed(format!(
                "pg_dump failed: {said}\nhelp: it must be as new as the server; --pg-dump names another one"
            )));
        }
        let dump = String::from_utf8_lossy(&output.stdout);
        let sql = cleaned(&dump)
            .map_err(|_| CommandError::failed("the output of pg_dump cannot be read as SQL"))?;
        let version = dump.lines().find_map(|line| line.strip_prefix("-- Dumped by pg_dump version "));
        let source = format!("gapless baseline with pg_dump {}", version.unwrap_or("of an unknown version"));
        Ok(Written { sql, source, filled: filled(client, &self.schema, table)? })
    }
}

/// The tables that have rows, other than the tracker's.
fn filled(client: &mut Client, schema: &str, table: &str) -> Result<Vec<String>, CommandError> {
    let failed =
        |error: postgres::Error| CommandError::failed(format!("cannot look for rows: {}", said(&error)));
    let tables = "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = \
                  c.relnamespace WHERE c.relkind = 'r' AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> \
                  'information_schema' AND NOT (n.nspname = $1 AND c.relname IN ($2, $3)) ORDER BY 1";
    let journal = format!("{table}_journal");
    let mut filled = Vec::new();
    for row in client.query(tables, &[&schema, &table, &journal]).map_err(failed)? {
        let name: String = row.get(0);
        let query = format!("SELECT EXISTS (SELECT FROM {name})");
        if client.query_one(&query, &[]).map_err(failed)?.get(0) {
            filled.push(name);
        }
    }
    Ok(filled)
}

fn not_created(error: &postgres::Error) -> CommandError {
    if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) {
        return CommandError::failed(
            "the role may not create databases, and a baseline is written from a throwaway database\nhelp: connect as a \
             role with CREATEDB, or to a server of your own",
        );
    }
    CommandError::failed(format!("cannot create a throwaway database: {}", said(error)))
}

fn said(error: &postgres::Error) -> String {
    error.as_db_error().map_or_else(|| error.to_string(), |error| error.message().to_owned())
}

impl Drop for Server {
    fn drop(&mut self) {
        for name in &self.created {
            // The connections to it have been closed, and the server may not have noticed yet.
            let forced =
                self.client.batch_execute(&format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)"));
            let dropped =
                forced.or_else(|_| self.client.batch_execute(&format!("DROP DATABASE IF EXISTS \"{name}\"")));
            if let Err(error) = dropped {
                complain(format_args!("warning: cannot drop the throwaway database {name}: {error}"));
            }
        }
    }
}
