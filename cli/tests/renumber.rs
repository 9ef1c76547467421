//! `renumber`: a branch's own migrations behind those of its base, in real repositories.

mod project;

use crate::project::Project;

/// A branch `feature` with versions 2 and 3, and `main` with another 2.
fn diverged() -> Project {
    let project =
        Project::with_git(&[("migrations/0001_users.up.sql", "CREATE TABLE users (id integer);\n")]);
    project.git(&["checkout", "-q", "-b", "feature"]);
    project.write(
        "migrations/0002_orders.up.sql",
        "-- Builds on 0001_users.\nCREATE TABLE orders (id integer);\n",
    );
    project.write("migrations/0002_orders.down.sql", "-- Undoes 0002_orders.\nDROP TABLE orders;\n");
    project.write(
        "migrations/0003_lines.up.sql",
        "-- Needs version 2: '0002_orders'.\nSELECT '-- 0002_orders';\n",
    );
    project.commit("feature");
    project.git(&["checkout", "-q", "main"]);
    project.write("migrations/0002_invoices.up.sql", "SELECT 2;\n");
    project.commit("invoices");
    project.git(&["checkout", "-q", "feature"]);
    project
}

const RENUMBER: [&str; 4] = ["renumber", "--base", "main", "--yes"];

#[test]
fn order_down_files_and_mentions_are_kept() {
    for merged in [false, true] {
        let project = diverged();
        if merged {
            project.git(&["merge", "-q", "main", "-m", "merge"]);
            project.error(&["check"], 1);
        }
        let shown = project.output(&["renumber", "--base", "main", "--dry-run"]);
        assert_eq!(
            shown,
            "rename migrations/0002_orders.down.sql -> migrations/0003_orders.down.sql\n\
             rename migrations/0002_orders.up.sql -> migrations/0003_orders.up.sql\n\
             rename migrations/0003_lines.up.sql -> migrations/0004_lines.up.sql\n\
             write  migrations/0003_orders.down.sql: 1 mention in comments\n\
             write  migrations/0004_lines.up.sql: 2 mentions in comments\n\
             note: a database that has applied one of them already finds it again only if renames.txt says so: give \
             --declare then\n"
        );
        assert!(project.exists("migrations/0002_orders.up.sql"), "a dry run changes nothing");
        let ended = project.run(&["renumber", "--base", "main"]);
        assert!(ended.code == Some(2) && ended.stderr.contains("give --yes"), "nobody can answer: {ended:?}");
        project.output(&RENUMBER);
        let theirs: &[&str] = if merged { &["0002_invoices.up.sql"] } else { &[] };
        let own = ["0001_users.up.sql", "0003_orders.down.sql", "0003_orders.up.sql", "0004_lines.up.sql"];
        let mut wanted: Vec<_> = own.iter().chain(theirs).collect();
        wanted.sort();
        assert_eq!(project.files("migrations").iter().collect::<Vec<_>>(), wanted);
        assert_eq!(
            project.read("migrations/0003_orders.down.sql"),
            "-- Undoes 0003_orders.\nDROP TABLE orders;\n"
        );
        assert_eq!(
            project.read("migrations/0004_lines.up.sql"),
            "-- Needs version 0003: '0003_orders'.\nSELECT '-- 0002_orders';\n"
        );
        project.output(&["check", "--base", "main"]);
        assert!(project.output(&RENUMBER).starts_with("nothing to do: "));
        if !merged {
            project.commit("renumbered");
            project.git(&["merge", "-q", "main", "-m", "merge"]);
            project.output(&["check", "--base", "main"]);
        }
    }
}

#[test]
fn renames_are_declared_and_texts_left_alone_if_that_is_asked_for() {
    let project = diverged();
    project.write("migrations/renames.txt", "# Before the review.\r\n0002_purchases -> 0002_orders\r\n");
    let before = project.read("migrations/0003_lines.up.sql");
    project.output(&[&RENUMBER[..], &["--declare"]].concat());
    assert_eq!(
        project.read("migrations/renames.txt"),
        "# Before the review.\r\n0002_purchases -> 0003_orders\r\n0002_orders -> 0003_orders\r\n0003_lines -> 0004_lines\r\n"
    );
    assert_eq!(project.read("migrations/0004_lines.up.sql"), before);
    project.output(&["check", "--base", "main"]);
}

