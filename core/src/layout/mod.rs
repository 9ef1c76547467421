use crate::name::{FileName, Kind, NameError};
use crate::{Fault, Version};
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Layout {
    #[default]
    Native,
    Goose,
    SqlMigrate,
    Dbmate,
    Refinery,
    Flyway,
    Diesel,
    Tern,
}
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub version: Version,
    pub name: String,
    pub part: Part,
}
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Up,
    Down,
    Sections,
    Tombstone,
    Baseline,
}
pub(crate) struct Sections {
    pub up: Section,
    pub down: Option<Section>,
}
pub(crate) struct Section {
    pub text: String,
    pub no_transaction: bool,
}
impl Layout {
    pub const NAMES: &'static [&'static str] = &[];
    pub fn named(name: &str) -> Option<Layout> {
        (name == "native").then_some(Layout::Native)
    }
    pub(crate) fn parse(self, _: &str) -> Result<Option<Named>, NameError> {
        Ok(None)
    }
    pub(crate) fn sections(self, _: &str) -> Result<Sections, Vec<Fault>> {
        Err(vec![])
    }
    pub(crate) fn settings(self, _: &str) -> Result<bool, Fault> {
        Ok(false)
    }
    pub(crate) fn inexpressible(self, _: &str) -> Vec<Fault> {
        vec![]
    }
}
impl From<FileName> for Named {
    fn from(file: FileName) -> Named {
        let part = match file.kind {
            Kind::Up => Part::Up,
            Kind::Down => Part::Down,
            Kind::Tombstone => Part::Tombstone,
            Kind::Baseline => Part::Baseline,
        };
        Named { version: file.version, name: file.name, part }
    }
}
