fn main() -> Result<(), postgres::Error> {
    postgres::Client::connect(&std::env::var("DATABASE_URL").unwrap_or_default(), postgres::NoTls)?;
    Ok(())
}
