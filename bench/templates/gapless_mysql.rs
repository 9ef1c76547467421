mod measure;

use gapless::{MigrationSet, embed_migrations};

static MIGRATIONS: MigrationSet = embed_migrations!("migrations", dialect = "mysql");

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut watch = measure::Stopwatch::start();
    let options = mysql::OptsBuilder::from_opts(mysql::Opts::from_url(&measure::url())?);
    let mut client = mysql::Conn::new(options.prefer_socket(false))?;
    watch.connected();
    if !measure::connects_only() {
        MIGRATIONS.runner().run(&mut client)?;
    }
    watch.done();
    Ok(())
}
