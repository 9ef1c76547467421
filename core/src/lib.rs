//! Reads directories of migrations without a database: file names, versions, checksums, directives, the SQL lexer,
//! the directory scan and the [`MigrationSet`]. The macro uses it at build time and the runtime at
//! run time, so both read a directory in the same way.
//!
//! ```text
//! directory --read--> script --lint--> MigrationSet
//! ```
//!
//! ```
//! use gapless_core::{MigrationSet, Pattern, Syntax};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let root = tempfile::tempdir()?;
//! # let root = root.path();
//! std::fs::create_dir(root.join("migrations"))?;
//! std::fs::write(root.join("migrations/0001_users.sql"), "CREATE TABLE users (id bigint PRIMARY KEY);\n")?;
//!
//! let set = MigrationSet::scan(root, &[Pattern::new("migrations")?], Syntax::Postgres)?;
//! assert_eq!(set.migrations()[0].name(), "users");
//! # Ok(()) }
//! ```
//!
//! Applications depend on the `gapless` crate, which re-exports everything that they need.

mod lint;
mod merge;
mod read;
mod set;
mod sql;

pub use lint::{Allowance, Problem, Problems, allowances};
pub use merge::{common_rules, merged, merged_digest, merged_renames, total, total_renames};
pub use read::{
    Difference, FileName, ForeignTable, Kind, NameError, Pattern, Scan, Scanned, ScannedFile, SourceError,
    project_root, scan, stem, write_locks,
};
#[doc(hidden)]
pub use read::{
    INTERRUPTED, INTERRUPTED_HELP, LOCK, LockChange, LockChangeKind, MAKESHIFT, RENAMES, UNFINISHED,
    comments, instruction_in, listed, lock_changes, no_file, odd_renames, scan_leniently, scan_unlocked,
};
pub use set::{
    Checksum, Directives, Down, DuplicateVersion, Layout, Migration, MigrationSet, ParseChecksumError,
    ParseVersionError, Rename, Rules, Version, digest_of, normalise,
};
pub use sql::{Concurrent, Definition, Fault, Location, ObjectKind, Statement, Syntax, snippet, split};
