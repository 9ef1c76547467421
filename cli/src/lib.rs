//! Commands for migrations embedded with [gapless]: mounted in a program of your own, or as the binary `gapless`.
//!
//! A program mounts them as a subcommand, with its embedded set, its connection and its migrations in Rust. Every
//! option that it has set on its runner holds:
//!
//! ```no_run
//! use clap::Parser;
//! use gapless::{MigrationSet, embed_migrations};
//! use gapless_cli::Exit;
//!
//! static MIGRATIONS: MigrationSet = embed_migrations!("../migrations");
//!
//! #[derive(Parser)]
//! enum Command {
//!     Serve,
//!     #[command(subcommand)]
//!     Migrate(gapless_cli::Migrate),
//! }
//!
//! # fn connect() -> rusqlite::Connection { unimplemented!() }
//! fn main() -> Exit {
//!     match Command::parse() {
//!         Command::Serve => Exit::Done,
//!         Command::Migrate(command) => command.run(MIGRATIONS.runner(), &mut connect()),
//!     }
//! }
//! ```
//!
//! Such a program needs none of this crate's features: `gapless-cli = { version = "0.1", default-features = false }`.

#![cfg_attr(
    not(all(
        feature = "binary",
        feature = "lint",
        feature = "mysql",
        feature = "postgres",
        feature = "sqlite"
    )),
    allow(
        dead_code,
        unused_imports,
        unused_variables,
        reason = "what the parts of the program share is used by all of them together"
    )
)]

mod ask;
#[cfg(feature = "binary")]
mod binary;
mod commands;
mod database;
mod exit;
#[cfg(feature = "lint")]
mod lint;
mod output;
mod progress;
mod signals;
mod voice;

pub use crate::commands::Migrate;
pub use crate::exit::Exit;

/// Runs the program `gapless` with the arguments of the process.
#[cfg(feature = "binary")]
#[doc(hidden)]
pub fn main() -> Exit {
    binary::main()
}
