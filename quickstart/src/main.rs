//! Embeds the example migrations, and applies them to a SQLite file or to `DATABASE_URL`. `migrate` has the commands.

use std::error::Error;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use gapless::{Connection, Event, MigrationSet, embed_migrations};
use gapless_cli::Migrate;

static MIGRATIONS: MigrationSet = embed_migrations!("../migrations");

/// The same for MySQL and MariaDB, whose SQL differs too much for one file to serve all.
static MYSQL: MigrationSet = embed_migrations!("../migrations-mysql", dialect = "mysql");

const FILE: &str = "quickstart.db";

/// Applies the example migrations to quickstart.db, or to the database of DATABASE_URL
#[derive(Parser)]
struct Quickstart {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Look at the database and its migrations, and change them
    #[command(subcommand)]
    Migrate(Migrate),
}

fn main() -> ExitCode {
    let url = std::env::var("DATABASE_URL").unwrap_or_else(|_| FILE.to_owned());
    let outcome = match Quickstart::parse().command {
        None => open(&url, Start),
        Some(Command::Migrate(command)) => open(&url, command),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::FAILURE
    })
}

/// What to do with the database, whichever it is.
trait Task {
    fn run<C: Connection>(
        self,
        name: &str,
        migrations: &'static MigrationSet,
        client: &mut C,
    ) -> Result<ExitCode, Box<dyn Error>>;
}

/// Applies what is pending, as a service does before it serves.
struct Start;

impl Task for Start {
    fn run<C: Connection>(
        self,
        name: &str,
        migrations: &'static MigrationSet,
        client: &mut C,
    ) -> Result<ExitCode, Box<dyn Error>> {
        println!("database: {name}");
        let plan = migrations.runner().plan(client)?;
        if !plan.is_empty() {
            println!("plan: {plan}");
        }
        let progress = |event: &Event<'_>| match event {
            Event::Applying(_) | Event::Waiting { .. } | Event::Retrying { .. } => println!("{event}"),
            _ => {}
        };
        let report = migrations.runner().on_event(progress).run(client)?;
        println!("{report}");
        Ok(ExitCode::SUCCESS)
    }
}

impl Task for Migrate {
    fn run<C: Connection>(
        self,
        _: &str,
        migrations: &'static MigrationSet,
        client: &mut C,
    ) -> Result<ExitCode, Box<dyn Error>> {
        Ok(Migrate::run(self, migrations.runner(), client).into())
    }
}

fn open(url: &str, task: impl Task) -> Result<ExitCode, Box<dyn Error>> {
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        let mut client = postgres::Client::connect(url, postgres::NoTls)
            .map_err(|error| format!("cannot reach the database of DATABASE_URL: {}", reason(&error)))?;
        return task.run("Postgres", &MIGRATIONS, &mut client);
    }
    if let Some(rest) = url.strip_prefix("mysql://").or_else(|| url.strip_prefix("mariadb://")) {
        let connected = mysql::Opts::from_url(&format!("mysql://{rest}")).map_err(mysql::Error::from);
        let mut client = connected
            .and_then(mysql::Conn::new)
            .map_err(|error| format!("cannot reach the database of DATABASE_URL: {}", reason(&error)))?;
        return task.run("MySQL or MariaDB", &MYSQL, &mut client);
    }
    let path = url.strip_prefix("sqlite:").unwrap_or(url);
    let mut connection =
        rusqlite::Connection::open(path).map_err(|error| format!("cannot open the SQLite file: {error}"))?;
    task.run(&format!("SQLite, {path}"), &MIGRATIONS, &mut connection)
}

/// The innermost cause, which is the one that helps.
fn reason(error: &dyn Error) -> String {
    error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {}", reason(source)))
}

#[cfg(test)]
mod tests {
    #[test]
    fn embedded_migrations_are_current() {
        super::MIGRATIONS.assert_current();
        super::MYSQL.assert_current();
    }
}
