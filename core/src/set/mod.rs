//! Holds migrations and their set.

mod checksum;
mod constant;
mod digest;
mod directives;
mod layout;
mod migration;
mod migration_set;
mod part;
mod rename;
mod rules;
mod version;

pub use checksum::{Checksum, ParseChecksumError, normalise};
pub(crate) use digest::digest;
pub use digest::digest_of;
pub use directives::Directives;
pub use layout::Layout;
pub use migration::{Down, Migration};
pub use migration_set::{DuplicateVersion, MigrationSet};
pub(crate) use part::Part;
pub use rename::Rename;
pub use rules::Rules;
pub use version::{ParseVersionError, Version};
