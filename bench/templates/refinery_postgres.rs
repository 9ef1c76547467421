mod measure;

mod embedded {
    refinery::embed_migrations!("migrations");
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut watch = measure::Stopwatch::start();
    let mut client = postgres::Client::connect(&measure::url(), postgres::NoTls)?;
    watch.connected();
    if !measure::connects_only() {
        let grouped = std::env::var_os("BENCH_GROUPED").is_some();
        embedded::migrations::runner().set_grouped(grouped).run(&mut client)?;
    }
    watch.done();
    Ok(())
}
