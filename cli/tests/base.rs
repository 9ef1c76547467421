//! `check --base` in repositories that are not plain: squashed, moved, with odd names, in hooks.

mod project;

use std::process::Command;

use crate::project::{Ended, Project};

const CHECK: [&str; 3] = ["check", "--base", "main"];

const FILES: &[(&str, &str)] = &[
    ("migrations/0001_users.up.sql", "CREATE TABLE users (id integer);\n"),
    ("migrations/0002_orders.up.sql", "CREATE TABLE orders (id integer);\n"),
];

/// A repository with a branch `feature` that is checked out.
fn feature(files: &[(&str, &str)]) -> Project {
    let project = Project::with_git(files);
    project.git(&["checkout", "-q", "-b", "feature"]);
    project
}

/// Runs the command that a message puts between backquotes.
fn follow(project: &Project, message: &str) {
    let command = message.split("with `").nth(1).and_then(|rest| rest.split('`').next()).expect("a command");
    let status = Command::new("sh").args(["-c", command]).current_dir(project.path()).status();
    assert!(status.expect("it runs").success(), "{command}");
}

/// The branch's version 3 is on `main` by a squash merge.
fn squashed() -> Project {
    let project = feature(FILES);
    project.write("migrations/0003_mine.up.sql", "SELECT 3;\n");
    project.commit("mine");
    project.write("migrations/0003_mine.up.sql", "SELECT 33;\n");
    project.commit("better");
    project.git(&["checkout", "-q", "main"]);
    project.git(&["merge", "-q", "--squash", "feature"]);
    project.commit("squashed");
    project.git(&["checkout", "-q", "feature"]);
    project.output(&CHECK);
    project
}

#[test]
fn edits_and_losses_count_behind_a_squash_merge() {
    let project = squashed();
    project.write("migrations/0003_mine.up.sql", "SELECT 333;\n");
    let error = project.error(&CHECK, 1);
    assert!(
        error.starts_with("error: migrations/0003_mine.up.sql was edited, and main has it:")
            && error.matches("error:").count() == 1,
        "{error}"
    );
    project.commit("edited");
    follow(&project, &project.error(&CHECK, 1));
    project.output(&CHECK);
    project.git(&["rm", "-q", "-f", "migrations/0003_mine.up.sql"]);
    let error = project.error(&CHECK, 1);
    assert!(error.contains("migrations/0003_mine.up.sql of main is gone"), "{error}");
    project.commit("gone");
    let error = project.error(&CHECK, 1);
    follow(&project, &error);
    project.output(&CHECK);
    project.git(&["mv", "migrations/0003_mine.up.sql", "migrations/0003_other.up.sql"]);
    let error = project.error(&CHECK, 1);
    assert!(error.contains("add the line `0003_mine -> 0003_other` to migrations/renames.txt"), "{error}");
    assert_eq!(error.matches("error:").count(), 1, "it is said once: {error}");
}

#[test]
fn what_others_add_to_main_is_not_missing() {
    let project = squashed();
    project.git(&["checkout", "-q", "main"]);
    project.write("migrations/0004_theirs.up.sql", "SELECT 4;\n");
    project.write("migrations/0005_more.up.sql", "SELECT 5;\n");
    project.write("migrations/0002_orders.up.sql", "CREATE TABLE orders (id bigint);\n");
    project.commit("theirs");
    project.git(&["checkout", "-q", "feature"]);
    project.output(&CHECK);
    // One that has its name is another one of it, be it committed or not.
    project.write("migrations/0004_theirs.up.sql", "SELECT 44;\n");
    let error = project.error(&CHECK, 1);
    assert!(error.starts_with("error: migrations/0004_theirs.up.sql was edited, and main has it"), "{error}");
    std::fs::remove_file(project.join("migrations/0004_theirs.up.sql")).unwrap();
    // The same edit as on main is no edit.
    project.write("migrations/0002_orders.up.sql", "CREATE TABLE orders (id bigint);\n");
    project.output(&CHECK);
}

