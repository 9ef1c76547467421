//! `check`: in a directory, and against the base of a branch in real repositories.

mod project;

use crate::project::Project;

const FIRST: &[(&str, &str)] = &[
    ("app/migrations/0001_users.up.sql", "CREATE TABLE users (id integer);\n"),
    ("app/migrations/0001_users.down.sql", "DROP TABLE users;\n"),
    ("app/migrations/0002_orders.up.sql", "CREATE TABLE orders (id integer);\n"),
    ("app/gapless.toml", "dir = \"migrations\"\n"),
];

/// The arguments for the project in `app`, seen from the top.
const APP: [&str; 2] = ["--config", "app/gapless.toml"];

fn check(project: &Project, code: i32) -> String {
    project.error(&[&["check", "--base", "main"], &APP[..]].concat(), code)
}

/// A repository with a branch `feature` that is checked out.
fn feature() -> Project {
    let project = Project::with_git(FIRST);
    project.git(&["checkout", "-q", "-b", "feature"]);
    project
}

#[test]
fn every_problem_comes_at_once_and_as_the_macro_says_it() {
    let project = Project::new();
    project.write("migrations/0001_a.sql", "CREATE TABLE a (id integer);\nCOMMIT;\n");
    project.write("migrations/0002_b.sql", "");
    project.write("migrations/0003_c.sql", "SELECT 1;\n");
    project.write("migrations/0003_d.sql", "SELECT 1;\n");
    let ended = project.run(&["check"]);
    assert_eq!((ended.code, &*ended.stdout), (Some(1), ""));
    for part in [
        "migrations/0001_a.sql:2:1",
        "error: the file is empty\n  migrations/0002_b.sql\nhelp: ",
        "error: 2 migrations have version 3\n",
        "\n3 problems found\n",
    ] {
        assert!(ended.stderr.contains(part), "{part}: {}", ended.stderr);
    }
    let annotations = project.run(&["check", "--format", "github"]).stdout;
    let lines: Vec<_> = annotations.lines().collect();
    assert_eq!(lines.len(), 3, "{annotations}");
    assert!(lines[0].starts_with("::error file=migrations/0001_a.sql,line=2::"), "{annotations}");
    assert!(
        lines[1].starts_with("::error file=migrations/0002_b.sql::the file is empty%0A"),
        "{annotations}"
    );
}

#[test]
fn a_branch_that_only_adds_is_fine() {
    let project = feature();
    assert_eq!(check(&project, 0), "");
    project.write("app/migrations/0003_mine.up.sql", "SELECT 1;\n");
    assert_eq!(check(&project, 0), "", "it is not committed yet");
    project.commit("mine");
    assert_eq!(check(&project, 0), "");
    let output = project.output(&[&["check", "--base", "main"], &APP[..]].concat());
    assert_eq!(output, "3 migrations: no problem found\n");
}

#[test]
fn edits_are_errors_unless_they_do_not_count() {
    let project = feature();
    project.write("app/migrations/0001_users.down.sql", "DROP TABLE IF EXISTS users;\n");
    project.write("app/migrations/0002_orders.up.sql", "CREATE TABLE orders (id integer);\r\n");
    assert_eq!(check(&project, 0), "", "a down file, and line endings");
    project.write("app/migrations/0001_users.up.sql", "CREATE TABLE users (id bigint);\n");
    project.commit("edit");
    let error = check(&project, 1);
    assert!(error.contains("error: migrations/0001_users.up.sql was edited, and main has it"), "{error}");
    let command = error.split('`').nth(1).unwrap().to_owned();
    // What the help says does help.
    let mut shell = std::process::Command::new("sh");
    assert!(shell.args(["-c", &command]).current_dir(project.path()).status().unwrap().success());
    assert_eq!(check(&project, 0), "");
}

