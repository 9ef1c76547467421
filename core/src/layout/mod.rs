//! The directories of other tools: how each names its files, and how it puts up and down into one of them.
//!
//! A layout is read as strictly as its own tool reads it. What the tool would pass over in silence and that
//! still looks like an instruction to it is a fault, because the statements behind it would run in the wrong
//! direction or not at all.

mod dbmate;
mod diesel;
mod flyway;
mod goose;
mod lines;
mod refinery;
mod sql_migrate;
mod stem;
mod tern;

use crate::name::NameError;
use crate::statement::Fault;
use crate::{FileName, Kind, Version};

/// How the files of a directory are named and cut into up and down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Layout {
    /// `NNN_description.up.sql` and `NNN_description.down.sql`, which sqlx uses too.
    #[default]
    Native,
    /// The same names; files may begin and end their own transaction, and ways back may be empty.
    GolangMigrate,
    /// `NNN_description.sql` with `-- +goose Up` and `-- +goose Down`.
    Goose,
    /// `NNN-description.sql` with `-- +migrate Up` and `-- +migrate Down`.
    SqlMigrate,
    /// `NNN_description.sql` with `-- migrate:up` and `-- migrate:down`.
    Dbmate,
    /// `V1__description.sql` or `U1__description.sql`, both forward.
    Refinery,
    /// `V1__description.sql`, and `U1__description.sql` to undo it.
    Flyway,
    /// A directory `2020-01-31-120000_description` with `up.sql` and `down.sql`.
    Diesel,
    /// `NNN_description.sql` with one line between up and down.
    Tern,
}

/// A name, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) version: Version,
    pub(crate) name: String,
    pub(crate) part: Part,
}

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Up,
    Down,
    /// Comments about a version that was retired.
    Tombstone,
    /// Both, to be cut by [`Layout::sections`].
    Sections,
    /// What stands for all versions up to this one on an empty database.
    Baseline,
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

