/// Which rules of quoting and commenting a script is read by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Syntax {
    /// What Postgres and SQLite share and add: dollar quotes, `E''` strings, nested comments,
    /// backquoted and double-quoted identifiers, trigger bodies.
    #[default]
    Shared,
    /// MySQL and MariaDB: backslash escapes, `#` comments, double-quoted strings.
    Mysql,
}

impl Syntax {
    /// The syntax that a macro argument `dialect = "..."` names.
    pub fn named(name: &str) -> Option<Syntax> {
        match name {
            "postgres" | "sqlite" => Some(Syntax::Shared),
            "mysql" | "mariadb" => Some(Syntax::Mysql),
            _ => None,
        }
    }
}