#[test]
fn what_is_gone_is_an_error_unless_a_tombstone_or_a_baseline_stands_for_it() {
    let project = feature();
    project.git(&["rm", "-q", "app/migrations/0001_users.up.sql", "app/migrations/0001_users.down.sql"]);
    let error = check(&project, 1);
    assert!(error.contains("app/migrations/0001_users.up.sql of main is gone"), "{error}");
    assert!(error.contains("gapless retire 1 --why"), "{error}");
    assert_eq!(error.matches("error:").count(), 1, "{error}");
    let restore = error.split('`').nth(1).unwrap().to_owned();
    project.write("app/migrations/0001_users.tombstone.sql", "-- Retired.\n");
    assert_eq!(check(&project, 0), "");
    std::fs::remove_file(project.join("app/migrations/0001_users.tombstone.sql")).unwrap();
    project.write("app/migrations/0002_all.baseline.sql", "SELECT 1;\n");
    assert_eq!(check(&project, 0), "");
    std::fs::remove_file(project.join("app/migrations/0002_all.baseline.sql")).unwrap();
    let at = project.join("app");
    assert!(
        std::process::Command::new("sh").args(["-c", &restore]).current_dir(at).status().unwrap().success()
    );
    assert_eq!(check(&project, 0), "");
    // A tombstone is not taken back.
    project.git(&["rm", "-q", "-f", "app/migrations/0001_users.up.sql"]);
    std::fs::remove_file(project.join("app/migrations/0001_users.down.sql")).unwrap();
    project.write("app/migrations/0001_users.tombstone.sql", "-- Retired.\n");
    project.commit("retire");
    project.git(&["branch", "-f", "main"]);
    std::fs::rename(
        project.join("app/migrations/0001_users.tombstone.sql"),
        project.join("app/migrations/0001_users.up.sql"),
    )
    .unwrap();
    assert!(
        check(&project, 1).contains("a retired version is a migration again: migrations/0001_users.up.sql")
    );
}

#[test]
fn renames_must_be_declared() {
    let project = feature();
    project.git(&["mv", "app/migrations/0002_orders.up.sql", "app/migrations/0002_purchases.up.sql"]);
    let error = check(&project, 1);
    assert!(
        error.contains(
            "app/migrations/0002_orders.up.sql of main seems to be migrations/0002_purchases.up.sql now"
        ),
        "{error}"
    );
    assert!(
        error.contains("add the line `0002_orders -> 0002_purchases` to migrations/renames.txt"),
        "{error}"
    );
    project.write("app/migrations/renames.txt", "0002_orders -> 0002_purchases\r\n");
    assert_eq!(check(&project, 0), "");
    project.write("app/migrations/0002_purchases.up.sql", "CREATE TABLE purchases (id integer);\n");
    assert!(check(&project, 1).contains("migrations/0002_purchases.up.sql was edited"), "renamed and edited");
    // To another version, by its text.
    let project = feature();
    project.git(&["mv", "app/migrations/0002_orders.up.sql", "app/migrations/0004_orders.up.sql"]);
    assert!(check(&project, 1).contains("add the line `0002_orders -> 0004_orders`"));
    project.write("app/migrations/renames.txt", "0002_orders -> 0004_orders\n");
    assert_eq!(check(&project, 0), "");
    // Into another ending: it is the same migration.
    let project = feature();
    project.git(&["mv", "app/migrations/0002_orders.up.sql", "app/migrations/0002_orders.sql"]);
    assert_eq!(check(&project, 0), "");
}

#[test]
fn what_main_has_done_meanwhile_is_not_the_branchs_doing() {
    let project = feature();
    project.write("app/migrations/0003_mine.up.sql", "SELECT 1;\n");
    project.commit("mine");
    project.git(&["checkout", "-q", "main"]);
    project.write("app/migrations/0004_theirs.up.sql", "SELECT 4;\n");
    project.write("app/migrations/0002_orders.up.sql", "CREATE TABLE orders (id bigint);\n");
    project.commit("theirs");
    project.git(&["checkout", "-q", "feature"]);
    let warning = check(&project, 0);
    assert!(
        warning.starts_with("warning: migrations/0003_mine.up.sql arrives late: main has app/migrations/0004_theirs.up.sql already\n"),
        "{warning}"
    );
    assert!(warning.contains("`gapless renumber --base main`"), "{warning}");
    assert!(!warning.contains("edited"), "{warning}");
    // The same after main was merged, and on a detached head.
    project.git(&["merge", "-q", "main", "-m", "merge"]);
    assert!(check(&project, 0).contains("arrives late"));
    project.git(&["checkout", "-q", "--detach"]);
    assert!(check(&project, 0).contains("arrives late"));
    // From inside of a subdirectory, and of the directory of migrations itself.
    let inside =
        project.command(&["check", "--base", "main"]).current_dir(project.join("app")).output().unwrap();
    assert_eq!(inside.status.code(), Some(0), "{inside:?}");
    assert!(String::from_utf8_lossy(&inside.stderr).contains("arrives late"));
    let annotation = project.output(&[&["check", "--base", "main", "--format", "github"], &APP[..]].concat());
    assert!(annotation.starts_with("::warning file=app/migrations/0003_mine.up.sql::"), "{annotation}");
}