#[test]
fn a_directory_that_was_moved_is_the_same() {
    let project = feature(FILES);
    project.write("db/readme", "x");
    project.git(&["mv", "migrations", "db/schema"]);
    let check = ["check", "--base", "main", "--dir", "db/schema"];
    for committed in [false, true] {
        if committed {
            project.commit("moved");
        }
        project.output(&check);
        project.write("db/schema/0002_orders.up.sql", "CREATE TABLE orders (id bigint);\n");
        let error = project.error(&check, 1);
        assert!(error.contains("error: db/schema/0002_orders.up.sql was edited, and main has it"), "{error}");
        follow(&project, &error);
        project.output(&check);
        std::fs::remove_file(project.join("db/schema/0002_orders.up.sql")).unwrap();
        let error = project.error(&check, 1);
        assert!(error.contains("migrations/0002_orders.up.sql of main is gone"), "{error}");
        project.write("db/schema/0002_orders.up.sql", FILES[1].1);
    }
    // A migration that main has got since lies in the old directory there.
    project.write("db/schema/0003_mine.up.sql", "SELECT 3;\n");
    project.commit("mine");
    project.git(&["checkout", "-q", "main"]);
    project.write("migrations/0004_theirs.up.sql", "SELECT 4;\n");
    project.commit("theirs");
    project.git(&["checkout", "-q", "feature"]);
    let warning = project.run(&check);
    assert!(
        warning.code == Some(0)
            && warning.stderr.contains("arrives late: main has migrations/0004_theirs.up.sql already"),
        "{warning:?}"
    );
    // And the other way round: main has moved it.
    let project = feature(FILES);
    project.write("migrations/0003_mine.up.sql", "SELECT 3;\n");
    project.commit("mine");
    project.git(&["checkout", "-q", "main"]);
    project.git(&["mv", "migrations", "schema"]);
    project.write("schema/0003_theirs.up.sql", "SELECT 4;\n");
    project.commit("moved");
    project.git(&["checkout", "-q", "feature"]);
    let error = project.error(&CHECK, 1);
    assert!(
        error.contains(
            "migrations/0003_mine.up.sql has the version that schema/0003_theirs.up.sql of main has"
        ),
        "{error}"
    );
}

#[test]
fn a_file_that_moves_out_of_another_directory_brings_nothing_along() {
    let project = feature(&[
        ("scripts/0001_users.sql", "CREATE TABLE users (id integer, name text, email text);\n"),
        ("scripts/0002_report.sql", "SELECT count(*) FROM users;\n"),
    ]);
    std::fs::create_dir(project.join("migrations")).unwrap();
    project.git(&["mv", "scripts/0001_users.sql", "migrations/0001_users.sql"]);
    project.output(&CHECK);
    // Into a directory that was there, although nothing is left of the other.
    let report = "-- What is sold.\nSELECT count(*) FROM orders;\nSELECT count(*) FROM users;\n";
    let project = feature(&[FILES, &[("scripts/0003_report.sql", report)]].concat());
    // Nor does one that main has moved away.
    project.git(&["checkout", "-q", "main"]);
    project.write("archive/0009_old.up.sql", "SELECT 9;\n");
    project.git(&["mv", "migrations/0001_users.up.sql", "archive/0001_users.up.sql"]);
    project.commit("archived");
    project.git(&["checkout", "-q", "feature"]);
    project.write("scripts/0003_report.sql", &report.replace("sold", "sold, and to whom"));
    project.git(&["mv", "scripts/0003_report.sql", "migrations/0003_report.sql"]);
    project.git(&["add", "-A"]);
    assert!(project.git(&["diff", "HEAD", "--name-status", "-M"]).starts_with('R'));
    let ended = project.run(&CHECK);
    assert!(ended.code == Some(0) && ended.stderr.is_empty(), "{ended:?}");
}

#[cfg(unix)]
#[test]
fn the_text_behind_a_link_is_not_that_of_the_link() {
    let project = Project::new();
    project.git(&["init", "-q", "-b", "main"]);
    project.write("migrations/a.text", "SELECT 1;\n");
    project.write("migrations/0002_b.sql", "SELECT 2;\n");
    std::os::unix::fs::symlink("a.text", project.join("migrations/0001_a.sql")).unwrap();
    project.commit("begin");
    project.git(&["checkout", "-q", "-b", "feature"]);
    project.output(&CHECK);
    std::fs::remove_file(project.join("migrations/0001_a.sql")).unwrap();
    assert!(project.error(&CHECK, 1).contains("migrations/0001_a.sql of main is gone"));
}

#[test]
fn a_moved_directory_of_diesel_is_the_same() {
    let project = feature(&[
        ("migrations/2024-01-31-120000_users/up.sql", "SELECT 1;\n"),
        ("migrations/2024-02-28-120000_orders/up.sql", "SELECT 2;\n"),
    ]);
    project.git(&["mv", "migrations", "schema"]);
    let check = ["check", "--base", "main", "--layout", "diesel", "--dir", "schema"];
    project.output(&check);
    project.write("schema/2024-01-31-120000_users/down.sql", "SELECT 2;\n");
    project.output(&check);
    // One that was not edited is enough to know the directory.
    project.write("schema/2024-01-31-120000_users/up.sql", "SELECT 3;\n");
    let error = project.run(&check);
    assert!(error.code == Some(1) && error.stderr.contains("was edited"), "{error:?}");
}

#[test]
fn names_that_mean_something_to_git_and_to_shells_are_names() {
    for directory in [":x", ":(top)a", "[ab]", "it's $HOME", "!a"] {
        let file = format!("{directory}/0001_users.up.sql");
        let project = feature(&[
            (&file, "SELECT 1;\n"),
            ("a/0001_a.up.sql", "SELECT 0;\n"),
            ("x/0001_a.up.sql", "SELECT 0;\n"),
        ]);
        let check = ["check", "--base", "main", "--dir", directory];
        project.output(&check);
        project.write(&file, "SELECT 2;\n");
        let error = project.error(&check, 1);
        assert!(error.contains("was edited, and main has it"), "{error}");
        follow(&project, &error);
        project.output(&check);
        std::fs::remove_file(project.join(&file)).unwrap();
        project.write(&format!("{directory}/0002_more.up.sql"), "SELECT 2;\n");
        let error = project.error(&check, 1);
        assert!(error.contains("is gone"), "{error}");
        follow(&project, &error);
        project.output(&check);
    }
}

