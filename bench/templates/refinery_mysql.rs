mod measure;

mod embedded {
    refinery::embed_migrations!("migrations");
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut watch = measure::Stopwatch::start();
    let options = mysql::OptsBuilder::from_opts(mysql::Opts::from_url(&measure::url())?);
    let mut client = mysql::Conn::new(options.prefer_socket(false))?;
    watch.connected();
    if !measure::connects_only() {
        embedded::migrations::runner().run(&mut client)?;
    }
    watch.done();
    Ok(())
}