#[test]
fn the_lock_goes_along() {
    let project = diverged();
    project.output(&["lock"]);
    let foreign = project.read("migrations/migrations.lock").lines().next().unwrap().to_owned();
    project.output(&RENUMBER);
    project.output(&["lock", "--check"]);
    let lock = project.read("migrations/migrations.lock");
    assert!(lock.starts_with(&foreign) && lock.contains("  0004_lines.up.sql\n"), "{lock}");
    // An edit that the lock has not seen is not hidden.
    let project = diverged();
    project.output(&["lock"]);
    project.write("migrations/0002_orders.up.sql", "-- 0002_orders\nSELECT 'edited';\n");
    project.output(&RENUMBER);
    let error = project.error(&["check"], 1);
    assert!(
        error.contains("edited since migrations.lock was written\n  migrations/0003_orders.up.sql"),
        "{error}"
    );
}

#[test]
fn only_what_must_move_moves() {
    let project = diverged();
    project.write("migrations/0009_far.up.sql", "SELECT 9;\n");
    project.output(&RENUMBER);
    assert!(project.exists("migrations/0009_far.up.sql"), "{:?}", project.files("migrations"));
    // A late one goes behind, and those that came after it stay behind it.
    let project = Project::with_git(&[("migrations/5_a.sql", "SELECT 1;\n")]);
    project.git(&["checkout", "-q", "-b", "feature"]);
    project.write("migrations/3_late.sql", "SELECT 3;\n");
    project.write("migrations/6_next.sql", "SELECT 6;\n");
    project.output(&RENUMBER);
    assert_eq!(project.files("migrations"), ["5_a.sql", "6_late.sql", "7_next.sql"]);
}

#[test]
fn dates_and_directories_move_too() {
    let project = Project::with_git(&[("migrations/2300-01-01-000000_a/up.sql", "SELECT 1;\n")]);
    project.git(&["checkout", "-q", "-b", "feature"]);
    project.write("migrations/2024-01-31-120000_mine/up.sql", "-- 2024-01-31-120000_mine\nSELECT 2;\n");
    project.write("migrations/2024-01-31-120000_mine/down.sql", "SELECT 3;\n");
    project.output(&[&RENUMBER[..], &["--layout", "diesel"]].concat());
    assert_eq!(
        project.files("migrations"),
        ["2300-01-01-000000_a/up.sql", "2300-01-01-000001_mine/down.sql", "2300-01-01-000001_mine/up.sql"]
    );
    assert_eq!(
        project.read("migrations/2300-01-01-000001_mine/up.sql"),
        "-- 2300-01-01-000001_mine\nSELECT 2;\n"
    );
    let project = Project::with_git(&[("migrations/V2__a.sql", "SELECT 1;\n")]);
    project.git(&["checkout", "-q", "-b", "feature"]);
    project.write("migrations/V1__mine.sql", "VACUUM;\n");
    project.write("migrations/U1__mine.sql", "SELECT 3;\n");
    project.write("migrations/V1__mine.sql.conf", "executeInTransaction=false\n");
    project.output(&[&RENUMBER[..], &["--layout", "flyway"]].concat());
    assert_eq!(
        project.files("migrations"),
        ["U3__mine.sql", "V2__a.sql", "V3__mine.sql", "V3__mine.sql.conf"]
    );
}

#[test]
fn nothing_is_half_renumbered() {
    let project = diverged();
    // The last file's new name is taken by something that is no migration.
    std::fs::create_dir(project.join("migrations/0004_lines.up.sql")).unwrap();
    let before = project.files("migrations");
    let error = project.error(&RENUMBER, 1);
    assert!(error.contains("0004_lines.up.sql: ") && error.contains("nothing was changed"), "{error}");
    assert_eq!(project.files("migrations"), before);
    assert_eq!(project.git(&["status", "--porcelain"]), "");
}
