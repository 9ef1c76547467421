//! Compile-time embedded SQL migrations that never skip one.
//!
//! ```no_run
//! # #[cfg(feature = "postgres")] mod example {
//! use gapless::{MigrationSet, embed_migrations};
//!
//! # /*
//! static MIGRATIONS: MigrationSet = embed_migrations!("migrations");
//! # */
//! # static MIGRATIONS: MigrationSet = embed_migrations!("../migrations");
//!
//! # fn example(mut client: postgres::Client) -> Result<(), gapless::Error> {
//! let report = MIGRATIONS.runner().run(&mut client)?;
//! println!("{report}");
//! # Ok(()) }
//! # }
//! ```
//!
//! The macro reads the directory while the crate compiles, and reports all mistakes in it as compile errors; see
//! [`embed_migrations!`]. [`Runner`] brings a database to the embedded set, safely from any number of replicas at once.
//!
//! # Features
//!
//! No driver is on by default.
//!
//! - `postgres`: `postgres::Client`
//! - `tokio-postgres`: `tokio_postgres::Client`
//! - `sqlx`: `sqlx::PgConnection` and `sqlx::PgPool`, on tokio; sqlx logs messages that take longer than a second
//!   as slow statements (target `sqlx::query`), which `ConnectOptions::log_slow_statements` turns off
//! - `rusqlite`: `rusqlite::Connection`
//! - `mysql`: `mysql::Conn` and `mysql::PooledConn`, for MySQL and MariaDB
//! - `mysql_async`: `mysql_async::Conn` and `mysql_async::Pool`
//! - `sqlx-mysql`: `sqlx::MySqlConnection` and `sqlx::MySqlPool`
//! - `tracing`: a span and events of each run

mod cancellation;
mod code;
mod dialect;
mod driver;
pub mod engine;
mod history;
mod legacy;
mod plan;
mod protocol;
mod report;
mod runner;
mod set;
mod tracker;

pub use gapless_core::{
    Checksum, Difference, Directives, Down, DuplicateVersion, Layout, Location, Migration, ParseVersionError,
    Pattern, Problem, Problems, Rename, Rules, Syntax, Version,
};

/// Embeds directories of migrations as a [`MigrationSet`], checked while the crate compiles.
///
/// ```
/// use gapless::{MigrationSet, Version, embed_migrations};
///
/// # #[cfg(any())]
/// static MIGRATIONS: MigrationSet = embed_migrations!("migrations");
/// # static MIGRATIONS: MigrationSet = embed_migrations!("../migrations");
///
/// assert_eq!(MIGRATIONS.migrations()[0].version(), Version::from(1));
/// ```
///
/// Several directories make one set:
///
/// ```
/// # use gapless::{MigrationSet, embed_migrations};
/// # #[cfg(any())]
/// static MIGRATIONS: MigrationSet = embed_migrations!("migrations", "modules/*/sql", dialect = "postgres");
/// # static MIGRATIONS: MigrationSet = embed_migrations!("../tests/ui/pass_merged/*", dialect = "postgres");
/// # assert!(MIGRATIONS.is_composed());
/// ```
///
/// # Reference
///
pub use gapless_macros::embed_migrations;

pub use crate::cancellation::CancellationToken;
pub use crate::code::{BoxError, Code};
pub use crate::driver::{AsyncClient, AsyncConnection, Connection, ExchangeError};
pub use crate::history::change::Change;
pub use crate::history::rollback::Rollback;
pub use crate::legacy::Legacy;
pub use crate::plan::Plan;
pub use crate::plan::conflict::Conflict;
pub use crate::plan::pending::Pending;
pub use crate::report::dry_run::{DryRun, NotTried, Untried};
pub use crate::report::error::Error;
pub use crate::report::event::{Event, Holder};
pub use crate::report::failure::Failure;
pub use crate::report::lock_mode::LockMode;
pub use crate::report::log::{Log, LogEntry, LogEvent};
pub use crate::report::server_progress::ServerProgress;
pub use crate::report::statement_begun::StatementBegun;
pub use crate::report::statement_trace::{LockHolder, StatementTrace, TracedLock, TracedRelation};
pub use crate::report::status::{Status, VersionState, VersionStatus};
pub use crate::report::{Applied, Report};
pub use crate::runner::Runner;
pub use crate::runner::options::{Drift, Locking, OutOfOrder, Resolution, Unknown};
pub use crate::set::MigrationSet;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

/// Merges the sets of several crates into one at compile time.
///
/// ```
/// use gapless::MigrationSet;
///
/// # mod billing { pub static MIGRATIONS: gapless::MigrationSet = gapless::embed_migrations!("../migrations"); }
/// static MIGRATIONS: MigrationSet = gapless::merge_migrations!(billing::MIGRATIONS);
/// # assert_eq!(MIGRATIONS.migrations().len(), 10);
/// ```
///
/// Each argument is the path of a `static` or `const` made by [`embed_migrations!`]. Two migrations with the same version
/// are a compile error that names both, with their crates. So are two renames of the same migration, and a rename of a
/// migration of another set. Plans, reports and errors show the crate of each migration. A set with a baseline cannot be
/// merged.
#[macro_export]
macro_rules! merge_migrations {
    ($($set:path),+ $(,)?) => {{
        use $crate::__private::items as __gapless;
        const __MERGED: &[&$crate::MigrationSet] = &[$(&$set),+];
        const __SETS: &[&__gapless::CoreSet; __MERGED.len()] = &__gapless::cores(__MERGED);
        // Thousands of migrations take the compiler a while.
        #[allow(long_running_const_eval)]
        static __MIGRATIONS: [__gapless::Migration; __gapless::total(__SETS)] = __gapless::merged(__SETS);
        #[allow(long_running_const_eval)]
        static __RENAMES: [__gapless::Rename; __gapless::total_renames(__SETS)] =
            __gapless::merged_renames(__SETS);
        const __RULES: __gapless::Rules = __gapless::common_rules(__SETS);
        const __DIGEST: __gapless::Option<i64> = __gapless::merged_digest(__SETS);
        __gapless::set(&__MIGRATIONS, __gapless::None, &__RENAMES, &[], __RULES, __DIGEST, "")
    }};
}
