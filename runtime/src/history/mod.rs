//! The applied set, in the order of application.

pub(crate) mod change;
pub(crate) mod reconcile;
pub(crate) mod repair;
pub(crate) mod rollback;

use gapless_core::{Checksum, Version};

use crate::engine::ResultSet;

/// Suffix of a row's name while a script outside of a transaction rolls it back. No migration can have such a name.
pub(crate) const GOING_BACK: &str = ".rolling-back";

/// A row of the applied set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) version: Version,
    pub(crate) name: String,
    /// `None` if the applied text is unknown.
    pub(crate) checksum: Option<Checksum>,
    /// The version and name in the database, if a newer release has renamed the row.
    pub(crate) recorded: Option<(Version, String)>,
    /// The place of its record in the journal, if the run has looked it up.
    pub(crate) told: Option<Told>,
    /// True if a rollback has begun and not ended.
    pub(crate) going_back: bool,
}

/// Places among the journal's records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// The place of the row.
    pub(crate) at: usize,
    /// The place of the first row of the same run.
    pub(crate) begun: usize,
}

impl Row {
    pub(crate) fn new(version: Version, name: String, checksum: Option<Checksum>) -> Row {
        let stays = name.strip_suffix(GOING_BACK).map(str::to_owned);
        let going_back = stays.is_some();
        Row { version, name: stays.unwrap_or(name), checksum, recorded: None, told: None, going_back }
    }
}

/// The applied set, in the order in which it was applied.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    rows: Vec<Row>,
    /// The index of each version, ascending.
    by_version: Vec<(Version, usize)>,
}

impl History {
    /// Reads `version, name, checksum, time`, in any order.
    ///
    /// # Errors
    ///
    /// A row that does not have the tracker's form.
    pub(crate) fn read(set: &ResultSet) -> Result<History, String> {
        let mut rows = set.rows().map(read_row).collect::<Result<Vec<_>, _>>()?;
        // Rows without a time count as the last ones.
        rows.sort_by(|(time, row), (other, second)| {
            (time.is_none(), time, row.version).cmp(&(other.is_none(), other, second.version))
        });
        let history = History::new(rows.into_iter().map(|(_, row)| row).collect());
        // A table without a key may hold a version twice.
        let twice =
            history.by_version.windows(2).find(|pair| matches!(pair, [(one, _), (other, _)] if one == other));
        match twice {
            Some([(version, _), ..]) => Err(format!("version {version} is recorded twice")),
            _ => Ok(history),
        }
    }

    pub(crate) fn new(rows: Vec<Row>) -> History {
        let mut by_version: Vec<_> =
            rows.iter().enumerate().map(|(index, row)| (row.version, index)).collect();
        // It is nearly always sorted already.
        by_version.sort();
        History { rows, by_version }
    }

    /// Returns one number for all rows, computed as the database computes it.
    pub(crate) fn digest(&self) -> i64 {
        let rows = self.rows.iter();
        rows.fold(0, |digest, row| digest ^ gapless_core::digest_of(row.version, &row.name, row.checksum))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Adds a row as the last applied one.
    pub(crate) fn push(&mut self, row: Row) {
        let at = self.by_version.partition_point(|(version, _)| *version <= row.version);
        self.by_version.insert(at, (row.version, self.rows.len()));
        self.rows.push(row);
    }

    pub(crate) fn remove(&mut self, version: Version) {
        self.rows.retain(|row| row.version != version);
        *self = History::new(std::mem::take(&mut self.rows));
    }

    /// Gives rows other versions and names, all at once.
    pub(crate) fn rename(&mut self, renames: &[(Version, Version, String)]) {
        if renames.is_empty() {
            return;
        }
        for row in &mut self.rows {
            if let Some((_, version, name)) = renames.iter().find(|(old, ..)| *old == row.version) {
                (row.version, row.name) = (*version, name.clone());
            }
        }
        *self = History::new(std::mem::take(&mut self.rows));
    }

    /// Gives rows the versions and names by which this release knows them, all at once, and drops other rows with these
    /// versions.
    pub(crate) fn know_as(&mut self, known: &[(Version, Version, String)]) {
        let own = |row: &Row| known.iter().any(|(recorded, ..)| *recorded == row.version);
        let wanted = |row: &Row| known.iter().any(|(_, version, _)| *version == row.version);
        self.rows.retain(|row| own(row) || !wanted(row));
        for row in &mut self.rows {
            if own(row) {
                row.recorded = Some((row.version, row.name.clone()));
            }
        }
        self.rename(known);
    }

    pub(crate) fn accept(&mut self, version: Version, checksum: Checksum) {
        if let Some(row) = self.place(version).and_then(|index| self.rows.get_mut(index)) {
            row.checksum = Some(checksum);
        }
    }

    /// Sets the place of each row in the journal.
    pub(crate) fn tell(&mut self, told: impl Fn(&Row) -> Option<Told>) {
        self.rows.iter_mut().for_each(|row| row.told = told(row));
    }

    pub(crate) fn rows(&self) -> &[Row] {
        &self.rows
    }

    pub(crate) fn find(&self, version: Version) -> Option<&Row> {
        self.place(version).and_then(|index| self.rows.get(index))
    }

    fn place(&self, version: Version) -> Option<usize> {
        let at = self.by_version.binary_search_by_key(&version, |(version, _)| *version).ok()?;
        self.by_version.get(at).map(|(_, index)| *index)
    }

    pub(crate) fn highest(&self) -> Option<Version> {
        self.by_version.last().map(|(version, _)| *version)
    }
}

/// Reads a row, and the time of application as the database writes it.
fn read_row(row: &[Option<String>]) -> Result<(Option<&str>, Row), String> {
    let [version, name, checksum, time] = row else {
        return Err(format!("a row has {} columns instead of 4", row.len()));
    };
    let number = version.as_deref().unwrap_or("NULL");
    let version =
        number.parse::<Version>().map_err(|error| format!("`{number}` is not a version: {error}"))?;
    let name = name.clone().ok_or_else(|| format!("version {version} has no name"))?;
    let checksum = match checksum.as_deref() {
        None => None,
        Some(text) => Some(text.parse().map_err(|error| format!("version {version}: `{text}`: {error}"))?),
    };
    Ok((time.as_deref(), Row::new(version, name, checksum)))
}
