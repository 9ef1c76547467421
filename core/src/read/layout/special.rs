//! Takes apart the names of tombstones and baselines, which may lie in the directories of every tool.

use super::section::Named;
use super::tool::{Entries, Names, Tool};
use crate::read::name::{FileName, NameError};
use crate::set::Part;

const SUFFIXES: [(&str, Part); 2] = [(".tombstone.sql", Part::Tombstone), (".baseline.sql", Part::Baseline)];

impl Tool {
    /// Takes the name of a tombstone or a baseline apart; `None` for another file. Its stem is ours or the tool's.
    pub(in crate::read) fn special(&self, file: &str) -> Option<Result<Option<Named>, NameError>> {
        let ends_in = |suffix: &str| {
            let start = file.len().checked_sub(suffix.len());
            start.and_then(|start| file.get(start..)).is_some_and(|end| end.eq_ignore_ascii_case(suffix))
        };
        let (suffix, part) = SUFFIXES.into_iter().find(|(suffix, _)| ends_in(suffix))?;
        let native = FileName::parse(file).map(|name| name.map(Named::from));
        let (Names::Own(parse), Err(_), Some(stem)) = (&self.names, &native, file.strip_suffix(suffix))
        else {
            return Some(native);
        };
        let theirs =
            if self.entries == Entries::Directories { stem.to_owned() } else { format!("{stem}.sql") };
        match parse(&theirs) {
            Ok(None) => Some(native),
            Ok(Some(named)) => Some(Ok(Some(Named { part, ..named }))),
            Err(error) => Some(Err(error.suggesting(|name| {
                let stem = name.strip_suffix(".sql").unwrap_or(&name);
                format!("{stem}{suffix}")
            }))),
        }
    }
}
