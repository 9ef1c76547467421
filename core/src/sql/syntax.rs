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

    /// Returns the name that [`Syntax::named`] knows and this one is close to: `postgres` for `postgresql`.
    ///
    /// ```
    /// use gapless_core::Syntax;
    ///
    /// assert_eq!(Syntax::meant("sqlite3"), Some("sqlite"));
    /// assert_eq!(Syntax::meant("oracle"), None);
    /// ```
    pub fn meant(name: &str) -> Option<&'static str> {
        let letters: String = name.to_ascii_lowercase().chars().filter(char::is_ascii_alphabetic).collect();
        let close = |known: &&&str| {
            letters.len() >= 2 && (letters.starts_with(*known) || known.starts_with(&letters))
        };
        let known = ["postgres", "sqlite", "mysql", "mariadb"];
        let others = [
            ("psql", "postgres"),
            ("pgsql", "postgres"),
            ("pg", "postgres"),
            ("cockroach", "postgres"),
            ("percona", "mysql"),
        ];
        let found = known.iter().find(close).copied();
        found.or_else(|| others.iter().find(|(other, _)| letters.starts_with(other)).map(|(_, known)| *known))
    }

    /// Returns the name of the databases whose scripts it reads; `None` if a set may run on several.
    pub fn database(self) -> Option<&'static str> {
        match self {
            Syntax::Shared => None,
            Syntax::Postgres => Some("Postgres"),
            Syntax::Sqlite => Some("SQLite"),
            Syntax::Mysql => Some("MySQL and MariaDB"),
        }
    }

    pub(crate) fn is_postgres(self) -> bool {
        matches!(self, Syntax::Shared | Syntax::Postgres)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_names_are_found() {
        for (name, meant) in [
            ("postgresql", "postgres"),
            ("Postgres", "postgres"),
            ("pg", "postgres"),
            ("psql", "postgres"),
            ("cockroachdb", "postgres"),
            ("sqlite3", "sqlite"),
            ("maria", "mariadb"),
            ("MySQL8", "mysql"),
        ] {
            assert_eq!(Syntax::meant(name), Some(meant), "{name}");
            assert!(Syntax::named(meant).is_some());
        }
        for name in ["", "m", "oracle", "mssql"] {
            assert_eq!(Syntax::meant(name), None, "{name}");
        }
    }
}
