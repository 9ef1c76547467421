//! What gapless knows without a database: file names, versions, checksums, directives, the SQL lexer,
//! the directory scan and the [`MigrationSet`]. The macro uses it at build time and the runtime at
//! run time, so both read a directory the same way.
//!
//! ```text
//! directory --scan--> MigrationSet
//! ```
//!
//! Applications depend on the `gapless` crate, which re-exports what they need from here.

mod annotation;
mod chain;
mod check;
mod checksum;
mod concurrent;
mod current;
mod digest;
mod directive;
mod directory;
mod foreign;
mod guess;
mod identifier;
mod layout;
mod list;
mod lock;
mod merge;
mod migration;
mod name;
mod open;
mod pairs;
mod pattern;
mod place;
mod plain;
mod problem;
mod refuse;
mod rename;
mod repeat;
mod rules;
mod scan;
mod script;
mod set;
mod setting;
mod snippet;
mod statement;
mod syntax;
mod token;
mod version;
mod visit;
mod wrapper;

pub use checksum::{Checksum, ParseChecksumError, normalise};
pub use concurrent::Concurrent;
pub use current::Difference;
pub use digest::digest_of;
pub use directive::Directives;
pub use foreign::ForeignTable;
pub use layout::Layout;
pub use lock::write_locks;
pub use merge::{common_rules, merged, merged_digest, merged_renames, total, total_renames};
pub use migration::{Down, Migration};
pub use name::{FileName, Kind, NameError};
pub use pattern::{Pattern, SourceError, project_root};
pub use problem::{Problem, Problems};
pub use rename::{Rename, stem};
pub use rules::Rules;
pub use scan::{Scan, Scanned, ScannedFile, scan};
pub use set::{DuplicateVersion, MigrationSet};
pub use snippet::{Location, snippet};
pub use statement::{Fault, Statement, split};
pub use syntax::Syntax;
pub use version::{ParseVersionError, Version};
