//! `baseline`: writes one file that stands for all migrations up to a version, and proves it equal to them.

mod dump;
mod mirror;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

use gapless::{Connection, Error, MigrationSet, Runner, Version};

use self::mirror::Mirror;
use super::configuration::Configuration;
use super::connect::runner;
use super::database_url::DatabaseUrl;
use super::files;
use super::files::tree::Tree;
use crate::exit::{CommandError, Exit};
use crate::output::Output;
use crate::output::complain;

#[derive(Clone, Debug, clap::Args)]
pub(in crate::binary) struct Arguments {
    /// Version up to which the baseline stands for the migrations
    version: Version,
    /// Name of the baseline
    #[arg(default_value = "baseline")]
    name: String,
    /// Write the file even if its schema differs from that of the migrations
    #[arg(long)]
    unproven: bool,
    /// Program that writes schemas down [default: `pg_dump`, as the search path finds it]
    #[arg(long, value_name = "PROGRAM")]
    pg_dump: Option<String>,
}

/// What a throwaway database has shown.
#[derive(Debug)]
struct Written {
    /// The statements that create the schema.
    sql: String,
    /// What has written them down.
    source: String,
    /// The tables that have rows, which the statements lack.
    filled: Vec<String>,
}

/// Databases that live as long as the command.
trait Scratch {
    type Client: Connection;

    /// Creates an empty database.
    fn create(&mut self) -> Result<Self::Client, CommandError>;

    /// Writes down the schema of the database that was created last, without the tracker.
    fn write_down(&mut self, client: &mut Self::Client, table: &str) -> Result<Written, CommandError>;
}

pub(in crate::binary) fn run(
    arguments: &Arguments,
    configuration: &Configuration,
    output: &mut Output,
) -> Result<Exit, CommandError> {
    let Some(url) = &configuration.database_url else {
        return Err(CommandError::usage(
            "no database is named\nhelp: set DATABASE_URL, or give --database-url: the baseline comes from a throwaway \
             database on that server, or of SQLite",
        ));
    };
    let url = DatabaseUrl::parse(&url.value).map_err(CommandError::usage)?;
    let mirror = Mirror::new(configuration, url.syntax(), arguments.version)?;
    mirror.file_name(&arguments.name)?;
    match url {
        #[cfg(feature = "postgres")]
        DatabaseUrl::Postgres(parameters) => {
            let mut scratch = postgres::Server::new(parameters, arguments.pg_dump.as_deref(), configuration)?;
            write(arguments, configuration, &mirror, &mut scratch, output)
        }
        #[cfg(feature = "sqlite")]
        DatabaseUrl::Sqlite(_) => write(arguments, configuration, &mirror, &mut sqlite::Memory, output),
        #[allow(unreachable_patterns, reason = "of a program that was built with both databases")]
        _ => Err(CommandError::usage("this program was built without this kind of database")),
    }
}

fn write<S: Scratch>(
    arguments: &Arguments,
    configuration: &Configuration,
    mirror: &Mirror,
    scratch: &mut S,
    output: &mut Output,
) -> Result<Exit, CommandError> {
    let version = arguments.version;
    let set = mirror.scan()?;
    let mut client = scratch.create()?;
    output.line(format_args!("applying versions up to {version} to a throwaway database"))?;
    runner(configuration, &set).target(version).run(&mut client)?;
    let table = configuration.table.as_ref().map_or("applied_migrations", |table| &*table.value);
    let written = scratch.write_down(&mut client, table)?;
    drop(client);
    if written.sql.is_empty() {
        return Err(CommandError::failed(format!(
            "versions up to {version} create nothing\nhelp: no baseline is needed"
        )));
    }
    let text = format!(
        "-- Stands for versions up to {version} on an empty database. Written by {}.\n\n{}",
        written.source, written.sql
    );
    let proof = prove(configuration, &mirror.with_baseline(&arguments.name, &text)?, scratch);
    match proof {
        Ok(()) => output.line("proven: the baseline makes the schema that the migrations make")?,
        Err(Failure::Differs(error)) if arguments.unproven => {
            complain(format_args!("warning: {error}"));
        }
        Err(Failure::Differs(error)) => {
            return Err(CommandError::failed(format!(
                "{error}\nnothing was written; --unproven writes the file all the same, to be put right by hand"
            )));
        }
        Err(Failure::Other(error)) => return Err(error),
    }
    let tree = Tree::read(configuration)?;
    let path = files::add(&tree, mirror.number, &mirror.file_name(&arguments.name)?, &text)?;
    output.line(path.display())?;
    if !written.filled.is_empty() {
        output.line(format_args!(
            "note: these tables have rows, which the baseline lacks: {}; add them if a new database needs them",
            written.filled.join(", ")
        ))?;
    }
    output.line(format_args!(
        "note: files up to version {version} may go once every database has reached it"
    ))?;
    Ok(Exit::Done)
}

/// Why a baseline is not proven.
enum Failure {
    Differs(Error),
    Other(CommandError),
}

fn prove<S: Scratch>(
    configuration: &Configuration,
    set: &MigrationSet,
    scratch: &mut S,
) -> Result<(), Failure> {
    let mut fill = || scratch.create().map_err(Failure::Other);
    let (mut migrations, mut baseline) = (fill()?, fill()?);
    let runner: Runner<'_> = runner(configuration, set);
    runner.verify_baseline(&mut migrations, &mut baseline).map_err(Failure::Differs)
}

impl Mirror {
    fn file_name(&self, name: &str) -> Result<String, CommandError> {
        let name = files::new::safe_name(name)?;
        Ok(format!("{}_{name}.baseline.sql", self.version))
    }
}

/// The directory that holds a version.
fn directory_of(tree: &Tree, version: Version) -> Option<usize> {
    tree.entries.iter().find(|entry| entry.named.version == version).map(|entry| entry.directory)
}
