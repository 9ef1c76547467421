mod measure;

use diesel_async::{AsyncConnection, AsyncMigrationHarness, AsyncPgConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut watch = measure::Stopwatch::start();
    let connection = AsyncPgConnection::establish(&measure::url()).await?;
    watch.connected();
    if !measure::connects_only() {
        let mut harness = AsyncMigrationHarness::new(connection);
        harness.run_pending_migrations(MIGRATIONS).map_err(|error| error.to_string())?;
    }
    watch.done();
    Ok(())
}
