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

mod amend;
mod change;
mod code;
mod compare;
mod conflict;
mod dialect;
mod driver;
mod dry_run;
mod endings;
pub mod engine;
mod error;
mod error_kind;
mod event;
mod failure;
mod history;
mod legacy;
mod options;
mod pending;
mod plan;
mod reconcile;
mod report;
mod rollback;
mod runner;
mod set;
#[cfg(feature = "tracing")]
mod trace;
mod tracker;

pub use gapless_core::{
    Checksum, Difference, Directives, Down, DuplicateVersion, Layout, Location, Migration, ParseVersionError,
    Pattern, Problem, Problems, Rename, Rules, Syntax, Version,
};
pub use gapless_macros::embed_migrations;

pub use crate::change::Change;
pub use crate::code::{BoxError, Code};
pub use crate::conflict::Conflict;
pub use crate::driver::{AsyncClient, AsyncConnection, Connection, ExchangeError};
pub use crate::dry_run::DryRun;
pub use crate::error::Error;
pub use crate::event::{Event, Holder};
pub use crate::failure::Failure;
pub use crate::legacy::Legacy;
pub use crate::options::{Drift, Locking, OutOfOrder, Resolution, Unknown};
pub use crate::pending::Pending;
pub use crate::plan::Plan;
pub use crate::report::{Applied, Report};
pub use crate::rollback::Rollback;
pub use crate::runner::Runner;
pub use crate::set::MigrationSet;

/// What the macro's expansion names. Its module bears the version, so that a macro of another version
/// does not compile against it.
#[doc(hidden)]
pub mod __private {
    pub mod v0_1_0 {
        pub use std::borrow::Cow::{self, Borrowed};
        pub use std::option::Option::{self, None, Some};

        pub use gapless_core::{Directives, Down, Layout, Migration, Rename, Rules, Syntax};

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

        /// A migration that was retired.
        pub const fn tombstone(
            version: i64,
            name: &'static str,
            path: &'static str,
            sql: &'static str,
            checksum: &[u8; 32],
        ) -> Migration {
            up(version, name, path, sql, checksum).__tombstone()
        }

        /// What stands for all migrations up to its version.
        pub const fn baseline(
            version: i64,
            name: &'static str,
            path: &'static str,
            sql: &'static str,
            checksum: &[u8; 32],
            directives: Directives,
        ) -> Migration {
            migration(version, name, path, sql, checksum, None, directives).__baseline()
        }

        /// The way back.
        pub const fn down(path: &'static str, sql: &'static str, directives: Directives) -> Down {
            Down::__embedded(path, sql, directives)
        }

        /// A line of `renames.txt`, and what its old identifier spells.
        pub const fn rename(from: &'static str, old: Option<(i64, &'static str)>, to: i64) -> Rename {
            Rename::__embedded(from, old, to)
        }

        /// What header comments ask for; timeouts in milliseconds.
        pub const fn directives(
            no_transaction: bool,
            rerunnable: bool,
            rust: bool,
            lock_timeout: Option<u64>,
            statement_timeout: Option<u64>,
        ) -> Directives {
            Directives::__embedded(no_transaction, rerunnable, rust, lock_timeout, statement_timeout)
        }

        /// The set over the macro's table.
        pub const fn set(
            migrations: &'static [Migration],
            baseline: Option<Migration>,
            renames: &'static [Rename],
            sources: &'static [Cow<'static, str>],
            rules: Rules,
            digest: Option<i64>,
            package: &'static str,
        ) -> crate::MigrationSet {
            let set = gapless_core::MigrationSet::__embedded(
                migrations, baseline, renames, sources, rules, digest, package,
            );
            crate::MigrationSet::__new(set)
        }

        /// The set of an expansion that failed.
        pub const fn nothing() -> crate::MigrationSet {
            crate::MigrationSet::__new(gapless_core::MigrationSet::EMPTY)
        }

        pub use gapless_core::{
            MigrationSet as CoreSet, common_rules, merged, merged_digest, merged_renames, total,
            total_renames,
        };

        /// The sets inside, for `merge_migrations!`.
        pub const fn cores<const N: usize>(
            sets: &'static [&'static crate::MigrationSet],
        ) -> [&'static CoreSet; N] {
            let mut cores = [&CoreSet::EMPTY; N];
            let mut index = 0;
            while index < N {
                cores[index] = sets[index].__core();
                index += 1;
            }
            cores
        }
    }
}

/// One set of those of several crates, put together while the crate that merges them compiles.
///
/// ```ignore
/// static MIGRATIONS: MigrationSet = gapless::merge_migrations!(billing::MIGRATIONS, users::MIGRATIONS);
/// ```
///
/// Each argument is the path of a `static` or `const` made by [`embed_migrations!`]. Two migrations with one
/// version are a compile error that names both, with their crates; so are two renames of the same, and a rename
/// of what is a migration of another set. The crate of each is shown in plans, reports and errors. A set with a
/// baseline cannot be merged.
#[macro_export]
macro_rules! merge_migrations {
    ($($set:path),+ $(,)?) => {{
        use $crate::__private::v0_1_0 as __gapless;
        const __MERGED: &[&$crate::MigrationSet] = &[$(&$set),+];
        const __SETS: &[&__gapless::CoreSet; __MERGED.len()] = &__gapless::cores(__MERGED);
        // Thousands of migrations take the compiler a moment.
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