#[test]
fn a_version_that_main_has_given_away_is_an_error() {
    let project = feature();
    project.write("app/migrations/0003_mine.up.sql", "SELECT 1;\n");
    project.commit("mine");
    project.git(&["checkout", "-q", "main"]);
    project.write("app/migrations/0003_theirs.up.sql", "SELECT 3;\n");
    project.commit("theirs");
    project.git(&["checkout", "-q", "feature"]);
    let error = check(&project, 1);
    assert!(
        error.contains(
            "migrations/0003_mine.up.sql has the version that app/migrations/0003_theirs.up.sql of main has"
        ),
        "{error}"
    );
    project.git(&["merge", "-q", "main", "-m", "merge"]);
    let error = check(&project, 1);
    assert!(error.contains("2 migrations have version 3") && error.matches("error:").count() == 1, "{error}");
}

#[test]
fn a_new_migration_below_a_new_baseline_is_an_error() {
    let project = feature();
    project.write("app/migrations/0003_mine.up.sql", "SELECT 1;\n");
    project.commit("mine");
    project.git(&["checkout", "-q", "main"]);
    project.write("app/migrations/0004_theirs.up.sql", "SELECT 3;\n");
    project.write("app/migrations/0004_all.baseline.sql", "SELECT 3;\n");
    project.commit("theirs");
    project.git(&["checkout", "-q", "feature"]);
    let error = check(&project, 1);
    assert!(error.contains("would be covered by app/migrations/0004_all.baseline.sql of main"), "{error}");
}

#[test]
fn every_commit_that_a_criss_cross_merge_leaves_as_a_base_counts() {
    let project = feature();
    project.write("app/migrations/0003_mine.up.sql", "SELECT 1;\n");
    project.commit("mine");
    project.git(&["checkout", "-q", "main"]);
    project.write("app/migrations/0004_theirs.up.sql", "SELECT 4;\n");
    project.commit("theirs");
    let (theirs, mine) = (project.git(&["rev-parse", "main"]), project.git(&["rev-parse", "feature"]));
    project.git(&["merge", "-q", mine.trim(), "-m", "one way"]);
    project.git(&["checkout", "-q", "feature"]);
    project.git(&["merge", "-q", theirs.trim(), "-m", "the other way"]);
    assert_eq!(project.git(&["merge-base", "--all", "main", "feature"]).lines().count(), 2);
    assert_eq!(check(&project, 0), "");
    for gone in ["0003_mine.up.sql", "0004_theirs.up.sql"] {
        let path = format!("app/migrations/{gone}");
        let text = project.read(&path);
        std::fs::remove_file(project.join(&path)).unwrap();
        assert!(check(&project, 1).contains("is gone"), "{gone}");
        project.write(&path, &text);
    }
}

#[test]
fn several_directories_and_links_are_followed() {
    let project = Project::with_git(&[
        ("modules/a/sql/0001_a.sql", "SELECT 1;\n"),
        ("modules/b/sql/0002_b.sql", "SELECT 2;\n"),
        ("modules/b/sql/other/readme.md", "x"),
        ("deep/schema/0003_c.sql", "SELECT 3;\n"),
    ]);
    std::os::unix::fs::symlink("deep/schema", project.join("link")).unwrap();
    let arguments = ["check", "--base", "main", "--dir", "modules/*/sql", "--dir", "link"];
    project.output(&arguments);
    project.git(&["checkout", "-q", "-b", "feature"]);
    project.write("deep/schema/0003_c.sql", "SELECT 33;\n");
    project.write("modules/a/sql/0001_a.sql", "SELECT 11;\n");
    // The module goes, with all of its directory.
    std::fs::remove_dir_all(project.join("modules/b")).unwrap();
    let error = project.error(&arguments, 1);
    for part in [
        "link/0003_c.sql was edited",
        "modules/a/sql/0001_a.sql was edited",
        "modules/b/sql/0002_b.sql of main is gone",
    ] {
        assert!(error.contains(part), "{part}: {error}");
    }
    // Moved into another directory of the set.
    project.git(&["checkout", "-q", "-f", "."]);
    project.git(&["mv", "modules/b/sql/0002_b.sql", "deep/schema/0002_b.sql"]);
    project.write("modules/b/sql/0009_b.sql", "SELECT 9;\n");
    project.output(&arguments);
}

