//! Holds a rename: a migration that is applied under another name than its file has now.

use std::borrow::Cow;

use super::constant::constant;
use super::version::Version;

/// A line of `renames.txt`: the migration of this identifier is now the one with that version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rename {
    from: Cow<'static, str>,
    /// The version and name that the old identifier spells, in our own form or in that of the layout.
    old: Option<(Version, Cow<'static, str>)>,
    to: Version,
}

impl Rename {
    pub(crate) fn new(from: String, old: Option<(Version, String)>, to: Version) -> Rename {
        Rename { from: from.into(), old: old.map(|(version, name)| (version, name.into())), to }
    }

    /// Makes a rename in the macro's expansion; `old` is the version and the name that the old identifier spells.
    ///
    /// # Panics
    ///
    /// At compile time, on a negative version.
    #[doc(hidden)]
    pub const fn __embedded(from: &'static str, old: Option<(i64, &'static str)>, to: i64) -> Rename {
        const NEGATIVE: &str = "a version is not negative";
        let old = match old {
            None => None,
            Some((version, name)) => Some((Version::new(version).expect(NEGATIVE), Cow::Borrowed(name))),
        };
        Rename { from: Cow::Borrowed(from), old, to: Version::new(to).expect(NEGATIVE) }
    }

    /// Copies it into a set that is merged at compile time.
    ///
    /// # Panics
    ///
    /// At compile time, if it is not a constant.
    #[doc(hidden)]
    #[must_use]
    pub const fn __copy(&self) -> Rename {
        let old = match &self.old {
            None => None,
            Some((version, name)) => Some((*version, Cow::Borrowed(constant(name)))),
        };
        Rename { from: Cow::Borrowed(constant(&self.from)), old, to: self.to }
    }

    /// Returns the old identifier in a constant.
    #[doc(hidden)]
    pub const fn __from(&self) -> &str {
        constant(&self.from)
    }

    /// Returns the version and the name that the old identifier spells in a constant.
    #[doc(hidden)]
    pub const fn __old(&self) -> Option<(Version, &str)> {
        match &self.old {
            None => None,
            Some((version, name)) => Some((*version, constant(name))),
        }
    }

    /// Returns the old identifier: `NNN_name`, or that of another tool.
    pub fn from(&self) -> &str {
        &self.from
    }

    /// Returns the version and the name that the old identifier spells, in the native form or in that of the directory's
    /// layout; `None` for any other.
    pub fn from_stem(&self) -> Option<(Version, &str)> {
        self.old.as_ref().map(|(version, name)| (*version, &**name))
    }

    /// Returns the version that the migration has now.
    pub const fn to(&self) -> Version {
        self.to
    }
}
