//! `lock`: what it writes, and what it asks about first.

mod project;

use crate::project::Project;

fn project() -> Project {
    let project = Project::new();
    project.write("migrations/0001_users.up.sql", "CREATE TABLE users (id integer);\n");
    project.write("migrations/0002_orders.up.sql", "CREATE TABLE orders (id integer);\n");
    project
}

#[test]
fn a_lock_is_written_and_an_edit_is_not_hidden() {
    let project = project();
    let error = project.error(&["lock", "--check"], 1);
    assert!(
        error.contains("migrations has no migrations.lock\nhelp: write it with `gapless lock`"),
        "{error}"
    );
    assert_eq!(project.output(&["lock"]), "migrations/migrations.lock: 2 files, written\n");
    assert_eq!(project.output(&["lock"]), "migrations/migrations.lock: 2 files, unchanged\n");
    assert_eq!(project.output(&["lock", "--check"]), "2 migrations: as locked\n");
    project.write("migrations/0002_orders.up.sql", "CREATE TABLE orders (id bigint);\n");
    project.error(&["lock", "--check"], 1);
    let ended = project.run(&["lock"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(
        ended
            .stdout
            .starts_with("migrations/0002_orders.up.sql was edited since migrations.lock was written\n"),
        "{ended:?}"
    );
    assert!(!ended.stdout.contains("gapless lock"), "it is running already: {ended:?}");
    project.output(&["lock", "--yes"]);
    project.output(&["lock", "--check"]);
    std::fs::remove_file(project.join("migrations/0001_users.up.sql")).unwrap();
    let shown = project.output(&["lock", "--yes"]);
    assert!(shown.starts_with("migrations/0001_users.up.sql is listed, but missing\n"), "{shown}");
    assert!(shown.ends_with("migrations/migrations.lock: 1 file, written\n"), "{shown}");
    assert_eq!(project.output(&["lock", "--check"]), "1 migration: as locked\n");
}

/// A branch and `main` in a merge conflict about the lock. Both have edited version 2 and added one; `branch` and `main`
/// are the texts of version 2.
fn in_conflict(branch: &str, main: &str) -> Project {
    let project = project();
    project.git(&["init", "-q", "-b", "main"]);
    project.output(&["lock"]);
    project.commit("begin");
    project.git(&["checkout", "-q", "-b", "feature"]);
    for (name, text, at) in [("0003_mine", branch, "feature"), ("0004_theirs", main, "main")] {
        project.git(&["checkout", "-q", at]);
        project.write("migrations/0002_orders.up.sql", text);
        project.write(&format!("migrations/{name}.up.sql"), "SELECT 1;\n");
        project.output(&["lock", "--yes"]);
        project.commit(at);
    }
    project.git(&["checkout", "-q", "feature"]);
    assert_eq!(project.run_git(&["merge", "-q", "main"]).code, Some(1), "there is a conflict");
    assert!(project.read("migrations/migrations.lock").contains("<<<<<<< HEAD\n"));
    project
}

const OLD: &str = "CREATE TABLE orders (id integer);\n";

#[test]
fn a_merge_of_additions_needs_no_question() {
    let project = in_conflict(OLD, OLD);
    let error = project.error(&["check"], 1);
    assert!(
        error.contains("error: line 3 begins a merge conflict\n  migrations/migrations.lock\n"),
        "{error}"
    );
    assert_eq!(project.output(&["lock"]), "migrations/migrations.lock: 4 files, written\n");
    project.output(&["lock", "--check"]);
}

#[test]
fn every_edit_that_a_merge_brings_is_named() {
    // Main has edited the file; git took the edit.
    let project = in_conflict(OLD, "CREATE TABLE orders (id bigint);\n");
    let ended = project.run(&["lock"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(
        ended.stdout.starts_with(
            "migrations/0002_orders.up.sql is listed with another text by one side of the merge\nnote: "
        ),
        "{ended:?}"
    );
    // Neither side has this text.
    project.write("migrations/0002_orders.up.sql", "CREATE TABLE orders (id text);\n");
    project.write("migrations/0005_new.up.sql", "SELECT 1;\n");
    std::fs::remove_file(project.join("migrations/0004_theirs.up.sql")).unwrap();
    let ended = project.run(&["lock"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(
        ended.stdout.starts_with(
            "added migrations/0005_new.up.sql\n\
             migrations/0002_orders.up.sql was edited since migrations.lock was written\n\
             migrations/0004_theirs.up.sql is listed, but missing\nnote: "
        ),
        "{ended:?}"
    );
    assert!(project.read("migrations/migrations.lock").contains("<<<<<<<"), "nothing was written");
    project.output(&["lock", "--yes"]);
    project.output(&["lock", "--check"]);
}

#[test]
fn a_lock_that_cannot_be_read_is_not_written_over_without_a_question() {
    let project = project();
    project.write("migrations/migrations.lock", "nonsense\n");
    let ended = project.run(&["lock"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(
        ended.stdout.starts_with(
            "migrations/migrations.lock cannot say what was edited: line 1 is not a checksum and a file name\n"
        ),
        "{ended:?}"
    );
    project.output(&["lock", "--yes"]);
    project.output(&["lock", "--check"]);
}

#[test]
fn what_check_refuses_is_not_locked() {
    let project = project();
    project.output(&["lock"]);
    project.write("migrations/0002_orders.up.sql", "COMMIT;\n");
    project.write("migrations/0003_none.up.sql", "");
    let ended = project.run(&["lock", "--yes"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(ended.stderr.matches("error: ").count(), 2, "each problem is an error: {}", ended.stderr);
    assert_eq!(ended.stdout, "");
}

#[cfg(unix)]
#[test]
fn a_linked_lock_stays_a_link() {
    let project = project();
    project.write("shared/the.lock", "");
    std::os::unix::fs::symlink("../shared/the.lock", project.join("migrations/migrations.lock")).unwrap();
    project.output(&["lock", "--yes"]);
    assert!(project.join("migrations/migrations.lock").is_symlink());
    assert_eq!(project.read("shared/the.lock").lines().count(), 2);
    assert_eq!(project.files("shared"), ["the.lock"]);
    project.output(&["lock", "--check"]);
}
