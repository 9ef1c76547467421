//! The parts that a file's name and its text are taken apart into.

use crate::read::name::{FileName, Kind};
use crate::set::{Part, Version};

/// A name, taken apart.
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

/// One direction of a file: its lines where they stand in the file, empty lines in place of the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Section {
    pub(crate) text: String,
    pub(crate) no_transaction: bool,
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
