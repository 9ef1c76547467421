//! Holds a migration and its down script.

use std::borrow::Cow;

use super::checksum::Checksum;
use super::constant::constant;
use super::directives::Directives;
use super::version::Version;
use crate::sql::{Syntax, is_ddl_only};

/// A migration: the contents of its files, and the facts about them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    version: Version,
    name: Cow<'static, str>,
    path: Cow<'static, str>,
    sql: Cow<'static, str>,
    checksum: Checksum,
    down: Option<Down>,
    directives: Directives,
    role: Role,
    /// Its crate, in a set that was merged from several.
    package: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Script,
    Tombstone,
    Baseline,
}

/// The script that rolls a migration back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Down {
    path: Cow<'static, str>,
    sql: Cow<'static, str>,
    directives: Directives,
}

impl Down {
    pub(crate) fn new(path: String, sql: String, directives: Directives) -> Down {
        Down { path: path.into(), sql: sql.into(), directives }
    }

    #[doc(hidden)]
    pub const fn __embedded(path: &'static str, sql: &'static str, directives: Directives) -> Down {
        Down { path: Cow::Borrowed(path), sql: Cow::Borrowed(sql), directives }
    }

    /// Returns the path of the file, relative to the crate that embeds it.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the normalised text of the file.
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// Returns the directives of its header comments.
    pub const fn directives(&self) -> Directives {
        self.directives
    }
}

impl Migration {
    /// Makes a migration of a normalised text, and hashes it; does not read its directives.
    pub(crate) fn new(version: Version, name: String, path: String, sql: String) -> Migration {
        Migration {
            version,
            name: name.into(),
            path: path.into(),
            checksum: Checksum::of(&sql),
            sql: sql.into(),
            down: None,
            directives: Directives::NONE,
            role: Role::Script,
            package: None,
        }
    }

    pub(crate) fn with_down(mut self, down: Down) -> Migration {
        self.down = Some(down);
        self
    }

    pub(crate) fn with_directives(mut self, directives: Directives) -> Migration {
        self.directives = directives;
        self
    }

    /// Makes a migration in the macro's expansion.
    ///
    /// # Panics
    ///
    /// At compile time, on a negative version.
    #[doc(hidden)]
    pub const fn __embedded(
        version: i64,
        name: &'static str,
        path: &'static str,
        sql: &'static str,
        checksum: &[u8; 32],
        down: Option<Down>,
        directives: Directives,
    ) -> Migration {
        Migration {
            version: Version::new(version).expect("a version is not negative"),
            name: Cow::Borrowed(name),
            path: Cow::Borrowed(path),
            sql: Cow::Borrowed(sql),
            checksum: Checksum::from_bytes(*checksum),
            down,
            directives,
            role: Role::Script,
            package: None,
        }
    }

    /// Makes a tombstone of it.
    #[doc(hidden)]
    #[must_use]
    pub const fn __tombstone(mut self) -> Migration {
        self.role = Role::Tombstone;
        self
    }

    /// Makes a baseline of it.
    #[doc(hidden)]
    #[must_use]
    pub const fn __baseline(mut self) -> Migration {
        self.role = Role::Baseline;
        self
    }

    /// Copies it into a set that is merged at compile time.
    ///
    /// # Panics
    ///
    /// At compile time, if the migration is not a constant.
    #[doc(hidden)]
    #[must_use]
    pub const fn __of_package(&self, package: &'static str) -> Migration {
        Migration {
            version: self.version,
            name: Cow::Borrowed(constant(&self.name)),
            path: Cow::Borrowed(constant(&self.path)),
            sql: Cow::Borrowed(constant(&self.sql)),
            checksum: self.checksum,
            down: match &self.down {
                None => None,
                Some(down) => {
                    Some(Down::__embedded(constant(&down.path), constant(&down.sql), down.directives))
                }
            },
            directives: self.directives,
            role: self.role,
            package: match self.package {
                None => Some(package),
                known => known,
            },
        }
    }

    /// Returns the version, which orders migrations.
    pub const fn version(&self) -> Version {
        self.version
    }

    /// Returns the description in the file name, after the version.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the name in a constant.
    #[doc(hidden)]
    pub const fn __name(&self) -> &str {
        constant(&self.name)
    }

    /// Returns the path of the file, relative to the crate that embeds it.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the path in a constant.
    #[doc(hidden)]
    pub const fn __path(&self) -> &str {
        constant(&self.path)
    }

    /// Returns the file as messages show it: its path, after the name of its crate if the set was merged from several.
    pub fn file(&self) -> String {
        self.package.map_or_else(|| self.path.to_string(), |package| format!("{package}: {}", self.path))
    }

    /// Returns its crate, in a set that was merged from several.
    pub const fn package(&self) -> Option<&'static str> {
        self.package
    }

    /// Returns the normalised text of the file, which is hashed and run.
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// Returns the SHA-256 of [`Migration::sql`].
    pub const fn checksum(&self) -> Checksum {
        self.checksum
    }

    /// Returns the down script, if the directory has one.
    pub const fn down(&self) -> Option<&Down> {
        self.down.as_ref()
    }

    /// Returns the directives of its header comments.
    pub const fn directives(&self) -> Directives {
        self.directives
    }

    /// Returns true for a tombstone: the migration is retired, its version stays known, and it never runs.
    pub const fn is_tombstone(&self) -> bool {
        matches!(self.role, Role::Tombstone)
    }

    /// Returns true for a baseline, which stands for all migrations up to its version on an empty database.
    pub const fn is_baseline(&self) -> bool {
        matches!(self.role, Role::Baseline)
    }

    /// Returns true if no statement of the script can change a setting of the session or its role: each one defines,
    /// drops or describes an object, and evaluates nothing. Returns false in doubt.
    pub fn is_ddl_only(&self, syntax: Syntax) -> bool {
        is_ddl_only(&self.sql, syntax)
    }
}
