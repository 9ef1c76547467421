//! `adopt`: records what another tool has applied.

use clap::ValueEnum;
use gapless::{Legacy, Runner, Version};

use super::carry_out;
use crate::ask::Consent;
use crate::database::Database;
use crate::exit::{CommandError, Exit};
use crate::output::Output;

#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Tool that has applied migrations
    tool: Tool,
    /// Table in which it keeps its history [default: the tool's own]
    #[arg(long, value_name = "TABLE")]
    history_table: Option<String>,
    /// Schema of that table [default: by the search path]
    #[arg(long, value_name = "SCHEMA")]
    history_schema: Option<String>,
    /// Versions that its counter passed by, and that were not applied
    #[arg(long, value_name = "VERSION", value_delimiter = ',', num_args = 1..)]
    except: Vec<Version>,
    /// Leave out what it has applied and no file is there for
    #[arg(long)]
    pass_over_unknown: bool,
    #[command(flatten)]
    consent: Consent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Tool {
    GolangMigrate,
    SqlMigrate,
    Goose,
    Dbmate,
    Rails,
    Sqlx,
    Refinery,
    Diesel,
    Flyway,
    Tern,
}

impl Tool {
    /// The table in which the tool keeps its history unless it was told otherwise.
    fn table(self) -> &'static str {
        match self {
            Tool::GolangMigrate | Tool::Dbmate | Tool::Rails => "schema_migrations",
            Tool::SqlMigrate => "gorp_migrations",
            Tool::Goose => "goose_db_version",
            Tool::Sqlx => "_sqlx_migrations",
            Tool::Refinery => "refinery_schema_history",
            Tool::Diesel => "__diesel_schema_migrations",
            Tool::Flyway => "flyway_schema_history",
            Tool::Tern => "schema_version",
        }
    }

    fn legacy(self, table: &str) -> Legacy {
        match self {
            Tool::GolangMigrate => Legacy::golang_migrate(table),
            Tool::SqlMigrate => Legacy::sql_migrate(table),
            Tool::Goose => Legacy::goose(table),
            Tool::Dbmate => Legacy::dbmate(table),
            Tool::Rails => Legacy::rails(table),
            Tool::Sqlx => Legacy::sqlx(table),
            Tool::Refinery => Legacy::refinery(table),
            Tool::Diesel => Legacy::diesel(table),
            Tool::Flyway => Legacy::flyway(table),
            Tool::Tern => Legacy::tern(table),
        }
    }
}

pub(in crate::commands) async fn run<D: Database>(
    arguments: &Arguments,
    runner: Runner<'_>,
    database: &mut D,
    output: &mut Output,
) -> Result<Exit, CommandError> {
    let table = arguments.history_table.as_deref().unwrap_or(arguments.tool.table());
    let mut legacy = arguments.tool.legacy(table).except(arguments.except.iter().copied());
    if let Some(schema) = &arguments.history_schema {
        legacy = legacy.schema(schema);
    }
    if arguments.pass_over_unknown {
        legacy = legacy.pass_over_unknown();
    }
    let runner = runner.adopt(legacy);
    // Without a change there is nothing to write, and a reason why.
    let plan = database.plan_repair(runner.clone()).await?;
    if plan.changes().is_empty() {
        output.line("nothing to adopt")?;
        plan.warnings().iter().try_for_each(|warning| output.line(format_args!("warning: {warning}")))?;
        return if plan.applied() > 0 {
            output.line(format_args!("note: {} migrations are recorded already", plan.applied()))?;
            Ok(Exit::Done)
        } else {
            Err(CommandError::failed(format!(
                "`{table}` holds nothing that could be adopted, or does not exist\nhelp: name the table with \
                 --history-table, and its schema with --history-schema"
            )))
        };
    }
    carry_out(runner, arguments.consent, database, output).await
}
