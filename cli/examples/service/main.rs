//! A service with the commands mounted, and a migration in Rust.
//!
//! `DATABASE_URL=postgres://... cargo run -p gapless-cli --example service migrate up`

use std::error::Error;

use clap::{Parser, Subcommand};
use gapless::{CancellationToken, Code, MigrationSet, Version, embed_migrations};
use gapless_cli::{Exit, Migrate};
use postgres::NoTls;

// A service of your own has a build script with `gapless_build::track`, and needs no `allow`.
#[allow(deprecated)]
static MIGRATIONS: MigrationSet = embed_migrations!("examples/service/migrations");

const LOWER_EMAILS: Version = Version::new(2).expect("it is a version");

#[derive(Parser)]
struct Arguments {
    /// Migrate with an asynchronous client
    #[arg(long)]
    asynchronous: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve requests
    Serve,
    /// Look after the database
    #[command(subcommand)]
    Migrate(Migrate),
}

fn main() -> Result<Exit, Box<dyn Error>> {
    let Arguments { asynchronous, command } = Arguments::parse();
    let url = std::env::var("DATABASE_URL")?;
    match command {
        Command::Serve => {
            let mut client = postgres::Client::connect(&url, NoTls)?;
            println!("{}", MIGRATIONS.runner().code(LOWER_EMAILS, blocking()).verify(&mut client)?);
            Ok(Exit::Done)
        }
        Command::Migrate(command) if asynchronous => {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            runtime.block_on(migrate(command, url))
        }
        Command::Migrate(command) => {
            let mut client = postgres::Client::connect(&url, NoTls)?;
            // Ctrl-C interrupts the statement that runs.
            let (token, server) = (CancellationToken::new(), client.cancel_token());
            token.on_cancel(move || drop(server.cancel_query(NoTls)));
            let runner = MIGRATIONS.runner().code(LOWER_EMAILS, blocking()).cancel_on(&token);
            Ok(command.run(runner, &mut client))
        }
    }
}

async fn migrate(command: Migrate, url: String) -> Result<Exit, Box<dyn Error>> {
    let (mut client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await?;
    tokio::spawn(connection);
    let (token, server, runtime) =
        (CancellationToken::new(), client.cancel_token(), tokio::runtime::Handle::current());
    token.on_cancel(move || {
        let server = server.clone();
        runtime.spawn(async move { server.cancel_query(tokio_postgres::NoTls).await });
    });
    let lower = Code::tokio_postgres(|transaction| {
        Box::pin(async move {
            transaction.execute("UPDATE customers SET email = lower(email)", &[]).await?;
            Ok(())
        })
    });
    // In a task of its own, as a service would.
    let migrating = tokio::spawn(async move {
        let runner = MIGRATIONS.runner().code(LOWER_EMAILS, lower).cancel_on(&token);
        command.run_async(runner, &mut client).await
    });
    Ok(migrating.await?)
}

fn blocking() -> Code {
    Code::postgres(|transaction| {
        transaction.execute("UPDATE customers SET email = lower(email)", &[])?;
        Ok(())
    })
}
