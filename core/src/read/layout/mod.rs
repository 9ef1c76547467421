//! Reads the directories of other tools: each names its files and puts up and down into one of them in its own way.
//!
//! A layout is read as strictly as its own tool reads it. A line that the tool would pass over in silence and that
//! still looks like an instruction to it is a fault, because the statements after it would run in the wrong
//! direction or not at all.

#[cfg(test)]
mod commented_out;
mod dbmate;
mod diesel;
mod flyway;
mod golang_migrate;
mod goose;
mod instruction;
mod lines;
mod native;
mod refinery;
mod section;
mod special;
mod sql_migrate;
mod stem;
mod template;
mod tern;
mod tool;

pub(super) use self::instruction::foreign_instructions;
pub(super) use self::section::{Named, Section, Sections};
pub(super) use self::tool::{Beside, Entries, Sidecar, Tool};

use self::instruction::Instruction;
use self::tool::Names;
use super::name::{FileName, NameError};
use crate::set::{Layout, Version};
use crate::sql::Fault;

impl Layout {
    /// Returns the version and the name that this layout reads in the name of a file or, where migrations are
    /// directories, of a directory; `None` if it is not that of a migration.
    pub fn identify(self, name: &str) -> Option<(Version, String)> {
        let Named { version, name, .. } = self.tool().parse(name).ok()??;
        Some((version, name))
    }

    /// Returns help for adding a down script to a migration that has none.
    pub fn down_help(self) -> &'static str {
        self.tool().down_help
    }

    /// Returns the facts about this layout.
    pub(crate) fn tool(self) -> &'static Tool {
        match self {
            Layout::Native => &native::TOOL,
            Layout::GolangMigrate => &golang_migrate::TOOL,
            Layout::Goose => &goose::TOOL,
            Layout::SqlMigrate => &sql_migrate::TOOL,
            Layout::Dbmate => &dbmate::TOOL,
            Layout::Refinery => &refinery::TOOL,
            Layout::Flyway => &flyway::TOOL,
            Layout::Diesel => &diesel::TOOL,
            Layout::Tern => &tern::TOOL,
        }
    }
}

impl Tool {
    /// Takes the name of an entry apart; `None` if it is not a migration.
    pub(super) fn parse(&self, name: &str) -> Result<Option<Named>, NameError> {
        match self.names {
            Names::Native => Ok(FileName::parse(name)?.map(Named::from)),
            Names::Own(parse) => parse(name),
        }
    }

    /// Cuts a file into its directions.
    pub(super) fn cut(&self, text: &str) -> Result<Sections, Vec<Fault>> {
        (self.sections)(text)
    }

    /// Returns a fault for each place that the tool would have filled in before it ran the text.
    pub(super) fn unfilled(&self, text: &str) -> Vec<Fault> {
        self.template.as_ref().map(|template| template.find(text)).unwrap_or_default()
    }

    /// Returns true if a comment is an instruction to this tool.
    pub(super) fn instructs(&self, comment: &str) -> bool {
        let instruction: Option<Instruction> = (self.instruction)(comment.trim_start_matches("--").trim());
        instruction.is_some()
    }
}

#[cfg(test)]
mod tests;
