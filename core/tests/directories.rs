//! Tests of the files beside scripts: renames, locks, tombstones, and those that do not belong there.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod tree;

use std::fs;

use gapless_core::{Layout, MigrationSet, Pattern, Rules, Syntax, Version, write_locks};

use crate::tree::{read, scan, write};

const SQL: &str = "SELECT 1;\n";

fn refused(layout: Layout, files: &[(&str, &str)]) -> String {
    scan(layout, files).unwrap_err().to_string()
}

#[test]
fn leading_zeros_do_not_hide_what_is_renamed() {
    for (renames, message) in [
        ("0001_a -> 2_b", "`0001_a` is renamed, but its file still exists"),
        ("3_c -> 2_b\n003_c -> 2_b", "`003_c` is renamed twice"),
        ("3_c -> 04_d\n4_d -> 03_c", "form a cycle"),
    ] {
        let problem =
            refused(Layout::Native, &[("1_a.sql", SQL), ("2_b.sql", SQL), ("renames.txt", renames)]);
        assert!(problem.contains(message), "{problem}");
    }
    let files = [("2_b.sql", SQL), ("renames.txt", "03_c -> 4_d\n0004_d -> 002_b")];
    let set = scan(Layout::Native, &files).unwrap();
    let old: Vec<_> =
        set.renames().iter().map(|rename| (rename.from(), rename.from_stem(), rename.to())).collect();
    let two = Version::from(2);
    assert_eq!(
        old,
        [("03_c", Some((Version::from(3), "c")), two), ("0004_d", Some((Version::from(4), "d")), two)]
    );
}

#[test]
fn a_stem_in_the_layouts_own_form_is_one() {
    for (layout, old, file, version, name) in [
        (Layout::Refinery, "V2__t2", "V3__t2.sql", 2, "t2"),
        (Layout::Flyway, "V2__t2.sql", "V3__t2.sql", 2, "t2"),
        (Layout::Diesel, "2023-01-01-000000_d", "3_t2/up.sql", 20_230_101_000_000, "d"),
    ] {
        let renames = format!("{old} -> 3_t2\n");
        let set = scan(layout, &[(file, SQL), ("renames.txt", &renames)]).unwrap();
        assert_eq!(set.renames()[0].from_stem(), Some((Version::new(version).unwrap(), name)), "{old}");
    }
    let set = scan(Layout::Native, &[("3_t2.sql", SQL), ("renames.txt", "V2__t2 -> 3_t2")]).unwrap();
    assert_eq!(set.renames()[0].from_stem(), None);
    let there = refused(
        Layout::Flyway,
        &[("V2__t2.sql", SQL), ("V3__t2.sql", SQL), ("renames.txt", "2_t2 -> V3__t2")],
    );
    assert!(there.contains("its file still exists"), "{there}");
}

#[test]
fn a_rename_leads_to_what_is_missing_because_of_another_problem() {
    let broken = refused(Layout::Native, &[("2_b.sql", "COMMIT;"), ("renames.txt", "1_a -> 2_b")]);
    assert!(!broken.contains("not a migration of this set"), "{broken}");
    let baseline = refused(
        Layout::Native,
        &[("2_b.baseline.sql", SQL), ("3_c.sql", SQL), ("renames.txt", "1_a -> 2_b")],
    );
    assert!(baseline.contains("`2_b` is a baseline, which no migration can be renamed to"), "{baseline}");
}

#[test]
fn native_names_in_another_case_are_reported() {
    for (odd, right) in [
        ("Renames.txt", "renames.txt"),
        ("RENAMES.TXT", "renames.txt"),
        ("Migrations.lock", "migrations.lock"),
    ] {
        for (layout, file) in [(Layout::Native, "1_a.sql"), (Layout::Diesel, "1_a/up.sql")] {
            let problem = refused(layout, &[(file, SQL), (odd, "")]);
            assert!(problem.contains(&format!("help: rename it to `{right}`")), "{problem}");
        }
    }
}

