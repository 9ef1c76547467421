//! Tests of scanning directories.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use gapless_core::{MigrationSet, Pattern, Scan, Syntax, scan};

struct Directory(tempfile::TempDir);

impl Directory {
    fn with(files: &[(&str, &[u8])]) -> Directory {
        let root = tempfile::tempdir().unwrap();
        for (file, bytes) in files {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        Directory(root)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn scan(&self, patterns: &[&str]) -> Result<Scan, String> {
        let patterns: Vec<_> = patterns.iter().map(|pattern| Pattern::new(pattern).unwrap()).collect();
        scan(self.path(), &patterns, Syntax::Shared).map_err(|problems| problems.to_string())
    }
}

#[test]
fn a_sound_directory_is_sorted_by_version() {
    let directory = Directory::with(&[
        ("m/10_ten.up.sql", b"SELECT 10;"),
        ("m/10_ten.down.sql", b"SELECT -10;"),
        ("m/9_nine.sql", b"SELECT 9;"),
        ("m/README.md", b"about"),
        ("m/.hidden.sql", b""),
        ("m/assets/logo.png", b""),
    ]);
    let set = directory.scan(&["m"]).unwrap().into_set();
    let shown: Vec<_> =
        set.migrations().iter().map(|m| (m.path(), m.down().map(|down| down.path()))).collect();
    assert_eq!(shown, [("m/9_nine.sql", None), ("m/10_ten.up.sql", Some("m/10_ten.down.sql"))]);
    assert!(set.differences(directory.path()).is_empty());
}

#[test]
fn line_endings_and_a_byte_order_mark_change_neither_text_nor_checksum() {
    let unix = Directory::with(&[("m/1_x.sql", b"SELECT 1;\nSELECT 2;\n")]).scan(&["m"]).unwrap();
    let windows =
        Directory::with(&[("m/1_x.sql", b"\xef\xbb\xbfSELECT 1;\r\nSELECT 2;\r\n")]).scan(&["m"]).unwrap();
    assert!(!unix.migrations()[0].up.rewritten && windows.migrations()[0].up.rewritten);
    assert_eq!(unix.migrations()[0].migration, windows.migrations()[0].migration);
}

#[test]
fn every_problem_is_reported_at_once() {
    let directory = Directory::with(&[
        ("m/1_a.up.sql", b"SELECT 1;"),
        ("m/001_b.up.sql", b"COMMIT;"),
        ("m/2_lonely.down.sql", b"SELECT 1;"),
        ("m/3_case.up.sql", b"SELECT 1;"),
        ("m/3_Case.down.sql", b"SELECT 1;"),
        ("m/4_empty.sql", b" \n"),
        ("m/5_latin.sql", b"SELECT '\xe9';"),
        ("m/6_nul.sql", b"SELECT '\0';"),
        ("m/V7_x.sql", b"SELECT 1;"),
        ("m/old/8_x.sql", b"SELECT 1;"),
        ("m/9_x.sql", b"SELECT 1;"),
        ("m/9_x.up.sql", b"SELECT 1;"),
    ]);
    let report = directory.scan(&["m", "gone"]).unwrap_err();
    for expected in [
        "2 migrations have version 1\n  m/001_b.up.sql\n  m/1_a.up.sql\nhelp: give the one that has not been \
         applied a different version, for example 010",
        "`COMMIT` would break out",
        "a down migration without an up migration\n  m/2_lonely.down.sql\nhelp: add `m/2_lonely.up.sql`, or remove this file",
        "the names differ only in case: rename it to `m/3_case.down.sql`",
        "the file is empty\n  m/4_empty.sql",
        "the file is not UTF-8: invalid byte at offset 8\n  m/5_latin.sql",
        "a NUL character",
        "rename it to `7_x.sql`",
        "a subdirectory with SQL files would be ignored\n  m/old",
        "2 migrations have version 9\n  m/9_x.sql\n  m/9_x.up.sql",
        "the directory `gone` does not exist",
    ] {
        assert!(report.contains(expected), "missing: {expected}\n\n{report}");
    }
    assert_eq!(report.split("\n\n").count(), 11, "{report}");
}

#[test]
fn directories_make_one_set_and_collide_in_it() {
    let directory = Directory::with(&[
        ("modules/a/sql/1_a.sql", b"SELECT 1;"),
        ("modules/b/sql/2_b.sql", b"SELECT 2;"),
        ("more/1_c.sql", b"SELECT 3;"),
    ]);
    let set = directory.scan(&["modules/*/sql"]).unwrap().into_set();
    assert_eq!(set.migrations().len(), 2);
    let report = directory.scan(&["modules/*/sql", "more"]).unwrap_err();
    assert!(report.contains("modules/a/sql/1_a.sql\n  more/1_c.sql"), "{report}");
    assert!(directory.scan(&["more", "./more/"]).unwrap_err().contains("`more` is named twice"));
}

#[test]
fn a_set_notices_what_became_of_its_directory() {
    let directory = Directory::with(&[("m/1_a.sql", b"SELECT 1;"), ("m/2_b.sql", b"SELECT 2;")]);
    let set = MigrationSet::scan(directory.path(), &[Pattern::new("m").unwrap()], Syntax::Shared).unwrap();
    fs::remove_file(directory.path().join("m/1_a.sql")).unwrap();
    fs::write(directory.path().join("m/2_b.sql"), "SELECT 22;").unwrap();
    fs::write(directory.path().join("m/3_c.sql"), "SELECT 3;").unwrap();
    let differences: Vec<_> = set.differences(directory.path()).iter().map(ToString::to_string).collect();
    assert_eq!(
        differences,
        [
            "m/1_a.sql is in the binary, but its file is missing",
            "m/2_b.sql differs from the binary",
            "m/3_c.sql is not in the binary"
        ]
    );
}
