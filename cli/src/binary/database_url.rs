//! The database that a URL names.

use std::path::{Path, PathBuf};

use gapless::Syntax;

use super::mysql_url::MysqlUrl;
use super::parameters::Parameters;

/// Files that are SQLite databases by the ends of their names.
const SQLITE_ENDINGS: [&str; 3] = ["db", "sqlite", "sqlite3"];

/// Where the database is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum DatabaseUrl {
    Postgres(Parameters),
    Mysql(MysqlUrl),
    Sqlite(PathBuf),
}

impl DatabaseUrl {
    /// Parses a URL, the `key=value` pairs of libpq, or the path of a SQLite file.
    ///
    /// # Errors
    ///
    /// A reason that never holds the password.
    pub(super) fn parse(text: &str) -> Result<DatabaseUrl, String> {
        let text = text.trim();
        if let Some(rest) =
            ["postgres://", "postgresql://"].iter().find_map(|scheme| text.strip_prefix(scheme))
        {
            return Parameters::from_url(rest).map(DatabaseUrl::Postgres);
        }
        if let Some(rest) = ["mysql://", "mariadb://"].iter().find_map(|scheme| text.strip_prefix(scheme)) {
            return MysqlUrl::parse(rest).map(DatabaseUrl::Mysql);
        }
        if let Some(path) = text.strip_prefix("sqlite:") {
            return sqlite(path.strip_prefix("//").unwrap_or(path));
        }
        let path = Path::new(text);
        let ending = path.extension().and_then(|ending| ending.to_str());
        if ending.is_some_and(|ending| SQLITE_ENDINGS.contains(&ending)) && !text.contains("://") {
            return sqlite(text);
        }
        if text.contains('=') && !text.contains("://") {
            return Parameters::from_pairs(text).map(DatabaseUrl::Postgres);
        }
        Err("the URL names no database that is known here\n\
             help: write postgres://user@host/name, mysql://user@host/name, host=... dbname=..., or sqlite:file.db"
            .to_owned())
    }

    /// The rules of quoting of this kind of database.
    pub(super) fn syntax(&self) -> Syntax {
        match self {
            DatabaseUrl::Postgres(_) => Syntax::Postgres,
            DatabaseUrl::Mysql(_) => Syntax::Mysql,
            DatabaseUrl::Sqlite(_) => Syntax::Sqlite,
        }
    }

    /// The URL for people to read, with stars for the password.
    pub(super) fn shown(text: &str) -> String {
        match DatabaseUrl::parse(text) {
            Ok(DatabaseUrl::Postgres(parameters)) => parameters.shown(),
            Ok(DatabaseUrl::Mysql(url)) => url.shown(),
            Ok(DatabaseUrl::Sqlite(path)) => format!("sqlite:{}", path.display()),
            // It may hold a password at a place that is not known.
            Err(_) => "*** (cannot be read)".to_owned(),
        }
    }
}

fn sqlite(path: &str) -> Result<DatabaseUrl, String> {
    if path.is_empty() {
        return Err("the URL names no file\nhelp: write sqlite:file.db".to_owned());
    }
    if path.split_once(':').is_some_and(|(_, rest)| rest.contains('@')) {
        return Err(
            "the URL of a SQLite file names no user and no password\nhelp: write sqlite:file.db".to_owned()
        );
    }
    if path.contains('?') {
        return Err("the URL of a SQLite file takes no parameters\nhelp: write sqlite:file.db".to_owned());
    }
    Ok(DatabaseUrl::Sqlite(path.into()))
}

#[cfg(test)]
mod tests {
    use super::DatabaseUrl;

    #[test]
    fn sqlite_files_are_named_in_several_ways() {
        for (text, path) in [
            ("sqlite:app.db", "app.db"),
            ("sqlite://app.db", "app.db"),
            ("sqlite:///var/app.db", "/var/app.db"),
            ("sqlite::memory:", ":memory:"),
            ("data/app.sqlite", "data/app.sqlite"),
            ("app.db", "app.db"),
        ] {
            assert_eq!(DatabaseUrl::parse(text), Ok(DatabaseUrl::Sqlite(path.into())), "{text}");
        }
        for text in ["", "app", "oracle://host/app.db", "sqlite:", "sqlite:app.db?mode=ro"] {
            assert!(DatabaseUrl::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn passwords_are_hidden_wherever_they_stand() {
        for text in [
            "postgres://me:hunter2@host/app",
            "postgres://me:hunter2@host,other:5433/app?sslmode=require",
            "postgres://me@host/app?password=hunter2",
            "host=host user=me password=hunter2",
            "host=host password='a hunter2'",
            // These cannot be read: what of them is a password is anyone's guess.
            "postgres://me:hunter2/x@host/app",
            "postgres://me:1/hunter2@host/app",
            "postgres://me:1?hunter2@host/app",
            "postgres://me:hunter2%zz@host/app",
            "host=host password='hunter2",
            "mysql://me:hunter2@host/app",
            "mariadb://me:hunter2@host:3307/app?ssl-mode=required",
            "mysql://me:hunter2/x@host/app",
            "mysql://me@host/app?password=hunter2",
            "mysql://me@host/app?hunter2",
            "mysql://me:hunter2@one,two/app",
            "oracle://me:hunter2@host/app",
            "sqlite://me:hunter2@host/app.db",
            "postgres://me@host/app?PASSWORD=hunter2",
            "host=host passwd=hunter2",
        ] {
            let shown = DatabaseUrl::shown(text);
            assert!(!shown.contains("hunter2"), "{text}: {shown}");
            if let Err(reason) = DatabaseUrl::parse(text) {
                assert!(!reason.contains("hunter2"), "{text}: {reason}");
            }
        }
        assert_eq!(
            DatabaseUrl::shown("postgresql://me:hunter2@host:5433/app?sslmode=require"),
            "postgres://me:***@host:5433/app?sslmode=require"
        );
    }
}