#[test]
fn tombstones_and_baselines_may_be_named_as_the_layout_names() {
    for (layout, up, special) in [
        (Layout::Diesel, "2024-01-01-000000_e/up.sql", "2023-01-01-000000_d"),
        (Layout::Flyway, "V6__e.sql", "V5__d"),
        (Layout::Refinery, "V6__e.sql", "V5__d"),
        (Layout::Goose, "6_e.sql", "5_d"),
    ] {
        let sql = "-- +goose Up\nSELECT 1;\n";
        let sql = if layout == Layout::Goose { sql } else { SQL };
        let tombstone = format!("{special}.tombstone.sql");
        let set = scan(layout, &[(up, sql), (&tombstone, "-- gone\n")]).unwrap();
        assert!(set.migrations()[0].is_tombstone() && set.migrations()[0].name() == "d", "{layout:?}");
        let set = scan(layout, &[(up, sql), (&format!("{special}.baseline.sql"), SQL)]).unwrap();
        assert_eq!(set.baseline().unwrap().name(), "d");
    }
    let odd = refused(Layout::Flyway, &[("V6__e.sql", SQL), ("V5_d.tombstone.sql", "-- gone\n")]);
    assert!(odd.contains("rename it to `V5__d.tombstone.sql`"), "{odd}");
}

#[test]
fn files_that_diesel_passes_over_are_reported() {
    let up = ("1_a/up.sql", SQL);
    for (odd, help) in [
        ("2_b.sql", "move it to `2_b/up.sql`"),
        ("2_b.SQL", "move it to `2_b/up.sql`"),
        ("1_a/Down.sql", "rename it to `down.sql`"),
        ("1_a/data.sql", "move its statements into one of them"),
    ] {
        let problem = refused(Layout::Diesel, &[up, (odd, SQL)]);
        assert!(problem.contains(help), "{problem}");
    }
    scan(Layout::Diesel, &[up, ("schema.sql", SQL), ("1_a/README.md", "")]).unwrap();
}

#[cfg(unix)]
#[test]
fn a_dangling_link_is_reported() {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;
    for (layout, file, link) in [
        (Layout::Native, "1_a.sql", "more"),
        (Layout::Diesel, "1_a/up.sql", "2_b"),
        (Layout::Diesel, "1_a/up.sql", "1_a/down.sql"),
        (Layout::Diesel, "1_a/up.sql", "1_a/metadata.toml"),
    ] {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), &[(file, SQL)]);
        symlink("gone", root.path().join("m").join(link)).unwrap();
        let problems = read(root.path(), layout).unwrap_err();
        assert_eq!(problems.iter().count(), 1, "{problems}");
        assert!(problems.to_string().contains("cannot read"), "{problems}");
    }
    // An entry that is none of our business may lead nowhere, or have any name.
    let root = tempfile::tempdir().unwrap();
    write(root.path(), &[("1_a.sql", SQL)]);
    symlink("gone", root.path().join("m/.#1_a.sql")).unwrap();
    fs::write(root.path().join("m").join(std::ffi::OsStr::from_bytes(b"\xe9.txt")), "").unwrap();
    read(root.path(), Layout::Native).unwrap();
    let root = tempfile::tempdir().unwrap();
    write(root.path(), &[("a/sql/1_a.sql", SQL)]);
    symlink("gone", root.path().join("m/b")).unwrap();
    let pattern = Pattern::new("m/*/sql").unwrap();
    let problem = MigrationSet::scan(root.path(), &[pattern], Syntax::Shared).unwrap_err().to_string();
    assert!(problem.contains("cannot read `m/b/sql`"), "{problem}");
}

#[test]
fn a_tombstone_has_no_directives() {
    for directive in ["no-transaction", "rust", "lock-timeout 2s"] {
        let text = format!("-- gapless: {directive}\n-- retired\n");
        let set = scan(Layout::Native, &[("1_a.tombstone.sql", &text)]).unwrap();
        assert_eq!(set.migrations()[0].directives(), gapless_core::Directives::NONE);
    }
}

#[test]
fn a_lock_that_is_right_is_left_alone() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), &[("1_a.sql", SQL)]);
    let patterns = [Pattern::new("m").unwrap()];
    let lock = root.path().join("m/migrations.lock");
    let line = "b4e0497804e46e0a0b0b8c31975b062152d551bac49c3c2e80932567b4085dcd  1_a.sql\n";
    for (before, after) in
        [(format!("# why\r\n{line}"), format!("# why\r\n{line}")), (line.repeat(2), line.to_owned())]
    {
        fs::write(&lock, before).unwrap();
        write_locks(root.path(), &patterns, Syntax::Shared).unwrap();
        assert_eq!(fs::read_to_string(&lock).unwrap(), after);
    }
    let names: Vec<_> =
        fs::read_dir(root.path().join("m")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    fs::write(&lock, line.repeat(2)).unwrap();
    let problem = read(root.path(), Layout::Native).unwrap_err().to_string();
    assert!(problem.contains("`1_a.sql` is listed twice\n  m/migrations.lock"), "{problem}");
}