#[test]
fn diesels_directories_and_gooses_sections_are_compared_too() {
    let project = Project::with_git(&[
        ("migrations/2024-01-31-120000_users/up.sql", "SELECT 1;\n"),
        ("migrations/2024-01-31-120000_users/down.sql", "SELECT 0;\n"),
    ]);
    let arguments = ["check", "--base", "main", "--layout", "diesel"];
    project.output(&arguments);
    project.git(&["checkout", "-q", "-b", "feature"]);
    project.git(&["mv", "migrations/2024-01-31-120000_users", "migrations/2024-01-31-120000_people"]);
    let error = project.error(&arguments, 1);
    assert!(error.contains("add the line `2024-01-31-120000_users -> 2024-01-31-120000_people`"), "{error}");
    project.write("migrations/renames.txt", "2024-01-31-120000_users -> 2024-01-31-120000_people\n");
    project.output(&arguments);
    let goose = "-- +goose Up\nSELECT 1;\n-- +goose Down\nSELECT 0;\n";
    let project = Project::with_git(&[("migrations/00001_a.sql", goose)]);
    let arguments = ["check", "--base", "main", "--layout", "goose"];
    project.git(&["checkout", "-q", "-b", "feature"]);
    project.write("migrations/00001_a.sql", &goose.replace("SELECT 0", "SELECT 2"));
    project.output(&arguments);
    project.write("migrations/00001_a.sql", &goose.replace("SELECT 1", "SELECT 2"));
    assert!(project.error(&arguments, 1).contains("was edited"));
}

#[test]
fn what_git_cannot_say_is_an_error() {
    let project = Project::new();
    project.write("migrations/0001_a.sql", "SELECT 1;\n");
    let mut command = project.command(&["check", "--base", "main"]);
    let output = command.env("GIT_CEILING_DIRECTORIES", "/").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("is not in a git repository"), "{output:?}");
    let output = project
        .command(&["check", "--base", "main"])
        .env("PATH", project.join("migrations/0001_a.sql"))
        .output()
        .unwrap();
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("the program `git` is not installed"),
        "{output:?}"
    );
    let project = feature();
    let error = project.error(&[&["check", "--base", "origin/main"], &APP[..]].concat(), 2);
    assert!(error.contains("`origin/main` is no commit of this repository\nhelp: fetch it first"), "{error}");
    let error = project.error(&[&["check", "--base=--output=x"], &APP[..]].concat(), 2);
    assert!(error.contains("is no commit"), "{error}");
    project.git(&["checkout", "-q", "--orphan", "other"]);
    project.commit("another beginning");
    assert!(
        check(&project, 1).contains("`main` and HEAD have no commit in common here\nhelp: name the branch")
    );
    let empty = Project::new();
    empty.git(&["init", "-q", "-b", "main"]);
    empty.write("migrations/0001_a.sql", "SELECT 1;\n");
    assert!(empty.error(&["check", "--base", "main"], 2).contains("is no commit"));
}

#[test]
fn a_shallow_clone_is_named_as_the_cause() {
    let project = feature();
    project.write("app/migrations/0003_mine.up.sql", "SELECT 1;\n");
    project.commit("mine");
    project.git(&["checkout", "-q", "main"]);
    project.commit("more");
    let clone = Project::new();
    let source = format!("file://{}", project.path().display());
    clone.git(&["clone", "-q", "--depth", "1", "--no-single-branch", &source, "."]);
    clone.git(&["checkout", "-q", "feature"]);
    let arguments = [&["check", "--base", "origin/main"], &APP[..]].concat();
    let error = clone.error(&arguments, 1);
    assert!(error.contains("the clone is shallow: run `git fetch --unshallow`"), "{error}");
    clone.git(&["fetch", "-q", "--unshallow"]);
    clone.output(&arguments);
}
