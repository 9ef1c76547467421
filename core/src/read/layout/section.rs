//! Holds the parts of a file's name and of its text.

use crate::read::name::{FileName, Kind};
use crate::set::{Part, Version};
use crate::sql::Fault;

/// The parts of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) version: Version,
    pub(crate) name: String,
    pub(crate) part: Part,
}

/// A file cut in two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sections {
    pub(crate) up: Section,
    pub(crate) down: Option<Section>,
}

/// One direction of a file. Its lines keep their numbers; the other lines are empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Section {
    pub(crate) text: String,
    pub(crate) no_transaction: bool,
}

/// Takes the whole file as the up section: each direction is a file of its own.
pub(super) fn one_direction(text: &str) -> Result<Sections, Vec<Fault>> {
    Ok(Sections { up: Section { text: text.to_owned(), no_transaction: false }, down: None })
}

impl From<FileName> for Named {
    fn from(FileName { version, name, kind }: FileName) -> Named {
        let part = match kind {
            Kind::Up => Part::Up,
            Kind::Down => Part::Down,
            Kind::Tombstone => Part::Tombstone,
            Kind::Baseline => Part::Baseline,
        };
        Named { version, name, part }
    }
}
