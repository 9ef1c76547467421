//! Embeds the example migrations and applies them: to a SQLite file, or to `DATABASE_URL`.

use std::error::Error;

use gapless::{Connection, Event, MigrationSet, embed_migrations};

static MIGRATIONS: MigrationSet = embed_migrations!("../migrations");

const FILE: &str = "quickstart.db";

fn main() {
    let url = std::env::var("DATABASE_URL").unwrap_or_else(|_| FILE.to_owned());
    if let Err(error) = open_and_migrate(&url) {
        eprintln!("error: {error}");
        std::process::exit(1);
    }
}

fn open_and_migrate(url: &str) -> Result<(), Box<dyn Error>> {
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        let mut client = postgres::Client::connect(url, postgres::NoTls)
            .map_err(|error| format!("cannot reach the database of DATABASE_URL: {}", reason(&error)))?;
        println!("database: Postgres");
        return migrate(&mut client);
    }
    let path = url.strip_prefix("sqlite:").unwrap_or(url);
    let mut connection =
        rusqlite::Connection::open(path).map_err(|error| format!("cannot open the SQLite file: {error}"))?;
    println!("database: SQLite, {path}");
    migrate(&mut connection)
}

fn migrate<C: Connection>(client: &mut C) -> Result<(), Box<dyn Error>> {
    let plan = MIGRATIONS.runner().plan(client)?;
    if !plan.is_empty() {
        println!("plan: {plan}");
    }
    let progress = |event: &Event<'_>| match event {
        Event::Applying(_) | Event::Waiting { .. } | Event::Retrying { .. } => println!("{event}"),
        _ => {}
    };
    let report = MIGRATIONS.runner().on_event(progress).run(client)?;
    println!("{report}");
    Ok(())
}

/// The innermost cause, which is the one that helps.
fn reason(error: &dyn Error) -> String {
    error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {}", reason(source)))
}

#[cfg(test)]
mod tests {
    #[test]
    fn embedded_migrations_are_current() {
        super::MIGRATIONS.assert_current();
    }
}
