//! Names the rules of quoting and commenting.

/// The rules of quoting and commenting by which a script is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Syntax {
    /// The rules for a set that may run on either: those of Postgres, and additions of SQLite that mean nothing to
    /// Postgres (backquotes, trigger bodies). A run reads pending scripts again by the rules of its own database.
    #[default]
    Shared,
    /// Postgres: dollar quotes, `E''` strings, nested comments, `BEGIN ATOMIC`.
    Postgres,
    /// SQLite: `[..]` and backquoted identifiers, comments that do not nest, trigger bodies.
    Sqlite,
    /// MySQL and MariaDB: backslash escapes, `#` comments, double-quoted strings, blocks that nest, conditional comments,
    /// `DELIMITER`.
    Mysql,
}

impl Syntax {
    /// Returns the syntax that the macro argument `dialect = "..."` names.
    ///
    /// ```
    /// use gapless_core::Syntax;
    ///
    /// assert_eq!(Syntax::named("mariadb"), Some(Syntax::Mysql));
    /// assert_eq!(Syntax::named("oracle"), None);
    /// ```
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
