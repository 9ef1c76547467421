//! The commands that need a database.

mod allowances;
mod down;
mod dry_run;
pub(crate) mod duration;
mod log;
mod plan;
mod repair;
pub(crate) mod script;
mod status;
mod timeouts;
mod up;
mod verify;
pub(crate) mod wait;

use clap::Subcommand;
use gapless::{AsyncClient, Connection, Runner};

use crate::database::{Async, Blocking, Database, block_on};
use crate::exit::{CommandError, Exit, Form, conclude};
use crate::output::Output;
#[cfg(feature = "binary")]
use crate::progress::watcher::Opener;

/// The commands that need a database, for a program to mount as a subcommand.
#[derive(Clone, Debug, Subcommand)]
#[command(about = "Look at the database's migrations, apply them, and roll them back")]
#[non_exhaustive]
pub enum Migrate {
    /// Show the state of every version
    Status(status::Arguments),
    /// Show what `up` would do
    Plan(plan::Arguments),
    /// Apply pending migrations
    Up(up::Arguments),
    /// Try pending migrations in one transaction that is rolled back
    DryRun(dry_run::Arguments),
    /// Check that nothing is pending and nothing contradicts; silent if so
    Verify(verify::Arguments),
    /// Wait until nothing is pending, also for the database to come up
    Wait(wait::Arguments),
    /// Roll applied migrations back with their down files
    Down(down::Arguments),
    /// Record what another tool has applied
    Adopt(repair::adopt::Arguments),
    /// Take edited files for what was applied
    Accept(repair::accept::Arguments),
    /// Record versions whose tables exist
    Reconcile(repair::reconcile::Arguments),
    /// Settle what became of an interrupted migration
    Resolve(repair::resolve::Arguments),
    /// Show the journal: what happened, when, by whom
    Log(log::Arguments),
}

impl Migrate {
    /// Runs the command with a blocking client. Prints its result, or its error to the standard error.
    pub fn run<C: Connection>(self, runner: Runner<'_>, client: &mut C) -> Exit {
        let form = self.form();
        conclude(block_on(self.execute(runner, &mut Blocking::new(client))), form)
    }

    /// [`run`](Migrate::run) with an asynchronous client.
    pub async fn run_async<C: AsyncClient>(self, runner: Runner<'_>, client: &mut C) -> Exit {
        let form = self.form();
        conclude(self.execute(runner, &mut Async(client)).await, form)
    }

    /// [`run`](Migrate::run) with a client that can be looked at from beside.
    #[cfg(feature = "binary")]
    pub(crate) fn run_watched<C: Connection>(
        self,
        runner: Runner<'_>,
        client: &mut C,
        beside: Option<Opener>,
    ) -> Exit {
        let form = self.form();
        conclude(block_on(self.execute(runner, &mut Blocking::watched(client, beside))), form)
    }

    /// True if the command is to create a database that is not there.
    #[cfg(feature = "binary")]
    pub(crate) fn creates(&self) -> bool {
        matches!(self, Migrate::Up(_))
    }

    /// The form of the command's result.
    pub(crate) fn form(&self) -> Form {
        match self {
            Migrate::Up(up::Arguments { json: true, .. })
            | Migrate::Down(down::Arguments { json: true, .. }) => Form::Lines,
            Migrate::Status(status::Arguments { json: true, .. })
            | Migrate::Plan(plan::Arguments { json: true, .. })
            | Migrate::DryRun(dry_run::Arguments { json: true, .. })
            | Migrate::Log(log::Arguments { json: true, .. }) => Form::Document,
            _ => Form::Text,
        }
    }

    async fn execute<D: Database>(self, runner: Runner<'_>, database: &mut D) -> Result<Exit, CommandError> {
        let mut output = Output::new();
        match self {
            Migrate::Status(arguments) => status::run(&arguments, runner, database, &mut output).await,
            Migrate::Plan(arguments) => plan::run(&arguments, runner, database, &mut output).await,
            Migrate::Up(arguments) => up::run(&arguments, runner, database, &mut output).await,
            Migrate::DryRun(arguments) => dry_run::run(&arguments, runner, database, &mut output).await,
            Migrate::Verify(arguments) => verify::run(&arguments, runner, database).await,
            Migrate::Wait(arguments) => wait::run(&arguments, runner, database).await,
            Migrate::Down(arguments) => down::run(&arguments, runner, database, &mut output).await,
            Migrate::Adopt(arguments) => repair::adopt::run(&arguments, runner, database, &mut output).await,
            Migrate::Accept(arguments) => {
                repair::accept::run(&arguments, runner, database, &mut output).await
            }
            Migrate::Reconcile(arguments) => {
                repair::reconcile::run(&arguments, runner, database, &mut output).await
            }
            Migrate::Resolve(arguments) => {
                repair::resolve::run(&arguments, runner, database, &mut output).await
            }
            Migrate::Log(arguments) => log::run(&arguments, runner, database, &mut output).await,
        }
    }
}
