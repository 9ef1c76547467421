//! Tests of the directories of other tools, and of the files beside migrations.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod tree;

use std::fs;

use gapless_core::{Layout, MigrationSet, Pattern, Problems, Rules, Syntax, Version, write_locks};

use crate::tree::{read, scan, write};

fn refused(result: Result<MigrationSet, Problems>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn a_transaction_around_a_script_is_the_runs_own() {
    let files = [
        ("1_a.up.sql", "-- é\nBEGIN;\nCREATE TABLE a (id int);\nCOMMIT;\n"),
        ("1_a.down.sql", "START TRANSACTION;\nDROP TABLE a;\nEND;"),
        ("2_b.up.sql", "BEGIN WORK; SELECT 1; COMMIT WORK"),
    ];
    let set = scan(Layout::GolangMigrate, &files).unwrap();
    let [a, b] = set.migrations() else { panic!("two") };
    assert_eq!(a.sql(), "-- é\n     ;\nCREATE TABLE a (id int);\n      ;\n");
    assert_eq!(a.down().unwrap().sql(), "                 ;\nDROP TABLE a;\n   ;");
    assert_eq!(b.sql().replace(' ', ""), ";SELECT1;");
    // Natively it is a mistake, and so is one in the middle anywhere.
    assert!(refused(scan(Layout::Native, &files)).contains("BEGIN"));
    let middle = [("1_a.up.sql", "SELECT 1;\nCOMMIT;\nSELECT 2;")];
    assert!(refused(scan(Layout::GolangMigrate, &middle)).contains("`COMMIT`"));
    let level = [("1_a.up.sql", "BEGIN ISOLATION LEVEL SERIALIZABLE;\nSELECT 2;\nCOMMIT;")];
    assert!(refused(scan(Layout::GolangMigrate, &level)).contains("`BEGIN`"));
}

#[test]
fn statements_run_outside_of_a_transaction_where_the_tool_runs_them_so() {
    let concurrently = "CREATE INDEX CONCURRENTLY i ON a (id);";
    let of = |layout, name, sql: &str| {
        scan(layout, &[(name, sql)]).map(|set| set.migrations()[0].directives().no_transaction())
    };
    assert!(of(Layout::Native, "1_a.up.sql", concurrently).is_err());
    assert!(of(Layout::GolangMigrate, "1_a.up.sql", concurrently).unwrap());
    assert!(of(Layout::GolangMigrate, "1_a.up.sql", &format!("SELECT 1; {concurrently}")).is_err());
    assert!(of(Layout::Flyway, "V1__a.sql", &format!("{concurrently} VACUUM a;")).unwrap());
    assert!(of(Layout::Flyway, "V1__a.sql", &format!("SELECT 1; {concurrently}")).is_err());
    assert!(!of(Layout::Flyway, "V1__a.sql", "SELECT 1;").unwrap());
    let goose = "-- +goose NO TRANSACTION\n-- +goose Up\nCREATE INDEX CONCURRENTLY i ON a (id);";
    assert!(of(Layout::Goose, "1_a.sql", goose).unwrap());
    let down = "-- +goose Up\nSELECT 1;\n-- +goose Down\nDROP INDEX CONCURRENTLY i;";
    let set = scan(Layout::Goose, &[("1_a.sql", down)]).unwrap();
    let migration = &set.migrations()[0];
    assert!(!migration.directives().no_transaction());
    assert!(migration.down().unwrap().directives().no_transaction());
    // A mixture never ran in a transaction either; going forward it is left to its author.
    let mixture = scan(Layout::Goose, &[("1_a.sql", &down.replace("Down", "Down\nSELECT 2;"))]).unwrap();
    assert!(mixture.migrations()[0].down().unwrap().directives().no_transaction());
    let forward = "-- +goose Up\nSELECT 1;\nCREATE INDEX CONCURRENTLY i ON a (id);";
    let mixture = refused(scan(Layout::Goose, &[("1_a.sql", forward)]));
    assert!(mixture.contains("cannot run inside a transaction"), "{mixture}");
    assert!(mixture.contains("; goose itself knows `-- +goose NO TRANSACTION`"), "{mixture}");
}

#[test]
fn half_a_transaction_is_refused() {
    let of = |name, sql: &str| scan(Layout::GolangMigrate, &[(name, sql)]);
    let begin = refused(of("1_a.up.sql", "BEGIN;\nSELECT 1;\n"));
    assert!(begin.contains("`BEGIN` would break out"), "{begin}");
    assert!(refused(of("1_a.up.sql", "SELECT 1;\nEND;")).contains("`END` would break out"));
    let set = of("1_a.up.sql", "SELECT 1;\nCOMMIT;").unwrap();
    assert_eq!(set.migrations()[0].sql(), "SELECT 1;\n      ;");
    let rules = Rules::new(Syntax::Mysql, Layout::GolangMigrate);
    let root = tempfile::tempdir().unwrap();
    write(root.path(), &[("1_a.up.sql", "BEGIN;\nUPDATE a SET b = 1;\nCOMMIT;\n")]);
    let set = MigrationSet::scan(root.path(), &[Pattern::new("m").unwrap()], rules).unwrap();
    assert_eq!(set.migrations()[0].sql(), "     ;\nUPDATE a SET b = 1;\n      ;\n");
}

#[test]
fn a_fault_is_shown_with_the_text_of_its_file() {
    let text = "-- +goose Up\nSTART\nTRANSACTION; VACUUM a;\nCOMMIT;\n";
    let problem = refused(scan(Layout::Goose, &[("1_a.sql", text)]));
    assert!(problem.contains("3 | TRANSACTION; VACUUM a;\n  |              ^^^^^^"), "{problem}");
}

#[test]
fn a_transaction_of_a_files_own_is_one_where_the_tool_begins_none() {
    let of = |sql: &str| {
        let text = format!("-- +goose NO TRANSACTION\n-- +goose Up\n{sql}\n");
        scan(Layout::Goose, &[("1_a.sql", &text)])
    };
    let set = of("BEGIN;\nSAVEPOINT s;\nCOMMIT;").unwrap();
    let migration = &set.migrations()[0];
    assert!(!migration.directives().no_transaction() && !migration.sql().contains("BEGIN"));
    assert_eq!(migration.problems(Syntax::Postgres), []);
    let directive = "-- gapless: no-transaction\nBEGIN;\nSAVEPOINT s;\nCOMMIT;\n";
    let set = scan(Layout::GolangMigrate, &[("1_a.up.sql", directive)]).unwrap();
    assert!(!set.migrations()[0].directives().no_transaction());
    assert_eq!(set.migrations()[0].problems(Syntax::Postgres), []);
    for sql in ["BEGIN;\nVACUUM a;\nCOMMIT;", "SELECT 1;\nCOMMIT;"] {
        let problem = refused(of(sql));
        assert!(problem.contains("`COMMIT` is not allowed in a no-transaction file"), "{problem}");
    }
}

#[test]
fn instructions_to_a_tool_that_is_not_there_are_refused() {
    let goose = "-- +goose Up\nCREATE TABLE a ();\n-- +goose Down\nDROP TABLE a;\n";
    let down = "`-- +goose Down` is an instruction to goose: the statements after it would run forward too";
    for (layout, file) in [
        (Layout::Native, "1_a.sql"),
        (Layout::GolangMigrate, "1_a.up.sql"),
        (Layout::Tern, "1_a.sql"),
        (Layout::Refinery, "V1__a.sql"),
        (Layout::Flyway, "V1__a.sql"),
        (Layout::Diesel, "1_a/up.sql"),
        (Layout::Goose, "1_a.baseline.sql"),
    ] {
        let problem = refused(scan(layout, &[(file, goose)]));
        assert!(problem.contains(down), "{layout:?}: {problem}");
        let named = problem.contains("add `layout = \"goose\"`");
        assert_eq!(named, layout != Layout::Goose, "{problem}");
    }
    let tombstone = refused(scan(Layout::Native, &[("1_a.tombstone.sql", "-- migrate:down\n")]));
    assert!(tombstone.contains("`-- migrate:down` is an instruction to dbmate"), "{tombstone}");
    scan(Layout::Goose, &[("1_a.sql", goose)]).unwrap();
    scan(Layout::Native, &[("1_a.sql", "SELECT '\n-- +goose Down\n';")]).unwrap();
}

#[test]
fn a_down_script_with_a_fault_is_not_dropped() {
    let up = "-- +goose Up\nSELECT 1;\n-- +goose Down\n";
    for (down, message) in [
        ("'", "unterminated string"),
        ("\\i drop.sql", "is a command of the psql"),
        ("/* DROP TABLE a;", "unterminated block comment"),
        ("-- gapless: no-transactions", "unknown directive"),
        ("-- gapless: rust", "`-- gapless: rust` in a down script"),
    ] {
        let problem = refused(scan(Layout::Goose, &[("1_a.sql", &format!("{up}{down}"))]));
        assert!(problem.contains(message) && problem.contains("1_a.sql:4:1"), "{problem}");
    }
    assert_eq!(scan(Layout::Goose, &[("1_a.sql", up)]).unwrap().migrations()[0].down(), None);
    let both =
        refused(scan(Layout::Goose, &[("1_a.sql", "-- +goose Up\nEND;\n-- +goose Down\nROLLBACK;\n")]));
    assert!(both.contains("`END` would") && both.contains("`ROLLBACK` would"), "{both}");
    let files = [("1_a.up.sql", "SELECT 1;"), ("1_a.down.sql", "-- gapless: rust\n")];
    let native = refused(scan(Layout::Native, &files));
    assert!(native.contains("`-- gapless: rust` in a down script"), "{native}");
}

#[test]
fn a_down_script_is_judged_by_its_own_directives() {
    let down = "-- gapless: no-transaction\nDROP INDEX CONCURRENTLY i;\n";
    let set = scan(Layout::Native, &[("1_a.up.sql", "SELECT 1;"), ("1_a.down.sql", down)]).unwrap();
    assert_eq!(set.migrations()[0].down_problems(Syntax::Postgres), []);
    let quoted = [("1_a.up.sql", "SELECT 1;"), ("1_a.down.sql", "SELECT $$;\nCOMMIT;\n$$;")];
    let migration = scan(Layout::Native, &quoted).unwrap().migrations()[0].clone();
    assert_eq!(migration.problems(Syntax::Sqlite), []);
    let problems = migration.down_problems(Syntax::Sqlite);
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].to_string().contains("m/1_a.down.sql:2:1"), "{problems:?}");
}

