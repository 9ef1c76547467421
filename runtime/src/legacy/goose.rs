use std::collections::BTreeMap;

use super::reading::Reading;
use super::{Kind, Place, Tool};
use crate::engine::ResultSet;

/// A row for each step: version, and whether it was applied or, by older releases, taken back. The first row
/// is version 0, which stands for the table itself.
pub(super) const TOOL: Tool = Tool {
    name: "goose",
    constructor: "goose",
    columns: &[("version_id", Kind::Integer), ("is_applied", Kind::Flag)],
    beside: &["id", "tstamp"],
    foreign: &[],
    order: "id",
    lock_keys,
    read,
};

fn read(reading: &mut Reading<'_>, rows: &ResultSet) {
    let mut applied = BTreeMap::new();
    for row in rows.rows() {
        let Some([version, flag]) = reading.values(row) else { continue };
        if let Some(flag) = reading.flag(flag) {
            applied.insert(version, flag);
        }
    }
    for (version, _) in applied.into_iter().filter(|(version, applied)| *applied && *version != "0") {
        match reading.find(&[], version) {
            Some(migration) => reading.take(migration),
            None => reading.unknown(version, None),
        }
    }
}

/// The one that its session locker takes unless it is given another; its command line takes none.
fn lock_keys(_: &Place<'_>) -> Vec<i64> {
    vec![4_097_083_626]
}

#[cfg(test)]
mod tests {
    use crate::legacy::fixture::{refused, renamed, set, taken};
    use crate::legacy::{Legacy, Refusal};

    fn legacy() -> Legacy {
        Legacy::goose("goose_db_version")
    }

    #[test]
    fn the_latest_row_of_a_version_decides() {
        let set = set(&[(1, "a"), (2, "b"), (3, "c")]);
        let rows = ["0|t", "1|t", "2|t", "3|t", "3|f", "2|f", "2|t"];
        assert_eq!(taken(&legacy(), &set, &rows), [(1, false), (2, false)]);
        assert_eq!(taken(&legacy(), &set, &["0|1", "3|1", "1|0"]), [(3, false)]);
    }

    #[test]
    fn what_is_not_embedded_is_refused_unless_it_was_taken_back() {
        let set = set(&[(1, "a")]);
        assert!(matches!(&refused(&legacy(), &set, &["9|t", "1|t"])[..], [Refusal::Unknown { .. }]));
        assert_eq!(taken(&legacy(), &set, &["9|t", "9|f", "1|t"]), [(1, false)]);
        assert_eq!(renamed(&legacy(), &set, &["9|t"], &[("9", 1)]), [(1, false)]);
        assert_eq!(legacy().lock_keys("app", "public").first(), Some(&4_097_083_626));
    }
}
