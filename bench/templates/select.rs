mod measure;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut watch = measure::Stopwatch::start();
    let mut client = postgres::Client::connect(&measure::url(), postgres::NoTls)?;
    watch.connected();
    if !measure::connects_only() {
        client.simple_query("SELECT version, name, checksum FROM applied_migrations")?;
    }
    watch.done();
    Ok(())
}
