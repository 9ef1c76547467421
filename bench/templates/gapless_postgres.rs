mod measure;

use gapless::{MigrationSet, embed_migrations};

static MIGRATIONS: MigrationSet = embed_migrations!("migrations");

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut watch = measure::Stopwatch::start();
    let mut client = postgres::Client::connect(&measure::url(), postgres::NoTls)?;
    watch.connected();
    if !measure::connects_only() {
        MIGRATIONS.runner().run(&mut client)?;
    }
    watch.done();
    Ok(())
}
