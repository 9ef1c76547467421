//! Describes the directories of a tool as one constant, with functions only where a fact is an algorithm.

use super::instruction::Instruction;
use super::section::{Named, Sections};
use super::template::Template;
use crate::read::name::NameError;
use crate::set::Part;
use crate::sql::Fault;

/// The facts about the directories of one tool.
pub(crate) struct Tool {
    pub(super) names: Names,
    pub(crate) entries: Entries,
    /// Cuts a file into its directions.
    pub(super) sections: fn(&str) -> Result<Sections, Vec<Fault>>,
    /// Returns the path that the file of this direction has beside a file of the other.
    pub(crate) partner: fn(&str, Part) -> String,
    /// The file beside a migration that says how the tool runs it.
    pub(crate) sidecar: Option<Sidecar>,
    /// Text that the tool fills in before it runs a script.
    pub(super) template: Option<Template>,
    /// Recognises the text of a comment that is an instruction to the tool.
    pub(super) instruction: fn(&str) -> Option<Instruction>,
    /// True if scripts are taken as the tool runs them: an applied file cannot be edited before its history is
    /// adopted.
    pub(crate) lenient: bool,
    /// True if a file may begin and end its own transaction. False where the tool keeps a checksum of the whole file,
    /// because the text must stay as it is.
    pub(crate) may_wrap: bool,
    /// The scripts that the tool runs outside of a transaction without a marker that says so.
    pub(crate) autocommit: Autocommit,
    /// The tool's own marker for a script that runs outside of a transaction.
    pub(crate) marker: Option<&'static str>,
    /// Help for a migration that has no down script.
    pub(super) down_help: &'static str,
}

/// The names of a tool's migrations.
pub(crate) enum Names {
    /// `NNN_description`, with a suffix for each direction.
    Native,
    /// Names of the tool's own, and the function that takes them apart. It returns `None` for other entries.
    Own(fn(&str) -> Result<Option<Named>, NameError>),
}

/// The entries of a directory that are migrations.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entries {
    Files,
    Directories,
}

/// A file beside a migration that says how the tool runs it.
pub(crate) struct Sidecar {
    pub(crate) name: Beside,
    /// Returns true if the migration runs outside of a transaction.
    pub(crate) read: fn(&str) -> Result<bool, Fault>,
}

/// The name of a sidecar.
pub(crate) enum Beside {
    /// The migration's own name with this in place of its extension.
    Extension(&'static str),
    /// This name in the same directory.
    Name(&'static str),
}

/// When scripts run outside of a transaction because of statements that cannot run in one.
pub(crate) struct Autocommit {
    pub(super) up: When,
    pub(super) down: When,
}

/// The share of such statements that takes a script out of its transaction.
pub(super) enum When {
    Never,
    /// One of them is enough. A down script with a mixture never ran in a transaction and cannot run otherwise.
    Any,
    /// All statements.
    All,
    /// The only statement. Several go to the server in one message, which is a transaction.
    Single,
}

impl Autocommit {
    /// Returns true if a script with so many statements runs outside of a transaction, because `needing` of them
    /// cannot run in one.
    pub(crate) fn applies(&self, part: Part, needing: usize, statements: usize) -> bool {
        let when = if part == Part::Down { &self.down } else { &self.up };
        needing > 0
            && match when {
                When::Never => false,
                When::Any => true,
                When::All => needing == statements,
                When::Single => statements == 1,
            }
    }
}
