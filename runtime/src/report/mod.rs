//! The report of a run.

pub(crate) mod dry_run;
pub(crate) mod error;
mod error_kind;
pub(crate) mod event;
pub(crate) mod failure;
pub(crate) mod lock_mode;
pub(crate) mod log;
mod message;
mod near;
pub(crate) mod remedy;
pub(crate) mod server_progress;
pub(crate) mod statement_begun;
pub(crate) mod statement_trace;
pub(crate) mod status;
mod table;
#[cfg(feature = "tracing")]
pub(crate) mod trace;

use std::fmt;
use std::time::Duration;

use gapless_core::Version;

use crate::Change;

/// Report of a run.
///
/// `Display` writes a summary, the changes of the history, and the migrations; `{:#}` leaves the changes out.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub(crate) created: Option<String>,
    pub(crate) changes: Vec<Change>,
    pub(crate) applied: Vec<Applied>,
    pub(crate) rolled_back: Vec<Applied>,
    pub(crate) already: usize,
    pub(crate) held_back: usize,
    pub(crate) left_pending: usize,
    pub(crate) round_trips: u32,
    pub(crate) waits: u32,
    pub(crate) waited: Duration,
    pub(crate) retries: u32,
    pub(crate) elapsed: Duration,
    pub(crate) warnings: Vec<String>,
}

/// Migration that a run has applied, or rolled back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    pub(crate) version: Version,
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) source: Option<String>,
    pub(crate) out_of_order: bool,
    pub(crate) duration: Option<Duration>,
}

impl Report {
    /// Returns the table of another tool that this run created, as
    /// [`create_on_fresh_database`](crate::Legacy::create_on_fresh_database) asks.
    pub fn created(&self) -> Option<&str> {
        self.created.as_deref()
    }

    /// Returns the changes by which this run repaired the tracker before it applied anything.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Returns the migrations that this run rolled back, in order.
    pub fn rolled_back(&self) -> &[Applied] {
        &self.rolled_back
    }

    /// Returns the migrations that this run applied, in order.
    pub fn applied(&self) -> &[Applied] {
        &self.applied
    }

    /// Returns true if this run changed nothing.
    #[cfg(feature = "tracing")]
    pub(crate) fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.applied.is_empty() && self.rolled_back.is_empty()
    }

    /// Returns the number of migrations of the embedded set that were applied before this run.
    pub fn already_applied(&self) -> usize {
        self.already
    }

    /// Returns the number of migrations beyond the target that are still pending.
    pub fn held_back(&self) -> usize {
        self.held_back
    }

    /// Returns the number of messages that the client sent and waited for.
    pub fn round_trips(&self) -> u32 {
        self.round_trips
    }

    /// Returns how often another runner held the lock.
    pub fn waits(&self) -> u32 {
        self.waits
    }

    /// Returns how long this run waited: for the lock, for a busy database, and between retries.
    pub fn waited(&self) -> Duration {
        self.waited
    }

    /// Returns how often this run began a migration again after a lock timeout, a deadlock or a serialization failure.
    pub fn retries(&self) -> u32 {
        self.retries
    }

    /// Returns how long the run took, including its waits.
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// Returns warnings about the database that did not stop the run.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

impl Applied {
    /// Returns the version.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Returns the description from the file name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the file, relative to the embedding crate.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the directory that it comes from, if there are several; in a merged set with the name of the crate.
    pub fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    /// Returns true if a higher version was applied before it.
    pub fn out_of_order(&self) -> bool {
        self.out_of_order
    }

    /// Returns how long it took: by the database's clock, or by the run's, if it ran outside of a transaction. `None` `None` if a later error took the answer with it.
    pub fn duration(&self) -> Option<Duration> {
        self.duration
    }
}

impl fmt::Display for Applied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.version, self.name)?;
        self.source.as_ref().map_or(Ok(()), |source| write!(f, " from {source}"))?;
        if self.out_of_order {
            f.write_str(" (late: a higher version was applied before it)")?;
        }
        self.duration.map_or(Ok(()), |duration| write!(f, " in {}", shown(duration)))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.rolled_back.is_empty() {
            write!(f, "{} rolled back", self.rolled_back.len())?;
        } else if self.applied.is_empty() && !self.changes.is_empty() {
            let changes = if self.changes.len() == 1 { "change" } else { "changes" };
            write!(f, "{} {changes} to the tracker, ", self.changes.len())?;
            match self.left_pending {
                0 => nothing_to_do(f, self.already, self.held_back)?,
                _ => write!(f, "{} applied", self.already)?,
            }
        } else if self.applied.is_empty() {
            nothing_to_do(f, self.already, self.held_back + self.left_pending)?;
        } else {
            let were = if self.already == 1 { "was" } else { "were" };
            write!(f, "{} applied, {} {were} already", self.applied.len(), self.already)?;
        }
        not_done(f, self.held_back, self.left_pending)?;
        let trips = if self.round_trips == 1 { "round trip" } else { "round trips" };
        write!(f, " ({} {trips}, {})", self.round_trips, shown(self.elapsed))?;
        if self.waits > 0 {
            write!(f, "\n  waited {} for another runner", shown(self.waited))?;
        }
        if self.retries > 0 {
            write!(f, "\n  began again {} times", self.retries)?;
        }
        self.created.as_ref().map_or(Ok(()), |table| write!(f, "\n  created {table}, empty"))?;
        let changes: &[Change] = if f.alternate() { &[] } else { &self.changes };
        changes.iter().try_for_each(|change| write!(f, "\n  {change}"))?;
        self.applied.iter().try_for_each(|applied| write!(f, "\n  {applied}"))?;
        self.rolled_back.iter().try_for_each(|applied| write!(f, "\n  {applied}"))?;
        self.warnings.iter().try_for_each(|warning| write!(f, "\nwarning: {warning}"))
    }
}

/// Writes that nothing is pending.
pub(crate) fn nothing_to_do(f: &mut fmt::Formatter<'_>, applied: usize, held_back: usize) -> fmt::Result {
    match applied {
        0 => f.write_str("nothing to do"),
        1 => f.write_str("nothing to do: 1 migration is applied"),
        _ if held_back > 0 => write!(f, "nothing to do: {applied} migrations are applied"),
        _ => write!(f, "nothing to do: all {applied} migrations are applied"),
    }
}

/// Writes what is pending and not the run's to apply.
pub(crate) fn not_done(f: &mut fmt::Formatter<'_>, held_back: usize, left_pending: usize) -> fmt::Result {
    if held_back > 0 {
        write!(f, ", {held_back} beyond the target")?;
    }
    if left_pending > 0 {
        write!(f, ", {left_pending} left pending")?;
    }
    Ok(())
}

/// Returns a duration with about three digits, as people write it.
pub(crate) fn shown(duration: Duration) -> String {
    let millis = duration.as_secs_f64() * 1e3;
    match millis {
        // The database's clock may have no finer resolution.
        _ if duration.is_zero() => "under 1 ms".to_owned(),
        _ if millis < 1.0 => format!("{millis:.2} ms"),
        _ if millis < 10.0 => format!("{millis:.1} ms"),
        _ if millis < 1e3 => format!("{millis:.0} ms"),
        _ => format!("{:.1} s", millis / 1e3),
    }
}
