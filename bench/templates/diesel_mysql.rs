mod measure;

use diesel::{Connection, MysqlConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut watch = measure::Stopwatch::start();
    let mut connection = MysqlConnection::establish(&measure::url())?;
    watch.connected();
    if !measure::connects_only() {
        connection.run_pending_migrations(MIGRATIONS).map_err(|error| error.to_string())?;
    }
    watch.done();
    Ok(())
}
