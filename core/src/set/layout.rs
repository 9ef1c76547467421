//! The tools whose directories are read.

/// How the files of a directory are named and cut into up and down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Layout {
    /// `NNN_description.up.sql` and `NNN_description.down.sql`, which sqlx uses too.
    #[default]
    Native,
    /// The same names; files may begin and end their own transaction, and down scripts may be empty.
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

    /// True if files are named as ours are.
    pub(crate) fn is_native(self) -> bool {
        matches!(self, Layout::Native | Layout::GolangMigrate)
    }

    /// True if each migration is a directory.
    pub(crate) fn is_directories(self) -> bool {
        self == Layout::Diesel
    }

    /// Returns the way to give a down script to a migration that has none.
    pub fn way_back(self) -> &'static str {
        match self {
            Layout::Native | Layout::GolangMigrate => "add the down file beside it",
            Layout::Goose => "write what undoes it below a line `-- +goose Down`",
            Layout::SqlMigrate => "write what undoes it below a line `-- +migrate Down`",
            Layout::Dbmate => "write what undoes it below the line `-- migrate:down`",
            Layout::Flyway => "add the `U` file beside it",
            Layout::Diesel => "add a `down.sql` beside it",
            Layout::Tern => "write what undoes it below a line `---- create above / drop below ----`",
            // It has no down scripts.
            Layout::Refinery => "keep it",
        }
    }
}
