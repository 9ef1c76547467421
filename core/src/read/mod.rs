//! Reads directories of migrations into a set, or into the problems that they have.

mod directory;
mod foreign_tables;
mod freshness;
mod guess;
mod layout;
mod lock;
mod name;
mod pairing;
mod pattern;
mod place;
mod renames;
mod resolve_renames;
mod scan;
mod scanned;
mod scanner;
mod script;
mod wrapper;
mod write_locks;

pub use foreign_tables::ForeignTable;
pub use freshness::Difference;
pub use name::{FileName, Kind, NameError};
pub use pattern::{Pattern, SourceError, project_root};
pub use renames::stem;
pub use scan::scan;
pub use scanned::{Scan, Scanned, ScannedFile};
pub use write_locks::write_locks;
