//! The outcome of a statement, as the catalog shows it.

use crate::engine::ResultSet;
use crate::protocol::is_truth;

/// The catalog's word on a statement whose outcome is unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Done,
    NotDone,
    /// These objects have changed, and others have not.
    Half(Vec<String>),
    /// The row of its beginning does not say what there was.
    Unknown,
}

impl Effect {
    /// Reads the answer to [`StepSql::effects`](super::StepSql::effects); `one_by_one` says that objects change one after the other.
    pub(crate) fn read(rows: &ResultSet, one_by_one: bool) -> Effect {
        let (mut changed, mut count) = (Vec::new(), 0);
        for row in rows.rows() {
            count += 1;
            let truth = row.get(1).and_then(Option::as_deref).map(is_truth);
            match (row.first().cloned().flatten(), truth) {
                (Some(name), Some(true)) => changed.push(name),
                (_, Some(_)) => {}
                (_, None) => return Effect::Unknown,
            }
        }
        match changed.len() {
            _ if count == 0 => Effect::Unknown,
            0 => Effect::NotDone,
            some if some < count && one_by_one => Effect::Half(changed),
            _ => Effect::Done,
        }
    }
}
