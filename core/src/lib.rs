//! Reads directories of migrations without a database: file names, versions, checksums, directives, the SQL lexer,
//! the directory scan and the [`MigrationSet`]. The macro uses it at build time and the runtime at
//! run time, so both read a directory the same way.
//!
//! ```text
//! directory --read--> script --lint--> MigrationSet
//! ```
//!
//! Applications depend on the `gapless` crate, which re-exports what they need from here.

mod lint;
mod merge;
mod read;
mod set;
mod sql;

pub use lint::{Problem, Problems};
pub use merge::{common_rules, merged, merged_digest, merged_renames, total, total_renames};
pub use read::{
    Difference, FileName, ForeignTable, Kind, NameError, Pattern, Scan, Scanned, ScannedFile, SourceError,
    project_root, scan, stem, write_locks,
};
#[doc(hidden)]
pub use read::{LOCK, RENAMES, comments, scan_leniently};
pub use set::{
    Checksum, Directives, Down, DuplicateVersion, Layout, Migration, MigrationSet, ParseChecksumError,
    ParseVersionError, Rename, Rules, Version, digest_of, normalise,
};
pub use sql::{Concurrent, Fault, Location, Statement, Syntax, snippet, split};
