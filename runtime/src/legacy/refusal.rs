//! Reasons why a run does not adopt the history of another tool.

use std::{fmt, mem};

use gapless_core::Version;

/// Reason why a run does not adopt the history of another tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The tool's counter says that a migration broke off half-way.
    Dirty {
        /// The tool and its table.
        table: String,
        /// The version at which the counter stands.
        version: String,
    },
    /// The tool has recorded that a migration failed.
    Failed {
        /// The tool and its table.
        table: String,
        /// The tool's name for the migration.
        identifier: String,
    },
    /// The tool has applied a migration that the binary does not have.
    Unknown {
        /// The tool.
        tool: &'static str,
        /// The tool's name for the migration.
        identifier: String,
        /// The line to put into `renames.txt`, if the binary has it under another name.
        rename: String,
    },
    /// The tool has applied another text than the embedded one.
    Mismatch {
        /// The tool.
        tool: &'static str,
        /// The version.
        version: Version,
        /// The file.
        path: String,
    },
    /// The table holds rows that the tool does not write.
    Malformed {
        /// The tool and its table.
        table: String,
        /// The problem.
        problem: String,
    },
}

impl Refusal {
    fn problem(&self) -> String {
        match self {
            Refusal::Dirty { table, version } => {
                format!("{table} is dirty at version {version}: a migration broke off there")
            }
            Refusal::Failed { table, identifier } => format!("`{identifier}` failed, according to {table}"),
            Refusal::Unknown { tool, identifier, .. } => {
                format!("`{identifier}` was applied by {tool}, and the binary does not have it")
            }
            Refusal::Mismatch { tool, version, path } => {
                format!("version {version} is not the text that {tool} has applied: {path}")
            }
            Refusal::Malformed { table, problem } => {
                format!("{table} does not hold a history that can be read: {problem}")
            }
        }
    }

    fn help(&self) -> String {
        match self {
            Refusal::Dirty { .. } => {
                "find out how much of it took effect and put that right by hand, set the counter to the version that \
                 the database then has with `migrate force`, and run again"
                    .to_owned()
            }
            Refusal::Failed { .. } => {
                "find out how much of it took effect and undo that by hand, delete its row, and run again"
                    .to_owned()
            }
            Refusal::Unknown { rename, .. } => format!(
                "if the binary has it under another name, add the line `{rename}` to renames.txt; if it was removed for \
                 good, leave a tombstone in its place; otherwise restore its file, or go on past it with `.pass_over_unknown()`"
            ),
            Refusal::Mismatch { .. } => {
                "restore the file as it was applied, and put the change into a new migration; \
                 if the edit does not matter, `.accept(...)` this version"
                    .to_owned()
            }
            Refusal::Malformed { .. } => {
                "check that this is the table, and correct its rows by hand".to_owned()
            }
        }
    }

    /// Returns one help for several refusals of this kind.
    fn help_for_all(&self) -> String {
        match self {
            Refusal::Unknown { rename, .. } => format!(
                "if the binary has them under other names, add a line for each to renames.txt, such as `{rename}`; \
                 for those that were removed for good, leave tombstones in their places; otherwise restore their files, or go on past them with `.pass_over_unknown()`"
            ),
            Refusal::Mismatch { .. } => {
                "restore the files as they were applied, and put the changes into a new \
                 migration; if the edits do not matter, `.accept(...)` these versions"
                    .to_owned()
            }
            _ => self.help(),
        }
    }
}

/// Returns the texts of refusals, those of one kind together with one help.
pub(crate) fn told(refusals: &[Refusal]) -> Vec<String> {
    let alike = |one: &Refusal, other: &Refusal| mem::discriminant(one) == mem::discriminant(other);
    let mut texts = Vec::new();
    for group in refusals.chunk_by(alike) {
        match group {
            [one] => texts.push(one.to_string()),
            many => {
                let lines: Vec<_> = many.iter().map(Refusal::problem).collect();
                texts.push(format!("{}\nhelp: {}", lines.join("\n"), many[0].help_for_all()));
            }
        }
    }
    texts
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\nhelp: {}", self.problem(), self.help())
    }
}