#[test]
fn missing_files_are_named_as_the_layout_names_them() {
    for (layout, files, help) in [
        (Layout::Diesel, vec!["1_a/down.sql"], "add `m/1_a/up.sql`, or remove this file"),
        (Layout::Flyway, vec!["U1__a.sql"], "add `m/V1__a.sql`, or remove this file"),
        (Layout::Flyway, vec!["V1__a.sql", "U1__b.sql"], "the names differ: rename it to `m/U1__a.sql`"),
        (Layout::Native, vec!["1_a.down.sql"], "add `m/1_a.up.sql`, or remove this file"),
        (
            Layout::Native,
            vec!["1_a.up.sql", "1_a.baseline.sql", "1_b.sql"],
            "a different version, for example 2",
        ),
    ] {
        let files: Vec<_> = files.into_iter().map(|file| (file, SQL)).collect();
        let problem = refused(layout, &files);
        assert!(problem.contains(help), "{problem}");
    }
    let both = refused(Layout::Native, &[("1_a.sql", SQL), ("1_a.tombstone.sql", "-- gone\n")]);
    assert!(both.contains("remove one of the two"), "{both}");
}

/// A lock names what was applied somewhere; a file that is gone from it would be a lost one.
#[test]
fn a_lock_holds_every_file() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), &[("1_a.sql", SQL), ("2_b.sql", SQL)]);
    let patterns = [Pattern::new("m").unwrap()];
    fs::write(root.path().join("m/migrations.lock"), "").unwrap();
    write_locks(root.path(), &patterns, Syntax::Shared).unwrap();
    read(root.path(), Layout::Native).unwrap();
    fs::remove_file(root.path().join("m/2_b.sql")).unwrap();
    let problem = read(root.path(), Layout::Native).unwrap_err().to_string();
    assert!(problem.starts_with("listed in migrations.lock, but missing\n  m/2_b.sql"), "{problem}");
    fs::write(root.path().join("m/2_b.tombstone.sql"), "-- gone\n").unwrap();
    let problem = read(root.path(), Layout::Native).unwrap_err().to_string();
    assert!(problem.contains("not listed in migrations.lock\n  m/2_b.tombstone.sql"), "{problem}");
}

#[test]
fn a_tombstone_has_no_down_script() {
    let problem = refused(Layout::Native, &[("1_a.tombstone.sql", "-- gone\n"), ("1_a.down.sql", SQL)]);
    assert!(problem.contains("a down migration beside a tombstone\n  m/1_a.down.sql"), "{problem}");
}

#[test]
fn each_direction_of_dbmate_has_its_own_options() {
    for (up, down) in [(true, false), (false, true)] {
        let option = |outside: bool| if outside { " transaction:false" } else { "" };
        let text =
            format!("-- migrate:up{}\nSELECT 1;\n-- migrate:down{}\nSELECT 2;\n", option(up), option(down));
        let set = scan(Layout::Dbmate, &[("1_a.sql", &text)]).unwrap();
        let migration = &set.migrations()[0];
        let ways = (migration.directives(), migration.down().unwrap().directives());
        assert_eq!((ways.0.no_transaction(), ways.1.no_transaction()), (up, down));
    }
}

#[test]
fn a_sidecar_is_watched_and_its_problem_is_reported_once() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), &[("1_a/up.sql", SQL), ("1_a/down.sql", SQL), ("1_a/metadata.toml", "")]);
    let problems = read(root.path(), Layout::Diesel).unwrap_err();
    assert_eq!(problems.iter().count(), 1, "{problems}");
    assert!(problems.to_string().contains("does not set `run_in_transaction`"), "{problems}");
    let metadata = root.path().join("m/1_a/metadata.toml");
    fs::write(&metadata, b"\xe9").unwrap();
    let problems = read(root.path(), Layout::Diesel).unwrap_err();
    assert_eq!(problems.iter().count(), 1, "{problems}");
    assert!(problems.to_string().contains("not UTF-8"), "{problems}");
    fs::write(&metadata, "run_in_transaction = false").unwrap();
    let rules = Rules::new(Syntax::Postgres, Layout::Diesel);
    let found = gapless_core::scan(root.path(), &[Pattern::new("m").unwrap()], rules).unwrap();
    assert!(found.watched().contains(&metadata), "{:?}", found.watched());
    let migration = &found.migrations()[0].migration;
    assert!(migration.directives().no_transaction());
    assert!(migration.down().unwrap().directives().no_transaction());
}
