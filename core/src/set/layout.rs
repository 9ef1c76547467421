//! Names the tools whose directories are read.

/// The tool whose rules a directory follows for naming files and for cutting them into up and down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
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
    /// `V1__description.sql`, and `U1__description.sql` to roll it back.
    Flyway,
    /// A directory `2020-01-31-120000_description` with `up.sql` and `down.sql`.
    Diesel,
    /// `NNN_description.sql` with one line between up and down.
    Tern,
}

/// The names of layouts, as a macro argument gives them. The first name of a layout is its own.
const NAMES: [(&str, Layout); 10] = [
    ("native", Layout::Native),
    ("golang-migrate", Layout::GolangMigrate),
    ("sqlx", Layout::Native),
    ("goose", Layout::Goose),
    ("sql-migrate", Layout::SqlMigrate),
    ("dbmate", Layout::Dbmate),
    ("refinery", Layout::Refinery),
    ("flyway", Layout::Flyway),
    ("diesel", Layout::Diesel),
    ("tern", Layout::Tern),
];

impl Layout {
    /// Every layout.
    pub(crate) const ALL: [Layout; 9] = [
        Layout::Native,
        Layout::GolangMigrate,
        Layout::Goose,
        Layout::SqlMigrate,
        Layout::Dbmate,
        Layout::Refinery,
        Layout::Flyway,
        Layout::Diesel,
        Layout::Tern,
    ];

    /// Returns every name that [`Layout::named`] knows.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(name, _)| *name)
    }

    /// Returns the layout that the macro argument `layout = "..."` names.
    ///
    /// ```
    /// use gapless_core::Layout;
    ///
    /// assert_eq!(Layout::named("sql-migrate"), Some(Layout::SqlMigrate));
    /// assert_eq!(Layout::named("sqlx"), Some(Layout::Native));
    /// assert_eq!(Layout::named("rails"), None);
    /// ```
    pub fn named(name: &str) -> Option<Layout> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, layout)| *layout)
    }

    /// Returns the layout's own name.
    pub fn as_str(self) -> &'static str {
        NAMES.iter().find(|(_, layout)| *layout == self).map_or("", |(name, _)| name)
    }
}
