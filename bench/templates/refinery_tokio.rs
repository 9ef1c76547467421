mod measure;

mod embedded {
    refinery::embed_migrations!("migrations");
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut watch = measure::Stopwatch::start();
    let (mut client, connection) = tokio_postgres::connect(&measure::url(), tokio_postgres::NoTls).await?;
    tokio::spawn(connection);
    watch.connected();
    if !measure::connects_only() {
        embedded::migrations::runner().run_async(&mut client).await?;
    }
    watch.done();
    Ok(())
}