#[test]
fn line_endings_do_not_change_a_section() {
    let unix = "-- +goose Up\nSELECT 1;\n\n-- +goose Down\nSELECT 2;\n";
    let windows = format!("\u{feff}{}", unix.replace('\n', "\r\n"));
    let sets = [unix, &windows].map(|text| scan(Layout::Goose, &[("1_a.sql", text)]).unwrap());
    assert_eq!(sets[0].migrations(), sets[1].migrations());
}

#[test]
fn an_empty_file_of_another_tool_is_taken_as_it_is() {
    let set = scan(Layout::GolangMigrate, &[("1_a.up.sql", ""), ("1_a.down.sql", "\n")]).unwrap();
    assert_eq!((set.migrations()[0].sql(), set.migrations()[0].down()), ("", None));
    assert!(scan(Layout::Native, &[("1_a.up.sql", "")]).is_err());
}

#[test]
fn a_lock_is_written_and_holds() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), &[("1_a.up.sql", "SELECT 1;\n"), ("1_a.down.sql", "SELECT 2;\r\n")]);
    let patterns = [Pattern::new("m").unwrap()];
    write_locks(root.path(), &patterns, Syntax::Shared).unwrap();
    let lock = fs::read_to_string(root.path().join("m/migrations.lock")).unwrap();
    // `printf 'SELECT 2;\n' | sha256sum`, and the same of `SELECT 1;`.
    assert_eq!(
        lock,
        "a41109d24069b4822ddc5f367b25d484dc7e839bff338ce7a3e5da641caacda0  1_a.down.sql\n\
         b4e0497804e46e0a0b0b8c31975b062152d551bac49c3c2e80932567b4085dcd  1_a.up.sql\n"
    );
    read(root.path(), Layout::Native).unwrap();
    // Other line endings are no edit, in the lock neither.
    write(root.path(), &[("1_a.up.sql", "SELECT 1;\r\n")]);
    fs::write(root.path().join("m/migrations.lock"), lock.replace('\n', "\r\n")).unwrap();
    read(root.path(), Layout::Native).unwrap();
    write(root.path(), &[("1_a.up.sql", "SELECT 3;\n"), ("2_b.sql", "SELECT 1;\n")]);
    let problems = refused(read(root.path(), Layout::Native));
    assert!(problems.contains("edited since") && problems.contains("not listed"), "{problems}");
    write_locks(root.path(), &patterns, Syntax::Shared).unwrap();
    read(root.path(), Layout::Native).unwrap();
    // The problems of the directory are said, and the lock stays.
    write(root.path(), &[("2_c.sql", "SELECT 1;\n")]);
    assert!(write_locks(root.path(), &patterns, Syntax::Shared).is_err());
}

