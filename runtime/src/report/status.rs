//! The state of every version that the binary or the database knows, for people to read.

use std::fmt;
use std::time::Duration;

use gapless_core::{Checksum, Version};

use crate::report::table::{by, table};

/// State of a version; see [`VersionStatus::state`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum VersionState {
    /// It is applied. The binary has its file, or a baseline that stands for it.
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
    /// The binary has a tombstone of it. If it was applied, it has an [`applied_at`](VersionStatus::applied_at).
    Tombstone,
    /// The last try failed; the next run tries again. Only the journal tells.
    Failed,
    /// A try outside of a transaction has begun and not ended: it was interrupted, or, where the database does not tell,
    /// another runner is working on it now. Only the journal tells.
    Interrupted,
    /// A [session](VersionStatus::session) is at work on it now, outside of a transaction. Only the journal tells.
    Running,
    /// A rollback outside of a transaction has begun and not ended.
    RollingBack,
    /// The file was edited after it was applied: the checksums differ.
    Edited,
    /// It was applied under [another name](VersionStatus::recorded_as), which no `renames.txt` declares.
    Renamed,
    /// A newer release has applied it, and this binary does not have it.
    Ahead,
    /// It was applied, this binary does not have it, and no newer release explains that.
    Orphan,
    /// It is pending, and seems to be applied under another version, which no `renames.txt` declares.
    Moved,
    /// It is pending, and a newer release has recorded another migration under its version.
    Taken,
    /// It is the version of the baseline, which the database has not reached.
    BelowBaseline,
    /// A migration that is also recorded under its present name. The next run removes this row.
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
            VersionState::Running => "running",
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

impl VersionState {
    /// The journal has a try that has begun and not ended.
    pub(crate) fn has_begun(self) -> bool {
        matches!(self, VersionState::Interrupted | VersionState::RollingBack)
    }
}

impl fmt::Display for VersionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// State of a database, read by [`Runner::status`](crate::Runner::status).
///
/// `Display` writes a table with a line for each version.
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

    /// Returns warnings: renames by newer releases, a journal that the role may not read, and other schemas that have
    /// the tracker where its own has none.
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

/// The facts that only the journal has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Journaled {
    pub(crate) at: Option<String>,
    pub(crate) duration: Option<Duration>,
    pub(crate) db_user: Option<String>,
    pub(crate) application: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) statements_done: usize,
    pub(crate) last_entry: Option<i64>,
    pub(crate) session: Option<i64>,
}

impl VersionStatus {
    /// Returns the version.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Returns the name of the embedded file, or the recorded name if there is no file.
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

    /// Returns the version and name in the database, if they differ from those in the binary.
    pub fn recorded_as(&self) -> Option<(Version, &str)> {
        self.recorded_as.as_ref().map(|(version, name)| (*version, name.as_str()))
    }

    /// Returns the time when it was recorded. On Postgres this is UTC as `2026-01-31T12:00:00.000000Z`. On SQLite it is the
    /// text in the row, which this crate writes as `2026-01-31T12:00:00.000Z`.
    pub fn applied_at(&self) -> Option<&str> {
        self.applied_at.as_deref()
    }

    /// Returns the checksum of the applied text, if it is known.
    pub fn recorded_checksum(&self) -> Option<Checksum> {
        self.recorded
    }

    /// Returns the checksum of the embedded text. Tombstones have none.
    pub fn embedded_checksum(&self) -> Option<Checksum> {
        self.embedded
    }

    /// Returns how long it took to apply, if it was applied in a transaction. Only the journal tells.
    pub fn duration(&self) -> Option<Duration> {
        self.journaled.duration
    }

    /// Returns the database user who applied it, or tried last. Only the journal tells, on Postgres.
    pub fn db_user(&self) -> Option<&str> {
        self.journaled.db_user.as_deref()
    }

    /// Returns the `application_name` of the session that applied it, or tried last. Only the journal tells, on Postgres.
    pub fn application(&self) -> Option<&str> {
        self.journaled.application.as_deref()
    }

    /// Returns the time of the journal's last entry for a try that [failed](VersionState::Failed) or was
    /// [interrupted](VersionState::Interrupted), in the form of [`applied_at`](VersionStatus::applied_at).
    pub fn tried_at(&self) -> Option<&str> {
        self.journaled.at.as_deref()
    }

    /// Returns the error of the last try, if it [failed](VersionState::Failed).
    pub fn error(&self) -> Option<&str> {
        self.journaled.error.as_deref()
    }

    /// Returns how many of its statements are done and stay done, if the last try [failed](VersionState::Failed), was
    /// [interrupted](VersionState::Interrupted) or is [running](VersionState::Running) outside of a transaction. The next
    /// run goes on behind them.
    pub fn statements_done(&self) -> usize {
        self.journaled.statements_done
    }

    /// Returns the number of the session that is at work on it now, if the last try is [running](VersionState::Running) or
    /// [rolls it back](VersionState::RollingBack): the process id of the backend on Postgres, the connection's number on
    /// MySQL. Where a connection pooler lends sessions, its last user may be another one.
    pub fn session(&self) -> Option<i64> {
        self.journaled.session
    }

    /// Returns the number of the journal's last entry about it, if the journal has any, for
    /// [`Runner::seen`](crate::Runner::seen). Renames and accepted edits do not count.
    pub fn last_entry(&self) -> Option<i64> {
        self.journaled.last_entry
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