impl Layout {
    /// Every name that [`Layout::named`] knows.
    pub const NAMES: &'static [&'static str] = &[
        "native",
        "golang-migrate",
        "sqlx",
        "goose",
        "sql-migrate",
        "dbmate",
        "refinery",
        "flyway",
        "diesel",
        "tern",
    ];

    /// The layout that a macro argument `layout = "..."` names.
    pub fn named(name: &str) -> Option<Layout> {
        match name {
            "native" | "sqlx" => Some(Layout::Native),
            "golang-migrate" => Some(Layout::GolangMigrate),
            "goose" => Some(Layout::Goose),
            "sql-migrate" => Some(Layout::SqlMigrate),
            "dbmate" => Some(Layout::Dbmate),
            "refinery" => Some(Layout::Refinery),
            "flyway" => Some(Layout::Flyway),
            "diesel" => Some(Layout::Diesel),
            "tern" => Some(Layout::Tern),
            _ => None,
        }
    }

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Layout::Native => "native",
            Layout::GolangMigrate => "golang-migrate",
            Layout::Goose => "goose",
            Layout::SqlMigrate => "sql-migrate",
            Layout::Dbmate => "dbmate",
            Layout::Refinery => "refinery",
            Layout::Flyway => "flyway",
            Layout::Diesel => "diesel",
            Layout::Tern => "tern",
        }
    }

    /// Whether files are named as ours are.
    pub(crate) fn is_native(self) -> bool {
        matches!(self, Layout::Native | Layout::GolangMigrate)
    }

    /// Whether a file may begin and end its own transaction. Where the tool keeps a checksum of the whole file,
    /// the text must stay as it is.
    pub(crate) fn may_wrap(self) -> bool {
        !matches!(self, Layout::Native | Layout::Refinery | Layout::Flyway)
    }

    /// Whether a script runs outside of a transaction because of what it holds: `needing` of so many statements
    /// cannot run in one.
    pub(crate) fn leaves_transaction(self, part: Part, needing: usize, statements: usize) -> bool {
        match self {
            Layout::Native => false,
            // Several statements go to the server in one message, which is a transaction.
            Layout::GolangMigrate if part != Part::Down => needing > 0 && statements == 1,
            Layout::Flyway => needing > 0,
            _ => part == Part::Down && needing > 0,
        }
    }

    /// Whether each migration is a directory.
    pub(crate) fn is_directories(self) -> bool {
        self == Layout::Diesel
    }

    /// Takes a name apart: a file's or, where migrations are directories, a directory's. `None` is none of
    /// our business.
    pub(crate) fn parse(self, file: &str) -> Result<Option<Named>, NameError> {
        match self {
            Layout::Native | Layout::GolangMigrate => Ok(FileName::parse(file)?.map(Named::from)),
            Layout::Goose => goose::parse(file),
            Layout::SqlMigrate => sql_migrate::parse(file),
            Layout::Dbmate => dbmate::parse(file),
            Layout::Refinery => refinery::parse(file),
            Layout::Flyway => flyway::parse(file),
            Layout::Diesel => diesel::parse(file),
            Layout::Tern => tern::parse(file),
        }
    }

    /// Cuts a file whose name says [`Part::Sections`].
    pub(crate) fn sections(self, text: &str) -> Result<Sections, Vec<Fault>> {
        match self {
            Layout::Goose => goose::sections(text),
            Layout::SqlMigrate => sql_migrate::sections(text),
            Layout::Dbmate => dbmate::sections(text),
            Layout::Tern => tern::sections(text),
            Layout::Native | Layout::GolangMigrate | Layout::Refinery | Layout::Flyway | Layout::Diesel => {
                Ok(Sections { up: Section { text: text.to_owned(), no_transaction: false }, down: None })
            }
        }
    }

    /// Reads the file beside a migration that says how to run it: whether without a transaction.
    pub(crate) fn settings(self, text: &str) -> Result<bool, Fault> {
        match self {
            Layout::Diesel => diesel::settings(text),
            Layout::Flyway => flyway::settings(text),
            _ => Ok(false),
        }
    }

    /// What the tool would have filled in before it ran the text, and we would not.
    pub(crate) fn inexpressible(self, text: &str) -> Vec<Fault> {
        match self {
            Layout::Flyway => flyway::placeholders(text),
            Layout::Tern => tern::templates(text),
            _ => Vec::new(),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: [Layout; 9] = [
        Layout::Native,
        Layout::GolangMigrate,
        Layout::Goose,
        Layout::SqlMigrate,
        Layout::Dbmate,
        Layout::Refinery,
        Layout::Flyway,
        Layout::Diesel,
        Layout::Tern,
    ];

    /// What `parse` makes of a name, for the tables of the layouts' own tests.
    pub(super) fn named(layout: Layout, file: &str) -> Option<(i64, String, Part)> {
        let named = layout.parse(file).unwrap_or_else(|error| panic!("{file}: {error}"));
        named.map(|Named { version, name, part }| (version.number(), name, part))
    }

    /// What a name is told that cannot be read: the suggestion, or else the help.
    pub(super) fn told(layout: Layout, file: &str) -> String {
        let error = layout.parse(file).expect_err(file);
        error.suggestion().or(error.help()).unwrap_or_default().to_owned()
    }

    pub(super) fn messages(layout: Layout, text: &str) -> Vec<String> {
        let faults = layout.sections(text).expect_err(text);
        assert!(faults.iter().all(|fault| text.get(fault.span.clone()).is_some() && !fault.help.is_empty()));
        faults.into_iter().map(|fault| fault.message).collect()
    }

    #[test]
    fn names_name_layouts() {
        assert_eq!(Layout::named("rails"), None);
        assert!(Layout::NAMES.iter().all(|name| Layout::named(name).is_some()));
        assert!(ALL.iter().all(|layout| Layout::named(layout.as_str()) == Some(*layout)));
        assert!(ALL.iter().all(|layout| Layout::NAMES.contains(&layout.as_str())));
    }

    #[test]
    fn files_that_are_not_ours() {
        for layout in ALL {
            for file in [".0001_x.sql", ".hidden"] {
                assert_eq!(named(layout, file), None, "{layout:?} {file}");
            }
            if !layout.is_directories() {
                for file in ["README.md", "0001_x.sql~", "0001_x.sql.bak", "V1__x.sql.conf", "renames.txt"] {
                    assert_eq!(named(layout, file), None, "{layout:?} {file}");
                }
            }
        }
    }

    /// Lines of every tool, so that each meets its own and those of the others.
    fn line() -> impl Strategy<Value = String> {
        let known = prop::sample::select(vec![
            "-- +goose Up",
            "-- +goose Down",
            "-- +goose StatementBegin",
            "-- +goose StatementEnd",
            "-- +goose NO TRANSACTION",
            "-- +migrate Up",
            "-- +migrate Down notransaction",
            "-- +migrate StatementBegin",
            "-- +migrate StatementEnd",
            "-- migrate:up",
            "-- migrate:down transaction:false",
            "---- create above / drop below ----",
            "---- tern: disable-tx ----",
            "SELECT 1;",
            "SELECT 1",
            "/* é",
            "*/",
            "-- why",
            "",
        ]);
        prop_oneof![9 => known.prop_map(str::to_owned), 1 => ".{0,12}"]
    }

    /// Each line of the section is that line of the file, or empty; a semicolon may stand before an annotation
    /// that ends a statement.
    fn keeps_lines(section: &Section, text: &str) -> bool {
        let kept = section.text.split('\n').zip(text.split('\n'));
        section.text.split('\n').count() <= text.split('\n').count() + 1
            && kept.into_iter().all(|(ours, theirs)| {
                ours.is_empty() || ours == theirs || ours.strip_prefix("; ") == Some(theirs)
            })
    }

    proptest! {
        #[test]
        fn sections_keep_their_lines(lines in prop::collection::vec(line(), 0..12)) {
            let text = lines.join("\n");
            for layout in ALL {
                match layout.sections(&text) {
                    Ok(Sections { up, down }) => {
                        prop_assert!(keeps_lines(&up, &text), "{layout:?} {text:?} {up:?}");
                        prop_assert!(down.is_none_or(|down| keeps_lines(&down, &text)), "{layout:?} {text:?}");
                    }
                    Err(faults) => {
                        prop_assert!(!faults.is_empty());
                        prop_assert!(faults.iter().all(|fault| text.get(fault.span.clone()).is_some()));
                    }
                }
            }
        }

        #[test]
        fn no_text_panics(text in "([${} \n=-]|\\PC){0,40}") {
            for layout in ALL {
                let mut faults = layout.inexpressible(&text);
                faults.extend(layout.settings(&text).err());
                prop_assert!(faults.iter().all(|fault| text.get(fault.span.clone()).is_some()));
            }
        }

        #[test]
        fn every_suggestion_is_a_valid_name(
            file in "([VUBRvux]?[0-9]{0,3}([._-][0-9]{1,2}){0,3}_{0,2})?.{0,8}(\\.up|\\.down)?(\\.sql|\\.SQL|)"
        ) {
            for layout in ALL {
                if let Err(error) = layout.parse(&file)
                    && let Some(suggestion) = error.suggestion()
                {
                    let given = suggestion.replace("NNN", "1");
                    let parsed = layout.parse(&given);
                    prop_assert!(matches!(parsed, Ok(Some(_))), "{layout:?} {file:?} -> {suggestion:?}");
                }
            }
        }
    }
}
