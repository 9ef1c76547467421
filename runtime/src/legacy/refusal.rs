use std::fmt;

use gapless_core::Version;

/// Why the history of another tool is not taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The tool's counter says that a migration broke off half-way.
    Dirty {
        /// The tool and its table.
        table: String,
        /// What the counter is at.
        version: String,
    },
    /// The tool has recorded that a migration failed.
    Failed {
        /// The tool and its table.
        table: String,
        /// What the tool calls the migration.
        identifier: String,
    },
    /// The tool has applied what the binary does not have.
    Unknown {
        /// The tool.
        tool: &'static str,
        /// What the tool calls the migration.
        identifier: String,
        /// The line to put into `renames.txt`, if the binary has it under another name.
        rename: String,
    },
    /// The text that the tool has applied is another one than the embedded.
    Mismatch {
        /// The tool.
        tool: &'static str,
        /// The version.
        version: Version,
        /// The file.
        path: String,
    },
    /// The table does not hold what the tool writes into it.
    Malformed {
        /// The tool and its table.
        table: String,
        /// What is wrong.
        problem: String,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Dirty { table, version } => write!(
                f,
                "{table} is dirty at version {version}: a migration broke off there\n\
                 help: see how much of it took effect and put that right by hand, set the version that the \
                 database then is at with `migrate force`, and run again"
            ),
            Refusal::Failed { table, identifier } => write!(
                f,
                "`{identifier}` failed, says {table}\n\
                 help: see how much of it took effect and take that back by hand, delete its row, and run again"
            ),
            Refusal::Unknown { tool, identifier, rename } => write!(
                f,
                "`{identifier}` was applied by {tool}, and the binary does not have it\n\
                 help: if the binary has it under another name, add the line `{rename}` to renames.txt; \
                 otherwise restore its file, or go on past it with `.pass_over_unknown()`"
            ),
            Refusal::Mismatch { tool, version, path } => write!(
                f,
                "version {version} is not the text that {tool} has applied: {path}\n\
                 help: restore the file as it was applied, and put the change into a new migration; if the edit does \
                 not matter, `.accept(...)` this version"
            ),
            Refusal::Malformed { table, problem } => write!(
                f,
                "{table} does not hold a history that can be read: {problem}\n\
                 help: see whether this is the table, and put right by hand what is wrong in it"
            ),
        }
    }
}
