use std::borrow::Cow;

use crate::{Checksum, Directives, Version};

/// One migration: what its files hold, and what is known about them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    version: Version,
    name: Cow<'static, str>,
    path: Cow<'static, str>,
    sql: Cow<'static, str>,
    checksum: Checksum,
    down: Option<Down>,
    directives: Directives,
}

/// The script that takes a migration back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Down {
    path: Cow<'static, str>,
    sql: Cow<'static, str>,
}

impl Down {
    pub(crate) fn new(path: String, sql: String) -> Down {
        Down { path: path.into(), sql: sql.into() }
    }

    #[doc(hidden)]
    pub const fn __embedded(path: &'static str, sql: &'static str) -> Down {
        Down { path: Cow::Borrowed(path), sql: Cow::Borrowed(sql) }
    }

    /// The file, relative to the crate that embeds it.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The normalised text of the file.
    pub fn sql(&self) -> &str {
        &self.sql
    }
}

impl Migration {
    /// A migration from its text, which is normalised and hashed; its directives are not read.
    pub(crate) fn new(version: Version, name: String, path: String, sql: String) -> Migration {
        let checksum = Checksum::of(&sql);
        let (name, path, sql) = (name.into(), path.into(), sql.into());
        Migration { version, name, path, sql, checksum, down: None, directives: Directives::NONE }
    }

    pub(crate) fn with_down(mut self, down: Down) -> Migration {
        self.down = Some(down);
        self
    }

    pub(crate) fn with_directives(mut self, directives: Directives) -> Migration {
        self.directives = directives;
        self
    }

    /// The macro's way to write a migration down as a constant.
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
        }
    }

    /// The number that orders it.
    pub const fn version(&self) -> Version {
        self.version
    }

    /// The description in the file name, after the version.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file, relative to the crate that embeds it.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The normalised text of the file: what is hashed and what is run.
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// The SHA-256 of [`Migration::sql`].
    pub const fn checksum(&self) -> Checksum {
        self.checksum
    }

    /// The way back, if the directory has one.
    pub const fn down(&self) -> Option<&Down> {
        self.down.as_ref()
    }

    /// What the header comments ask for.
    pub const fn directives(&self) -> Directives {
        self.directives
    }
}
