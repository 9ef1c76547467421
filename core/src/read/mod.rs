//! Reads directories of migrations into a set, or into the problems that they have.

mod directory;
mod entry;
mod filesystem;
mod foreign_tables;
mod freshness;
mod guess;
mod interrupted;
mod judge;
mod layout;
mod listing;
mod lock;
mod migration_directory;
mod name;
mod pairing;
mod pattern;
mod place;
mod renames;
mod resolve_renames;
mod scan;
mod scanned;
mod script;
mod sidecar;
mod text;
mod wrapper;
mod write_locks;

#[doc(hidden)]
pub use entry::{comments, instruction_in};
pub use foreign_tables::ForeignTable;
pub use freshness::Difference;
#[doc(hidden)]
pub use interrupted::{INTERRUPTED, INTERRUPTED_HELP, MAKESHIFT, UNFINISHED};
#[doc(hidden)]
pub use lock::{LOCK, listed};
pub use name::{FileName, Kind, NameError};
pub use pattern::{Pattern, SourceError, project_root};
#[doc(hidden)]
pub use renames::RENAMES;
#[doc(hidden)]
pub use renames::odd_renames;
pub use renames::stem;
pub use scan::{scan, scan_leniently, scan_unlocked};
pub use scanned::{Scan, Scanned, ScannedFile};
#[doc(hidden)]
pub use text::no_file;
pub use write_locks::write_locks;
#[doc(hidden)]
pub use write_locks::{LockChange, LockChangeKind, lock_changes};