#[test]
fn a_directory_of_diesel_is_restored_by_its_file() {
    let project = feature(&[("my migrations/2024-01-31-120000_users/up.sql", "SELECT 1;\n")]);
    let check = ["check", "--base", "main", "--layout", "diesel", "--dir", "my migrations"];
    project.write("my migrations/2024-01-31-120000_users/up.sql", "SELECT 2;\n");
    let error = project.error(&check, 1);
    assert!(error.contains("> 'my migrations/2024-01-31-120000_users/up.sql'`"), "{error}");
    follow(&project, &error);
    project.output(&check);
    std::fs::remove_dir_all(project.join("my migrations/2024-01-31-120000_users")).unwrap();
    project.write("my migrations/2025-01-31-120000_users/up.sql", "SELECT 2;\n");
    follow(&project, &project.error(&check, 1));
    project.output(&check);
}

/// Git sets variables for its hooks that would lead a git in another directory astray.
#[test]
fn hooks_see_what_their_user_sees() {
    let project = Project::with_git(FILES);
    project.git(&["worktree", "add", "-q", "linked", "-b", "feature"]);
    let program = env!("CARGO_BIN_EXE_gapless");
    project.write(".git/hooks/pre-commit", &format!("#!/bin/sh\nexec {program} check --base main\n"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(project.join(".git/hooks/pre-commit"), mode).unwrap();
    }
    project.write("linked/migrations/0003_mine.up.sql", "SELECT 3;\n");
    let commit = ["-C", "linked", "commit", "-q", "-a", "-m", "x"];
    project.git(&["-C", "linked", "add", "-A"]);
    project.git(&commit);
    project.write("linked/migrations/0001_users.up.sql", "SELECT 3;\n");
    let refused = project.run_git(&commit);
    assert!(
        refused.code == Some(1) && refused.stderr.contains("0001_users.up.sql was edited, and main has it"),
        "{refused:?}"
    );
    let project = feature(FILES);
    // The index tells what was moved.
    project.git(&["mv", "migrations", "moved"]);
    project.write("moved/0001_users.up.sql", "SELECT 3;\n");
    for (name, value) in [
        ("GIT_DIR", ".git"),
        ("GIT_DIR", "/"),
        ("GIT_WORK_TREE", "/"),
        ("GIT_COMMON_DIR", "/nowhere"),
        ("GIT_INDEX_FILE", "/nowhere/index"),
    ] {
        let check = ["check", "--base", "main", "--dir", "moved"];
        let output = project.command(&check).env(name, value).output().unwrap();
        let ended = Ended::of(output);
        assert!(
            ended.code == Some(1) && ended.stderr.contains("was edited, and main has it"),
            "{name}: {ended:?}"
        );
    }
}

#[test]
fn a_directory_that_is_missing_takes_no_other_along() {
    let project = feature(&[("a/0001_a.sql", "SELECT 1;\n"), ("b/0002_b.sql", "SELECT 2;\n")]);
    let check = ["check", "--base", "main", "--dir", "a", "--dir", "b"];
    project.output(&check);
    std::fs::remove_dir_all(project.join("a")).unwrap();
    let error = project.error(&check, 2);
    assert!(error.contains("the directory `a` does not exist"), "{error}");
    assert!(!error.contains("gone"), "{error}");
    project.write("b/0002_b.sql", "SELECT 3;\n");
    let error = project.error(&check, 2);
    assert!(error.contains("b/0002_b.sql was edited"), "{error}");
}

#[test]
fn what_cannot_be_used_is_told_from_what_is_wrong() {
    let project = feature(FILES);
    for (arguments, code, reason) in [
        (&["check", "--base", "nowhere"][..], 2, "`nowhere` is no commit of this repository"),
        (&["renumber", "--base", "nowhere"], 2, "`nowhere` is no commit of this repository"),
        (&["check", "--dir", "nowhere"], 2, "the directory `nowhere` does not exist"),
        (&["check", "--dir", "migrations/0001_users.up.sql"], 2, "is a file, not a directory"),
        (&["rename", "1", "x", "--dir", "nowhere"], 2, "the directory `nowhere` does not exist"),
        (&["lock", "--dir", "nowhere"], 2, "the directory `nowhere` does not exist"),
        (
            &["up", "--database-url=sqlite:app.db", "--dir", "nowhere"],
            2,
            "the directory `nowhere` does not exist",
        ),
    ] {
        let error = project.error(arguments, code);
        assert!(error.contains(reason), "{arguments:?}: {error}");
    }
}
