//! Names the rules of quoting and commenting.

/// The rules of quoting and commenting that a script is read by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Syntax {
    /// For a set that may be meant for either: Postgres, and what SQLite adds where Postgres has nothing
    /// (backquotes, trigger bodies). A run reads what is pending again by its own database's rules.
    #[default]
    Shared,
    /// Postgres: dollar quotes, `E''` strings, nested comments, `BEGIN ATOMIC`.
    Postgres,
    /// SQLite: `[..]` and backquoted identifiers, comments that do not nest, trigger bodies.
    Sqlite,
    /// MySQL and MariaDB: backslash escapes, `#` comments, double-quoted strings.
    Mysql,
}

impl Syntax {
    /// The syntax that a macro argument `dialect = "..."` names.
    pub fn named(name: &str) -> Option<Syntax> {
        match name {
            "postgres" => Some(Syntax::Postgres),
            "sqlite" => Some(Syntax::Sqlite),
            "mysql" | "mariadb" => Some(Syntax::Mysql),
            _ => None,
        }
    }

    pub(crate) fn is_postgres(self) -> bool {
        matches!(self, Syntax::Shared | Syntax::Postgres)
    }
}
