//! Items that the expansions of the macros name. Not for use by hand.

gapless_macros::__versioned! { pub use super::items::*; }

pub mod items {
    pub use std::borrow::Cow::{self, Borrowed};
    pub use std::option::Option::{self, None, Some};

    pub use gapless_core::{Directives, Down, Layout, Migration, Rename, Rules, Syntax};

    /// Returns a migration without a down script and without directives.
    pub const fn up(
        version: i64,
        name: &'static str,
        path: &'static str,
        sql: &'static str,
        checksum: &[u8; 32],
    ) -> Migration {
        Migration::__embedded(version, name, path, sql, checksum, None, Directives::NONE)
    }

    /// Returns a migration.
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

    /// Returns a tombstone.
    pub const fn tombstone(
        version: i64,
        name: &'static str,
        path: &'static str,
        sql: &'static str,
        checksum: &[u8; 32],
    ) -> Migration {
        up(version, name, path, sql, checksum).__tombstone()
    }

    /// Returns a baseline.
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

    /// Returns a down script.
    pub const fn down(path: &'static str, sql: &'static str, directives: Directives) -> Down {
        Down::__embedded(path, sql, directives)
    }

    /// Returns a line of `renames.txt`; `old` is its old identifier, parsed.
    pub const fn rename(from: &'static str, old: Option<(i64, &'static str)>, to: i64) -> Rename {
        Rename::__embedded(from, old, to)
    }

    /// Returns the directives of a script; timeouts are in milliseconds.
    pub const fn directives(
        no_transaction: bool,
        rerunnable: bool,
        rust: bool,
        lock_timeout: Option<u64>,
        statement_timeout: Option<u64>,
    ) -> Directives {
        Directives::__embedded(no_transaction, rerunnable, rust, lock_timeout, statement_timeout)
    }

    /// Returns the set over the macro's table.
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

    /// Returns the empty set, for an expansion that failed.
    pub const fn nothing() -> crate::MigrationSet {
        crate::MigrationSet::__new(gapless_core::MigrationSet::EMPTY)
    }

    pub use gapless_core::{
        MigrationSet as CoreSet, common_rules, merged, merged_digest, merged_renames, total, total_renames,
    };

    /// Returns the inner sets, for `merge_migrations!`.
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
