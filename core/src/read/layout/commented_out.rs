//! Tests of annotations that are commented out: each is a comment, and each tool reads it in its own way.

use super::section::Sections;
use super::tests::messages;
use crate::set::Layout;

fn cut(layout: Layout, text: &str) -> Sections {
    layout.tool().cut(text).unwrap_or_else(|faults| panic!("{faults:?}"))
}

/// rubenv/sql-migrate v1.8.0 (sqlparse/sqlparse.go) looks for lines that begin with `-- +migrate `.
#[test]
fn sql_migrate_passes_over_it() {
    let text = "-- +migrate Up\n-- -- +migrate StatementBegin\na;\n---- +migrate StatementEnd\n-- -- +migrate Down\nb;\n";
    let sections = cut(Layout::SqlMigrate, text);
    assert_eq!((sections.up.text.as_str(), sections.down), (text, None));
}

/// amacneil/dbmate v2 (pkg/dbmate/migration.go) looks for `^--\s*migrate:up`.
#[test]
fn dbmate_passes_over_it() {
    let up = "-- -- migrate:up\n-- migrate:up\na;\n-- -- migrate:down\n-- # migrate:down\n-- b;\n";
    let Sections { up: found, down } = cut(Layout::Dbmate, &format!("{up}-- migrate:down\nc;\n"));
    assert_eq!(found.text, up);
    assert!(down.unwrap().text.ends_with("\n-- migrate:down\nc;\n"));
}

/// In pressly/goose v3 (internal/sqlparser/parser.go, `extractAnnotation`), every `--` of the line goes before it is read.
#[test]
fn goose_obeys_it() {
    let text = "-- -- +goose Up\n-- +goose Up\na;\n-- -- +goose StatementBegin\n-- b;\n---- +goose NO TRANSACTION\n\
                -- -- +goose StatementEnd\nc;\n-- # +goose Down\n-- -- +goose Down\n-- -- d;\n-- +goose Down\ne;\n";
    let Sections { up, down } = cut(Layout::Goose, text);
    let begins = text.rfind("-- +goose Down").unwrap();
    assert_eq!((up.text.as_str(), up.no_transaction), (&text[..begins], false));
    assert!(down.unwrap().text.ends_with("\n-- +goose Down\ne;\n"));
    assert_eq!(cut(Layout::Goose, "-- +goose Up\na;\n-- -- +goose Down\n-- b;\n# c").down, None);
    let obeyed = "goose obeys this line although it is commented out";
    for text in [
        "-- +goose Up\n-- -- +goose Down\nDROP TABLE a;",
        "-- +goose Up\n---- +goose Down\n\n-- why\nDROP TABLE a;\nDROP TABLE b;",
        "-- -- +goose Up\na;\n-- +goose Up\n",
    ] {
        assert_eq!(messages(Layout::Goose, text)[0], obeyed, "{text}");
    }
    let text = "-- +goose Up\n-- -- +goose ENVSUB ON";
    assert_eq!(messages(Layout::Goose, text), ["environment variables are not expanded"]);
}

/// In jackc/tern v2 (migrate/migrate.go, `LoadMigrations`), the separator cuts a file wherever it stands.
#[test]
fn tern_obeys_its_separator() {
    const SEPARATOR: &str = "---- create above / drop below ----";
    const DISABLE_TX: &str = "---- tern: disable-tx ----";
    let text = format!("a;\n-- {SEPARATOR}\n-- b;\n-- {DISABLE_TX}\n{SEPARATOR}\nc;\n");
    let Sections { up, down } = cut(Layout::Tern, &text);
    assert_eq!(up.text, format!("a;\n-- {SEPARATOR}\n-- b;\n-- {DISABLE_TX}\n"));
    assert!(!up.no_transaction && down.is_some());
    assert_eq!(cut(Layout::Tern, &format!("a;\n-- {SEPARATOR}\n-- b;\n")).down, None);
    let text = format!("a;\n-- {SEPARATOR}\n\nDROP TABLE a;\nb;\n");
    assert_eq!(messages(Layout::Tern, &text), ["tern obeys this line although it is commented out"]);
}

/// The other layouts keep each direction in a file of its own, and cut nothing.
#[test]
fn files_of_one_direction_are_taken_whole() {
    let text = "a;\n-- -- +goose Down\n-- -- +migrate Down\n-- -- migrate:down\nb;\n";
    for layout in [Layout::Native, Layout::GolangMigrate, Layout::Refinery, Layout::Flyway, Layout::Diesel] {
        let sections = cut(layout, text);
        assert_eq!((sections.up.text.as_str(), sections.down), (text, None), "{layout:?}");
    }
}