#[test]
fn renames_lead_to_what_is_there() {
    let set = scan(
        Layout::Flyway,
        &[
            ("V101__a.sql", "SELECT 1;"),
            ("renames.txt", "\u{feff}V1_1__a -> V1.1__a\r\nV1.1__a -> 101_a\r\n"),
        ],
    );
    let set = set.unwrap();
    let renames: Vec<_> = set.renames().iter().map(|rename| (rename.from(), rename.to())).collect();
    assert_eq!(renames, [("V1_1__a", Version::from(101)), ("V1.1__a", Version::from(101))]);
}

/// Whoever forgets the layout is not told to rename what is applied.
#[test]
fn a_layout_that_is_not_named_is_guessed() {
    let versioned = refused(scan(
        Layout::Native,
        &[("V1__a.sql", "SELECT 1;"), ("V1.2__b.sql", "SELECT 1;"), ("V3__c.sql", "")],
    ));
    assert!(versioned.contains("add `layout = \"flyway\"` or `layout = \"refinery\"`"), "{versioned}");
    assert!(!versioned.contains("rename it to `1_a.sql`"), "{versioned}");
    let diesel = refused(scan(
        Layout::Native,
        &[("2020-01-01-000000_a/up.sql", "SELECT 1;"), ("2_b/up.sql", "SELECT 1;")],
    ));
    assert_eq!(diesel.matches("help:").count(), 1, "{diesel}");
    assert!(diesel.contains("add `layout = \"diesel\"`"), "{diesel}");
}

