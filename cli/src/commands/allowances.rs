//! What a command is to let pass.

use gapless::{Runner, Unknown};

#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct Allowances {
    /// Let applied versions pass that no file is there for
    #[arg(long)]
    allow_unknown: bool,
}

impl Allowances {
    pub(super) fn set(self, runner: Runner<'_>) -> Runner<'_> {
        if self.allow_unknown { runner.unknown(Unknown::Allow) } else { runner }
    }
}
