//! Says why the history of another tool is not taken over.

use std::{fmt, mem};

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

impl Refusal {
    fn problem(&self) -> String {
        match self {
            Refusal::Dirty { table, version } => {
                format!("{table} is dirty at version {version}: a migration broke off there")
            }
            Refusal::Failed { table, identifier } => format!("`{identifier}` failed, says {table}"),
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
                "see how much of it took effect and put that right by hand, set the version that \
                 the database then is at with `migrate force`, and run again"
                    .to_owned()
            }
            Refusal::Failed { .. } => {
                "see how much of it took effect and undo that by hand, delete its row, and run again"
                    .to_owned()
            }
            Refusal::Unknown { rename, .. } => format!(
                "if the binary has it under another name, add the line `{rename}` to renames.txt; otherwise restore \
                 its file, or go on past it with `.pass_over_unknown()`"
            ),
            Refusal::Mismatch { .. } => {
                "restore the file as it was applied, and put the change into a new migration; \
                 if the edit does not matter, `.accept(...)` this version"
                    .to_owned()
            }
            Refusal::Malformed { .. } => {
                "see whether this is the table, and put right by hand what is wrong in it".to_owned()
            }
        }
    }

    /// The help for several of one kind, said once.
    fn help_for_all(&self) -> String {
        match self {
            Refusal::Unknown { rename, .. } => format!(
                "if the binary has them under other names, add a line for each to renames.txt, such as `{rename}`; \
                 otherwise restore their files, or go on past them with `.pass_over_unknown()`"
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

/// Texts for people: what is wrong in the same way stands together, with what to do about it once.
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
