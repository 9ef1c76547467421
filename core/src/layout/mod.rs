//! The directories of other tools: how each names its files, and how it puts up and down into one of them.
//!
//! A layout is read as strictly as its own tool reads it. What the tool would pass over in silence and that
//! still looks like an instruction to it is a fault, because the statements behind it would run in the wrong
//! direction or not at all.

mod dbmate;
mod diesel;
mod flyway;
mod goose;
mod lines;
mod refinery;
mod sql_migrate;
mod stem;
mod tern;

use crate::name::NameError;
use crate::statement::Fault;
use crate::{FileName, Kind, Version};

/// How the files of a directory are named and cut into up and down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Layout {
    /// `NNN_description.up.sql` and `NNN_description.down.sql`, which sqlx uses too.
    #[default]
    Native,
    /// The same names; files may begin and end their own transaction, and ways back may be empty.
    GolangMigrate,
    /// `NNN_description.sql` with `-- +goose Up` and `-- +goose Down`.
    Goose,
    /// `NNN-description.sql` with `-- +migrate Up` and `-- +migrate Down`.
    SqlMigrate,
    /// `NNN_description.sql` with `-- migrate:up` and `-- migrate:down`.
    Dbmate,
    /// `V1__description.sql` or `U1__description.sql`, both forward.
    Refinery,
    /// `V1__description.sql`, and `U1__description.sql` to undo it.
    Flyway,
    /// A directory `2020-01-31-120000_description` with `up.sql` and `down.sql`.
    Diesel,
    /// `NNN_description.sql` with one line between up and down.
    Tern,
}

/// A name, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) version: Version,
    pub(crate) name: String,
    pub(crate) part: Part,
}

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Up,
    Down,
    /// Comments about a version that was retired.
    Tombstone,
    /// Both, to be cut by [`Layout::sections`].
    Sections,
    /// What stands for all versions up to this one on an empty database.
    Baseline,
}

/// A file cut in two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sections {
    pub(crate) up: Section,
    pub(crate) down: Option<Section>,
}

/// One direction of a file: its lines where they stand in the file, empty lines in place of the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Section {
    pub(crate) text: String,
    pub(crate) no_transaction: bool,
}

impl Layout {
    /// Every name that [`Layout::named`] knows.
    pub const NAMES: &'static [&'static str] = &[
        "native",
        "golang-migrate",
        "sqlx",
        "goose",
        "sql-migrate",
        "dbmate",
        "refinery",
        "flyway",
        "diesel",
        "tern",
    ];

    /// The layout that a macro argument `layout = "..."` names.
    pub fn named(name: &str) -> Option<Layout> {
        match name {
            "native" | "sqlx" => Some(Layout::Native),
            "golang-migrate" => Some(Layout::GolangMigrate),
            "goose" => Some(Layout::Goose),
            "sql-migrate" => Some(Layout::SqlMigrate),
            "dbmate" => Some(Layout::Dbmate),
            "refinery" => Some(Layout::Refinery),
            "flyway" => Some(Layout::Flyway),
            "diesel" => Some(Layout::Diesel),
            "tern" => Some(Layout::Tern),
            _ => None,
        }
    }

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Layout::Native => "native",
            Layout::GolangMigrate => "golang-migrate",
            Layout::Goose => "goose",
            Layout::SqlMigrate => "sql-migrate",
            Layout::Dbmate => "dbmate",
            Layout::Refinery => "refinery",
            Layout::Flyway => "flyway",
            Layout::Diesel => "diesel",
            Layout::Tern => "tern",
        }
    }

    /// The version and name that this layout reads in a file's name, or a directory's; `None` if it is none of a
    /// migration.
    pub fn identify(self, file: &str) -> Option<(Version, String)> {
        let Named { version, name, .. } = self.parse(file).ok()??;
        Some((version, name))
    }

    /// Whether files are named as ours are.
    pub(crate) fn is_native(self) -> bool {
        matches!(self, Layout::Native | Layout::GolangMigrate)
    }

    /// Whether a file may begin and end its own transaction. Where the tool keeps a checksum of the whole file,
    /// the text must stay as it is.
    pub(crate) fn may_wrap(self) -> bool {
        !matches!(self, Layout::Native | Layout::Refinery | Layout::Flyway)
    }

    /// Whether a script runs outside of a transaction because of what it holds: `needing` of so many statements
    /// cannot run in one. Those that can belong together, so an up script with a mixture is nobody's to take apart; a
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

    /// How the tool itself is told to run a script outside of a transaction.
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

    /// How a migration is given a way back that has none.
    pub fn way_back(self) -> &'static str {
        match self {
            Layout::Native | Layout::GolangMigrate => "add the down file beside it",
            Layout::Goose => "write what undoes it below a line `-- +goose Down`",
            Layout::SqlMigrate => "write what undoes it below a line `-- +migrate Down`",
            Layout::Dbmate => "write what undoes it below the line `-- migrate:down`",
            Layout::Flyway => "add the `U` file beside it",
            Layout::Diesel => "add a `down.sql` beside it",
            Layout::Tern => "write what undoes it below a line `---- create above / drop below ----`",
            // It has no ways back.
            Layout::Refinery => "keep it",
        }
    }

    /// Whether each migration is a directory.
    pub(crate) fn is_directories(self) -> bool {
        self == Layout::Diesel
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

    /// Reads the file beside a migration that says how to run it: whether without a transaction.
    pub(crate) fn settings(self, text: &str) -> Result<bool, Fault> {
        match self {
            Layout::Diesel => diesel::settings(text),
            Layout::Flyway => flyway::settings(text),
            _ => Ok(false),
        }
    }

    /// What the tool would have filled in before it ran the text, and we would not.
    pub(crate) fn inexpressible(self, text: &str) -> Vec<Fault> {
        match self {
            Layout::Flyway => flyway::placeholders(text),
            Layout::Tern => tern::templates(text),
            _ => Vec::new(),
        }
    }
}

impl From<FileName> for Named {
    fn from(FileName { version, name, kind }: FileName) -> Named {
        let part = match kind {
            Kind::Up => Part::Up,
            Kind::Down => Part::Down,
            Kind::Tombstone => Part::Tombstone,
            Kind::Baseline => Part::Baseline,
        };
        Named { version, name, part }
    }
}

#[cfg(test)]
mod tests;
