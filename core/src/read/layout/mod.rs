//! Reads the directories of other tools: each names its files and puts up and down into one of them in its own way.
//!
//! A layout is read as strictly as its own tool reads it. A line that the tool would pass over in silence and that
//! still looks like an instruction to it is a fault, because the statements behind it would run in the wrong
//! direction or not at all.

mod dbmate;
mod diesel;
mod flyway;
mod goose;
mod lines;
mod refinery;
pub(super) mod section;
mod sql_migrate;
mod stem;
mod tern;

use self::section::{Named, Section, Sections};
use super::name::{FileName, NameError};
use crate::set::{Layout, Part, Version};
use crate::sql::Fault;

impl Layout {
    /// The version and name that this layout reads in a file's name, or a directory's; `None` if it is none of a
    /// migration.
    pub fn identify(self, file: &str) -> Option<(Version, String)> {
        let Named { version, name, .. } = self.parse(file).ok()??;
        Some((version, name))
    }

    /// True if a file may begin and end its own transaction. Where the tool keeps a checksum of the whole file,
    /// the text must stay as it is.
    pub(crate) fn may_wrap(self) -> bool {
        !matches!(self, Layout::Native | Layout::Refinery | Layout::Flyway)
    }

    /// True if a script runs outside of a transaction because of its statements: `needing` of so many cannot run in
    /// one. Those that can belong together, so an up script with a mixture is nobody's to take apart; a
    /// down script never ran, and cannot run in any other way.
    pub(crate) fn leaves_transaction(self, part: Part, needing: usize, statements: usize) -> bool {
        let all = needing > 0 && needing == statements;
        match self {
            Layout::Native => false,
            // Several statements go to the server in one message, which is a transaction.
            Layout::GolangMigrate if part != Part::Down => all && statements == 1,
            Layout::Flyway if part != Part::Down => all,
            _ => part == Part::Down && needing > 0,
        }
    }

    /// Returns the line by which the tool itself is told to run a script outside of a transaction.
    pub(crate) fn own_way(self) -> Option<&'static str> {
        match self {
            Layout::Goose => Some("`-- +goose NO TRANSACTION`"),
            Layout::SqlMigrate => Some("`notransaction` behind `-- +migrate Up` or `Down`"),
            Layout::Dbmate => Some("`transaction:false` behind `-- migrate:up` or `-- migrate:down`"),
            Layout::Flyway => Some("`executeInTransaction=false` in a file `.sql.conf` beside it"),
            Layout::Diesel => Some("`run_in_transaction = false` in `metadata.toml`"),
            Layout::Tern => Some("`---- tern: disable-tx ----`"),
            Layout::Native | Layout::GolangMigrate | Layout::Refinery => None,
        }
    }

    /// Takes a name apart: a file's or, where migrations are directories, a directory's. `None` is none of
    /// our business.
    pub(crate) fn parse(self, file: &str) -> Result<Option<Named>, NameError> {
        match self {
            Layout::Native | Layout::GolangMigrate => Ok(FileName::parse(file)?.map(Named::from)),
            Layout::Goose => goose::parse(file),
            Layout::SqlMigrate => sql_migrate::parse(file),
            Layout::Dbmate => dbmate::parse(file),
            Layout::Refinery => refinery::parse(file),
            Layout::Flyway => flyway::parse(file),
            Layout::Diesel => diesel::parse(file),
            Layout::Tern => tern::parse(file),
        }
    }

    /// Cuts a file whose name says [`Part::Sections`].
    pub(crate) fn sections(self, text: &str) -> Result<Sections, Vec<Fault>> {
        match self {
            Layout::Goose => goose::sections(text),
            Layout::SqlMigrate => sql_migrate::sections(text),
            Layout::Dbmate => dbmate::sections(text),
            Layout::Tern => tern::sections(text),
            Layout::Native | Layout::GolangMigrate | Layout::Refinery | Layout::Flyway | Layout::Diesel => {
                Ok(Sections { up: Section { text: text.to_owned(), no_transaction: false }, down: None })
            }
        }
    }

    /// Reads the file beside a migration that says how to run it; true is without a transaction.
    pub(crate) fn settings(self, text: &str) -> Result<bool, Fault> {
        match self {
            Layout::Diesel => diesel::settings(text),
            Layout::Flyway => flyway::settings(text),
            _ => Ok(false),
        }
    }

    /// Finds the places that the tool would have filled in before it ran the text, and we would not.
    pub(crate) fn inexpressible(self, text: &str) -> Vec<Fault> {
        match self {
            Layout::Flyway => flyway::placeholders(text),
            Layout::Tern => tern::templates(text),
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
