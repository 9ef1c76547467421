//! Tests that go over all layouts.

use super::*;
use crate::set::Part;
use proptest::prelude::*;

/// Parses a name, for the tables of the layouts' own tests.
pub(super) fn named(layout: Layout, file: &str) -> Option<(i64, String, Part)> {
    let named = layout.tool().parse(file).unwrap_or_else(|error| panic!("{file}: {error}"));
    named.map(|Named { version, name, part }| (version.number(), name, part))
}

/// Returns the suggestion for a name that cannot be read, or else the help.
pub(super) fn help(layout: Layout, file: &str) -> String {
    let error = layout.tool().parse(file).expect_err(file);
    error.suggestion().or(error.help()).unwrap_or_default().to_owned()
}

pub(super) fn messages(layout: Layout, text: &str) -> Vec<String> {
    let faults = layout.tool().cut(text).expect_err(text);
    assert!(faults.iter().all(|fault| text.get(fault.span.clone()).is_some() && !fault.help.is_empty()));
    faults.into_iter().map(|fault| fault.message).collect()
}

#[test]
fn names_name_layouts() {
    assert_eq!(Layout::named("rails"), None);
    assert!(Layout::names().all(|name| Layout::named(name).is_some()));
    assert!(Layout::ALL.iter().all(|layout| Layout::named(layout.as_str()) == Some(*layout)));
    assert!(Layout::ALL.iter().all(|layout| Layout::names().any(|name| name == layout.as_str())));
}

#[test]
fn tools_that_go_by_the_version_have_any_description() {
    for (layout, file, name) in [
        (Layout::Goose, "00001_add users.sql", "add_users"),
        (Layout::Goose, "00001_x.up.sql", "x_up"),
        (Layout::Dbmate, "00001_copy copy.sql", "copy_copy"),
        (Layout::Tern, "001_a.b.sql", "a_b"),
        (Layout::Diesel, "2020-01-01-000000_add users", "add_users"),
    ] {
        assert_eq!(named(layout, file).map(|(_, name, _)| name), Some(name.to_owned()), "{file}");
    }
}

#[test]
fn files_that_are_not_ours() {
    for layout in Layout::ALL {
        for file in [".0001_x.sql", ".hidden"] {
            assert_eq!(named(layout, file), None, "{layout:?} {file}");
        }
        if layout.tool().entries == Entries::Files {
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

/// Returns true if each line of the section is empty or that line of the file. A semicolon may stand before an
/// annotation that ends a statement.
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
        for layout in Layout::ALL {
            match layout.tool().cut(&text) {
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
        for layout in Layout::ALL {
            let mut faults = layout.tool().unfilled(&text);
            faults.extend(layout.tool().sidecar.as_ref().and_then(|sidecar| (sidecar.read)(&text).err()));
            prop_assert!(faults.iter().all(|fault| text.get(fault.span.clone()).is_some()));
        }
    }

    #[test]
    fn every_suggestion_is_a_valid_name(
        file in "([VUBRvux]?[0-9]{0,3}([._-][0-9]{1,2}){0,3}_{0,2})?.{0,8}(\\.up|\\.down)?(\\.sql|\\.SQL|)"
    ) {
        for layout in Layout::ALL {
            if let Err(error) = layout.tool().parse(&file)
                && let Some(suggestion) = error.suggestion()
            {
                let given = suggestion.replace("NNN", "1");
                let parsed = layout.tool().parse(&given);
                prop_assert!(matches!(parsed, Ok(Some(_))), "{layout:?} {file:?} -> {suggestion:?}");
            }
        }
    }
}
