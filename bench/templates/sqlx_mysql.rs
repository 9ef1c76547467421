mod measure;

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut watch = measure::Stopwatch::start();
    let pool = sqlx::MySqlPool::connect(&measure::url()).await?;
    watch.connected();
    if !measure::connects_only() {
        MIGRATIONS.run(&pool).await?;
    }
    watch.done();
    Ok(())
}
