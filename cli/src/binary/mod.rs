//! The program: its options, its configuration, its connection.

mod anchor;
mod arguments;
mod baseline;
mod configuration;
mod connect;
mod database_url;
mod dotenv;
mod files;
#[cfg(feature = "lint")]
mod lint;
#[cfg(feature = "mysql")]
mod mysql;
mod mysql_url;
mod pages;
mod parameters;
#[cfg(feature = "postgres")]
mod postgres;
mod source;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod tls;

use clap::Parser;

use self::arguments::{Command, Program};
use self::configuration::Configuration;
use crate::exit::{CommandError, Exit, conclude};
use crate::output::Output;

pub(crate) fn main() -> Exit {
    match Program::try_parse() {
        Ok(program) => {
            let form = program.command.form();
            conclude(run(program), form)
        }
        Err(error) => {
            // Help and version are no errors, and go to the standard output.
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Done };
            let _ = error.print();
            exit
        }
    }
}

fn run(program: Program) -> Result<Exit, CommandError> {
    // These need no configuration, and a mistake in it is no reason to refuse them.
    match &program.command {
        Command::Completions(arguments) => return pages::completions(arguments),
        Command::Man(arguments) => return pages::man(arguments),
        #[cfg(feature = "lint")]
        Command::Lint(arguments) if arguments.lists_rules() => return lint::list(&mut Output::new()),
        _ => {}
    }
    let configuration = Configuration::load(&program.options)?;
    match program.command {
        Command::Completions(_) | Command::Man(_) => Ok(Exit::Done),
        Command::Baseline(arguments) => baseline::run(&arguments, &configuration, &mut Output::new()),
        Command::New(arguments) => files::new::run(&arguments, &configuration, &mut Output::new()),
        Command::Renumber(arguments) => files::renumber::run(&arguments, &configuration, &mut Output::new()),
        Command::Rename(arguments) => files::rename::run(&arguments, &configuration, &mut Output::new()),
        Command::Retire(arguments) => files::retire::run(&arguments, &configuration, &mut Output::new()),
        Command::Lock(arguments) => files::lock::run(&arguments, &configuration, &mut Output::new()),
        Command::Check(arguments) => files::check::run(&arguments, &configuration, &mut Output::new()),
        #[cfg(feature = "lint")]
        Command::Lint(arguments) => lint::run(&arguments, &configuration, &mut Output::new()),
        Command::Config => configuration.show(&mut Output::new()),
        Command::Database(command) => connect::run(&configuration, command),
    }
}
