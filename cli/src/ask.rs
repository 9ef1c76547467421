//! Asks for a confirmation at the terminal.

use std::io::{self, BufRead, IsTerminal, Write};

use crate::exit::CommandError;

/// The option of every command that asks.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub(crate) struct Consent {
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

impl Consent {
    /// Returns true if it was given on the command line.
    pub(crate) fn is_given(self) -> bool {
        self.yes
    }

    /// Returns true if it was given, or the answer to the question is yes. Where there is no terminal, nobody can
    /// answer.
    pub(crate) fn given(self, question: &str) -> Result<bool, CommandError> {
        if self.yes {
            return Ok(true);
        }
        let stdin = io::stdin();
        if !stdin.is_terminal() {
            return Err(CommandError::usage(
                "no terminal to ask at\nhelp: give --yes to go on without a question",
            ));
        }
        let mut stderr = io::stderr();
        write!(stderr, "{question} [y/N] ")?;
        stderr.flush()?;
        let mut answer = String::new();
        stdin.lock().read_line(&mut answer)?;
        Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
    }
}
