//! The state of every version that the binary or the database knows, for people to read.

use std::fmt;
use std::time::Duration;

use gapless_core::{Checksum, Version};

use crate::report::table::{by, table};

/// The state of a version; see [`VersionStatus::state`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum VersionState {
    /// It is applied. Where the binary has only a baseline that stands for its file, that is no contradiction.
    Applied,
    /// The next run applies it.
    Pending,
    /// The next run applies it, although a higher version is applied already; with
    /// [`OutOfOrder::Refuse`](crate::OutOfOrder::Refuse) a run refuses.
    Late,
    /// It is pending and lies beyond the target.
    HeldBack,
    /// It is not applied and does not need to be: the next run begins at the baseline, which stands for it.
    Covered,
    /// The binary has a tombstone of it. If the version was applied, [`applied_at`](VersionStatus::applied_at) is
    /// there.
    Tombstone,
    /// The last try failed; the next run tries again. Known from the journal alone.
    Failed,
    /// A try outside of a transaction has begun and not ended: it was interrupted, or another runner is working on
    /// it now. Known from the journal alone.
    Interrupted,
    /// A rollback outside of a transaction has begun and not ended.
    RollingBack,
    /// The file was edited after it was applied; both checksums are there.
    Edited,
    /// It was applied under [another name](VersionStatus::recorded_as), which no `renames.txt` declares.
    Renamed,
    /// A newer release applied it, and this binary does not have it.
    Ahead,
    /// It was applied, this binary does not have it, and no newer release explains that.
    Orphan,
    /// It is pending, and seems to be applied under another version, which no `renames.txt` declares.
    Moved,
    /// It is pending, and a newer release has recorded another migration under its version.
    Taken,
    /// It is the version of the baseline, which the database has not reached.
    BelowBaseline,
    /// A row under a former name, of what is recorded under its present name too. The next run removes it.
    Duplicate,
}

impl VersionState {
    fn as_str(self) -> &'static str {
        match self {
            VersionState::Applied => "applied",
            VersionState::Pending => "pending",
            VersionState::Late => "late",
            VersionState::HeldBack => "held back",
            VersionState::Covered => "covered by the baseline",
            VersionState::Tombstone => "tombstone",
            VersionState::Failed => "failed",
            VersionState::Interrupted => "interrupted",
            VersionState::RollingBack => "rolling back",
            VersionState::Edited => "edited",
            VersionState::Renamed => "renamed",
            VersionState::Ahead => "ahead",
            VersionState::Orphan => "orphan",
            VersionState::Moved => "moved",
            VersionState::Taken => "taken",
            VersionState::BelowBaseline => "below the baseline",
            VersionState::Duplicate => "duplicate",
        }
    }
}

impl fmt::Display for VersionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The state of a database, as [`Runner::status`](crate::Runner::status) reads it.
///
/// `Display` shows it as a table, a line for each version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    pub(crate) versions: Vec<VersionStatus>,
    pub(crate) warnings: Vec<String>,
}

impl Status {
    /// Returns an entry for each version that the binary or the database knows, in ascending order.
    pub fn versions(&self) -> &[VersionStatus] {
        &self.versions
    }

    /// Returns the entry of a version.
    pub fn find(&self, version: Version) -> Option<&VersionStatus> {
        let at = self.versions.binary_search_by_key(&version, VersionStatus::version).ok()?;
        self.versions.get(at)
    }

    /// Returns what is unusual: renames by newer releases, and a journal that could not be read.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

/// One version in a [`Status`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionStatus {
    pub(crate) version: Version,
    pub(crate) name: String,
    pub(crate) path: Option<String>,
    pub(crate) state: VersionState,
    pub(crate) recorded_as: Option<(Version, String)>,
    pub(crate) applied_at: Option<String>,
    pub(crate) recorded: Option<Checksum>,
    pub(crate) embedded: Option<Checksum>,
    pub(crate) journaled: Journaled,
}

/// What the journal adds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Journaled {
    pub(crate) at: Option<String>,
    pub(crate) duration: Option<Duration>,
    pub(crate) db_user: Option<String>,
    pub(crate) application: Option<String>,
    pub(crate) error: Option<String>,
}

impl VersionStatus {
    /// Returns the version.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Returns the name: that of the embedded file, or the recorded one if there is no file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the embedded file, relative to the embedding crate.
    pub fn path(&self) -> Option<&str> {
        self.path.as_deref()
    }

    /// Returns the state.
    pub fn state(&self) -> VersionState {
        self.state
    }

    /// Returns the version and name in the database, where they differ from those in the binary.
    pub fn recorded_as(&self) -> Option<(Version, &str)> {
        self.recorded_as.as_ref().map(|(version, name)| (*version, name.as_str()))
    }

    /// Returns when it was recorded. On Postgres this is UTC as `2026-01-31T12:00:00.000000Z`; on SQLite it is the
    /// text that the row holds, which this crate writes as `2026-01-31T12:00:00.000Z`.
    pub fn applied_at(&self) -> Option<&str> {
        self.applied_at.as_deref()
    }

    /// Returns the checksum of what was applied, if that is known.
    pub fn recorded_checksum(&self) -> Option<Checksum> {
        self.recorded
    }

    /// Returns the checksum of the embedded text. Tombstones have none.
    pub fn embedded_checksum(&self) -> Option<Checksum> {
        self.embedded
    }

    /// Returns how long it took to apply. Known from the journal alone, of what was applied in a transaction.
    pub fn duration(&self) -> Option<Duration> {
        self.journaled.duration
    }

    /// Returns the database's user who applied it, or tried last. Known from the journal alone, on Postgres.
    pub fn db_user(&self) -> Option<&str> {
        self.journaled.db_user.as_deref()
    }

    /// Returns the `application_name` of the session that applied it, or tried last. Known from the journal alone,
    /// on Postgres.
    pub fn application(&self) -> Option<&str> {
        self.journaled.application.as_deref()
    }

    /// Returns when the journal last heard of a try that [failed](VersionState::Failed) or was
    /// [interrupted](VersionState::Interrupted), in the form of [`applied_at`](VersionStatus::applied_at).
    pub fn tried_at(&self) -> Option<&str> {
        self.journaled.at.as_deref()
    }

    /// Returns the error of the last try, if it [failed](VersionState::Failed).
    pub fn error(&self) -> Option<&str> {
        self.journaled.error.as_deref()
    }

    /// The cells of its line in the table.
    fn cells(&self) -> [String; 6] {
        let old = self.recorded_as.as_ref().map(|(version, name)| format!(" (recorded as {version} {name})"));
        [
            self.version.to_string(),
            self.name.clone(),
            self.state.to_string() + &old.unwrap_or_default(),
            self.applied_at.clone().unwrap_or_default(),
            self.duration().map(crate::report::shown).unwrap_or_default(),
            by(self.db_user(), self.application()),
        ]
    }
}

impl fmt::Display for VersionStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [version, name, state, ..] = self.cells();
        write!(f, "{version} {name}: {state}")
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.versions.is_empty() {
            f.write_str("no migrations")?;
        } else {
            let head = ["version", "name", "state", "applied at", "took", "by"];
            table(f, head, self.versions.iter().map(VersionStatus::cells))?;
        }
        self.warnings.iter().try_for_each(|warning| write!(f, "\nwarning: {warning}"))
    }
}
