//! Compile-time embedded SQL migrations that never skip one.
//!
//! ```ignore
//! use gapless::{embed_migrations, MigrationSet};
//!
//! static MIGRATIONS: MigrationSet = embed_migrations!("migrations");
//!
//! let report = MIGRATIONS.runner().run(&mut client)?;
//! ```
//!
//! The macro reads the directory while the crate compiles, and refuses what a reader of it could trip
//! over; see [`embed_migrations!`]. [`Runner`] brings a database to the embedded set, safely from any
//! number of replicas at once.
//!
//! # Features
//!
//! No driver is on by default.
//!
//! - `postgres`: `postgres::Client`
//! - `tokio-postgres`: `tokio_postgres::Client`
//! - `sqlx`: `sqlx::PgConnection` and `sqlx::PgPool`, on tokio
//! - `rusqlite`: `rusqlite::Connection`
//! - `tracing`: a span and events of each run

mod conflict;
mod dialect;
mod driver;
mod dry_run;
pub mod engine;
mod error;
mod error_kind;
mod event;
mod failure;
mod history;
mod options;
mod plan;
mod report;
mod runner;
mod set;
#[cfg(feature = "tracing")]
mod trace;
mod tracker;

pub use gapless_core::{
    Checksum, Difference, Directives, Down, DuplicateVersion, Location, Migration, ParseVersionError,
    Pattern, Problem, Problems, Syntax, Version,
};
pub use gapless_macros::embed_migrations;

pub use crate::conflict::Conflict;
pub use crate::driver::{AsyncClient, AsyncConnection, Connection, ExchangeError};
pub use crate::dry_run::DryRun;
pub use crate::error::Error;
pub use crate::event::{Event, Holder};
pub use crate::failure::Failure;
pub use crate::options::{Drift, Locking, OutOfOrder, Resolution, Unknown};
pub use crate::plan::{Pending, Plan};
pub use crate::report::{Applied, Report};
pub use crate::runner::Runner;
pub use crate::set::MigrationSet;

/// What the macro's expansion names. Its module bears the version, so that a macro of another version
/// does not compile against it.
#[doc(hidden)]
pub mod __private {
    pub mod v0_1_0 {
        pub use std::borrow::Cow::{self, Borrowed};
        pub use std::option::Option::{self, None, Some};

        pub use gapless_core::{Directives, Down, Migration, Syntax};

        /// A migration without a way back and without directives.
        pub const fn up(
            version: i64,
            name: &'static str,
            path: &'static str,
            sql: &'static str,
            checksum: &[u8; 32],
        ) -> Migration {
            Migration::__embedded(version, name, path, sql, checksum, None, Directives::NONE)
        }

        /// Any migration.
        pub const fn migration(
            version: i64,
            name: &'static str,
            path: &'static str,
            sql: &'static str,
            checksum: &[u8; 32],
            down: Option<Down>,
            directives: Directives,
        ) -> Migration {
            Migration::__embedded(version, name, path, sql, checksum, down, directives)
        }

        /// The way back.
        pub const fn down(path: &'static str, sql: &'static str) -> Down {
            Down::__embedded(path, sql)
        }

        /// What header comments ask for; timeouts in milliseconds.
        pub const fn directives(
            no_transaction: bool,
            rerunnable: bool,
            lock_timeout: Option<u64>,
            statement_timeout: Option<u64>,
        ) -> Directives {
            Directives::__embedded(no_transaction, rerunnable, lock_timeout, statement_timeout)
        }

        /// The set over the macro's table.
        pub const fn set(
            migrations: &'static [Migration],
            sources: &'static [Cow<'static, str>],
            syntax: Syntax,
        ) -> crate::MigrationSet {
            crate::MigrationSet::__new(gapless_core::MigrationSet::__embedded(migrations, sources, syntax))
        }
    }
}
