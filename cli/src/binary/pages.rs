//! `completions` and `man`: what shells and manuals know of the program.

use std::io;
use std::path::PathBuf;

use clap::CommandFactory;
use clap_complete::Shell;

use super::arguments::Program;
use crate::exit::{CommandError, Exit};

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Completions {
    /// Shell
    shell: Shell,
}

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Man {
    /// Write a page for each command into this directory, instead of the program's page to the standard output
    #[arg(long, value_name = "DIRECTORY")]
    out: Option<PathBuf>,
}

/// Writes the completions of a shell to the standard output.
pub(super) fn completions(arguments: &Completions) -> Result<Exit, CommandError> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Program::command(), "gapless", &mut script);
    io::Write::write_all(&mut io::stdout(), &script)?;
    Ok(Exit::Done)
}

/// Writes manual pages.
pub(super) fn man(arguments: &Man) -> Result<Exit, CommandError> {
    let mut command = Program::command();
    let Some(directory) = &arguments.out else {
        let mut page = Vec::new();
        clap_mangen::Man::new(command).render(&mut page)?;
        io::Write::write_all(&mut io::stdout(), &page)?;
        return Ok(Exit::Done);
    };
    command.build();
    std::fs::create_dir_all(directory).and_then(|()| clap_mangen::generate_to(command, directory)).map_err(
        |error| {
            CommandError::failed(format!("cannot write manual pages to {}: {error}", directory.display()))
        },
    )?;
    Ok(Exit::Done)
}
