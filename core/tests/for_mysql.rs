//! Tests of trees for MySQL that are read without a dialect.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;

use gapless_core::{Pattern, Syntax, scan};

fn problems(files: &[(&str, &str)], syntax: Syntax) -> Vec<String> {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("m")).unwrap();
    for (name, text) in files {
        fs::write(root.path().join("m").join(name), text).unwrap();
    }
    let scanned = scan(root.path(), &[Pattern::new("m").unwrap()], syntax);
    scanned.err().map_or(Vec::new(), |problems| problems.iter().map(ToString::to_string).collect())
}

const TREE: [(&str, &str); 4] = [
    ("1_a.sql", "CREATE TABLE `a` (id INT AUTO_INCREMENT, b TEXT COMMENT 'it\\'s') ENGINE=InnoDB;"),
    ("2_b.sql", "# it's\nSELECT 1;"),
    ("3_c.sql", "DELIMITER $$\nCREATE PROCEDURE p() BEGIN SELECT 1; END$$\n"),
    ("4_d.sql", "SELECT 1;"),
];

#[test]
fn one_hint_stands_for_all_of_them() {
    let hint = "these scripts are written for MySQL or MariaDB\n  m/1_a.sql\n  m/2_b.sql\n  m/3_c.sql\n\
                help: add `dialect = \"mysql\"`, so that they are read by its rules";
    assert_eq!(problems(&TREE, Syntax::Shared), [hint]);
    assert_eq!(problems(&TREE, Syntax::Mysql), Vec::<String>::new());
    assert!(problems(&TREE, Syntax::Postgres).len() >= 3);
}

#[test]
fn problems_of_other_files_stay() {
    let other = [("5_e.sql", "SELECT 'x"), ("6_f.sql", "COMMIT")];
    let files: Vec<_> = TREE.into_iter().chain(other).collect();
    assert_eq!(problems(&files, Syntax::Shared).len(), 3);
    for sql in ["/*\n# Title\n*/\nCOMMIT;", "SELECT $$\n# x\n$$;\nCOMMIT;", "SELECT '\n# x\n';\nCOMMIT;"] {
        let found = problems(&[("1_a.sql", sql)], Syntax::Shared);
        assert!(found.len() == 1 && found[0].contains("`COMMIT` would break out"), "{found:?}");
    }
    let found = problems(&[("1_a.sql", "SELECT \"#\" # 'x;\n-- DELIMITER of a procedure")], Syntax::Shared);
    assert!(found.len() == 1 && found[0].starts_with("unterminated string"), "{found:?}");
}