/// A comment says that there is nothing to do, which every tool takes for a down script.
#[test]
fn a_down_script_may_hold_comments_alone() {
    for (layout, file, open, down) in [
        (Layout::Goose, "1_a.sql", "-- +goose Up\n", "-- +goose Down\n"),
        (Layout::SqlMigrate, "1_a.sql", "-- +migrate Up\n", "-- +migrate Down\n"),
        (Layout::Dbmate, "1_a.sql", "-- migrate:up\n", "-- migrate:down\n"),
        (Layout::Tern, "1_a.sql", "", "---- create above / drop below ----\n"),
    ] {
        let back = |below: &str| {
            let text = format!("{open}SELECT 1;\n{down}{below}");
            let set =
                scan(layout, &[(file, &text)]).unwrap_or_else(|problems| panic!("{layout:?}: {problems}"));
            set.migrations()[0].down().is_some()
        };
        assert!(back("-- nothing to undo\n"), "{layout:?}");
        assert!(back("/* nothing to undo */"), "{layout:?}");
        assert!(!back(""), "{layout:?}");
        assert_eq!(back("---- tern: disable-tx ----\n"), layout != Layout::Tern, "{layout:?}");
        assert!(!back("\n\n--\n"), "{layout:?}");
    }
}

/// Editors comment lines out in several ways.
#[test]
fn an_annotation_that_is_commented_out_is_a_comment() {
    let ways = ["-- ", "--", "  -- ", "# ", "-- # "];
    for (layout, text) in [
        (
            Layout::SqlMigrate,
            "-- +migrate Up\nSELECT 1;\n@-- +migrate StatementBegin\n@SELECT 2;\n@-- +migrate Down\n",
        ),
        (Layout::Dbmate, "-- migrate:up\nSELECT 1;\n@-- migrate:down\n@SELECT 2;\n-- migrate:down\n"),
    ] {
        for way in ways {
            let root = tempfile::tempdir().unwrap();
            write(root.path(), &[("1_a.sql", &text.replace('@', way))]);
            let rules = Rules::new(Syntax::Mysql, layout);
            let set = MigrationSet::scan(root.path(), &[Pattern::new("m").unwrap()], rules).unwrap();
            assert!(set.migrations()[0].down().is_none(), "{layout:?} {way}");
        }
    }
}
