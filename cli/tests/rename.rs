//! `rename` and `retire`: changes of files that databases have applied.

mod project;

use crate::project::Project;

fn project() -> Project {
    let project = Project::new();
    project.write("migrations/0001_users.up.sql", "CREATE TABLE users (id integer);\n");
    project.write("migrations/0001_users.down.sql", "DROP TABLE users;\n");
    project.write("migrations/0002_orders.up.sql", "CREATE TABLE orders (id integer);\n");
    project
}

#[test]
fn a_renamed_migration_is_the_same_to_the_database() {
    let project = project();
    let url = "--database-url=sqlite:app.db";
    project.output(&["up", url]);
    project.output(&["lock"]);
    let shown = project.output(&["rename", "1", "people", "--yes"]);
    assert_eq!(
        shown,
        "rename migrations/0001_users.down.sql -> migrations/0001_people.down.sql\n\
         rename migrations/0001_users.up.sql -> migrations/0001_people.up.sql\n\
         write  migrations/renames.txt: 0001_users -> 0001_people\n\
         write  migrations/migrations.lock: the new names and texts\n"
    );
    project.output(&["lock", "--check"]);
    project.output(&["rename", "0002_orders", "0005_purchases.up.sql", "--yes"]);
    assert!(project.exists("migrations/0005_purchases.up.sql"));
    let plan = project.run(&["plan", url]);
    assert!(
        plan.code == Some(3) && plan.stdout.contains("record 2 orders as 5 purchases: renamed"),
        "{plan:?}"
    );
    project.output(&["up", url]);
    project.output(&["verify", url]);
    // And back again.
    project.output(&["rename", "migrations/0005_purchases.up.sql", "0002_orders", "--yes"]);
    assert_eq!(
        project.read("migrations/renames.txt"),
        "0001_users -> 0001_people\n0005_purchases -> 0002_orders\n"
    );
    project.output(&["up", url]);
    project.output(&["verify", url]);
}

#[test]
fn renames_that_cannot_be_are_refused() {
    let project = project();
    let before = project.files("migrations");
    for (old, new, reason) in [
        ("9", "x", "`9` is no migration of migrations"),
        ("1", "0002_x", "version 2 is taken by migrations/0002_orders.up.sql"),
        ("1", "0001_users", "has that name already"),
        ("1", "../x", "a name cannot hold"),
        ("1", "a/b", "a name cannot hold"),
        ("1", "99999999999999999999_x", "cannot be the name of a migration"),
        ("1", "", "the name is empty"),
        (
            "1",
            "4",
            "`4` is a version without a name\nhelp: to give the migration this version, write `4_users`",
        ),
        ("1", "20260131120000", "is a version without a name"),
        ("1", "0004.up.sql", "is a version without a name"),
    ] {
        let error = project.error(&["rename", old, new, "--yes"], 2);
        assert!(error.contains(reason), "{old} {new}: {error}");
    }
    assert!(project.error(&["rename", "1", "x"], 2).contains("give --yes"));
    assert_eq!(project.files("migrations"), before);
    // The case alone.
    project.output(&["rename", "1", "Users", "--yes"]);
    assert!(
        project.exists("migrations/0001_Users.up.sql") && !project.exists("migrations/0001_users.up.sql")
    );
    project.output(&["check"]);
}

#[test]
fn every_layout_keeps_its_form() {
    for (layout, old, new, wanted) in [
        ("flyway", "V1__a.sql", "b", "V1__b.sql"),
        ("flyway", "V1__a.sql", "V2__b", "V2__b.sql"),
        ("flyway", "V1__a.sql", "2_b", "V2__b.sql"),
        ("sql-migrate", "1-a.sql", "b", "1-b.sql"),
        ("sql-migrate", "1.sql", "b", "1-b.sql"),
        ("goose", "00001_a.sql", "00002_b.sql", "00002_b.sql"),
        ("dbmate", "1_a b.sql", "c", "1_c.sql"),
    ] {
        let project = Project::new();
        project.write(
            &format!("migrations/{old}"),
            "-- +goose Up\n-- +migrate Up\n-- migrate:up\n-- migrate:down\n",
        );
        project.output(&["rename", "1", new, "--yes", "--layout", layout]);
        assert!(
            project.exists(&format!("migrations/{wanted}")),
            "{layout}: {:?}",
            project.files("migrations")
        );
    }
}

#[test]
fn a_retired_migration_leaves_its_reason() {
    let project = project();
    let url = "--database-url=sqlite:app.db";
    project.output(&["up", url]);
    project.output(&["lock"]);
    assert!(project.error(&["retire", "1", "--why", " ", "--yes"], 2).contains("the reason is empty"));
    project.output(&["retire", "1", "--why", "Users live in the directory service.\nSince spring.", "--yes"]);
    assert_eq!(
        project.read("migrations/0001_users.tombstone.sql"),
        "-- Users live in the directory service.\n-- Since spring.\n"
    );
    assert_eq!(
        project.files("migrations"),
        ["0001_users.tombstone.sql", "0002_orders.up.sql", "migrations.lock"]
    );
    project.output(&["lock", "--check"]);
    project.output(&["verify", url]);
    assert!(project.error(&["retire", "1", "--why", "x", "--yes"], 2).contains("is a tombstone already"));
    // In the layout of another tool.
    let project = Project::new();
    project.write("migrations/2024-01-31-120000_a/up.sql", "SELECT 1;\n");
    project.output(&["retire", "20240131120000", "--why", "x", "--yes", "--layout", "diesel"]);
    assert_eq!(project.files("migrations"), ["2024-01-31-120000_a.tombstone.sql"]);
    project.output(&["check", "--layout", "diesel"]);
}

#[test]
fn a_retired_migration_of_diesel_takes_no_other_file_along() {
    let project = Project::new();
    project.write("migrations/1_a/up.sql", "SELECT 1;\n");
    project.write("migrations/1_a/backfill.py", "pass\n");
    let arguments = ["--layout", "diesel", "retire", "1", "--why", "x", "--yes"];
    let error = project.error(&arguments, 1);
    assert!(error.contains("1_a/backfill.py is not a part of the migration"), "{error}");
    assert!(project.exists("migrations/1_a/up.sql"));
}

#[test]
fn a_former_name_of_another_migration_is_not_given_away() {
    let project = project();
    project.output(&["rename", "1", "people", "--yes"]);
    project.output(&["rename", "1", "persons", "--yes"]);
    let before = project.read("migrations/renames.txt");
    let error = project.error(&["rename", "2", "0001_users", "--yes"], 2);
    assert!(error.contains("version 1 is taken by migrations/0001_persons.up.sql"), "{error}");
    project.output(&["rename", "1", "0007_persons", "--yes"]);
    let error = project.error(&["rename", "2", "1_users", "--yes"], 2);
    assert!(
        error.contains(
            "`1_users` is a former name of `0007_persons`, as renames.txt says\nhelp: choose another name"
        ),
        "{error}"
    );
    assert_eq!(project.read("migrations/renames.txt"), format!("{before}0001_persons -> 0007_persons\n"));
    // Its own former names are free.
    project.output(&["rename", "7", "0001_users", "--yes"]);
    assert_eq!(
        project.read("migrations/renames.txt"),
        "0001_people -> 0001_persons\n0001_persons -> 0007_persons\n0007_persons -> 0001_users\n"
    );
    project.output(&["check"]);
}

#[test]
fn a_former_name_may_stand_in_another_directory() {
    let project = Project::new();
    project.write("a/0001_a.sql", "SELECT 1;\n");
    project.write("b/0002_b.sql", "SELECT 1;\n");
    project.write("b/renames.txt", "0001_first -> 0001_a\n0002_first -> 0002_b\n");
    let directories = ["--dir", "a", "--dir", "b", "--yes"];
    let error = project.error(&[&["rename", "1", "0002_first"], &directories[..]].concat(), 2);
    assert!(error.contains("is taken by"), "{error}");
    project.output(&[&["rename", "1", "first"], &directories[..]].concat());
    assert_eq!(project.read("a/renames.txt"), "0001_a -> 0001_first\n");
    assert_eq!(project.read("b/renames.txt"), "0002_first -> 0002_b\n");
    project.output(&["check", "--dir", "a", "--dir", "b"]);
}

#[test]
fn files_beside_the_migrations_that_cannot_be_read_are_left_alone() {
    let project = project();
    project.write("migrations/renames.txt", "0009_a -> 0001_users\n<<<<<<< HEAD\n");
    let error = project.error(&["rename", "1", "people", "--yes"], 1);
    assert!(
        error.contains("migrations/renames.txt:2: `<<<<<<< HEAD` is not a rename\nhelp: write"),
        "{error}"
    );
    std::fs::remove_file(project.join("migrations/renames.txt")).unwrap();
    let lock = "<<<<<<< HEAD\n>>>>>>> main\n";
    project.write("migrations/migrations.lock", lock);
    let error = project.error(&["rename", "1", "people", "--yes"], 1);
    assert!(
        error.contains(
            "is not a checksum and a file name: <<<<<<< HEAD\nhelp: write it anew first, with `gapless lock`"
        ),
        "{error}"
    );
    assert_eq!(project.read("migrations/migrations.lock"), lock);
    assert!(project.exists("migrations/0001_users.up.sql"));
}

#[test]
fn a_reason_that_reads_as_an_instruction_is_refused() {
    let project = project();
    for (layout, why) in [
        ("native", "gapless: rust"),
        ("native", "It was\ngapless: no-transaction"),
        ("native", "gapless: nonsense"),
        ("native", "gapless: allow ban-drop-table: x"),
        ("native", "no-transaction"),
        ("native", "+goose Down"),
    ] {
        let error = project.error(&["retire", "1", "--why", why, "--yes", "--layout", layout], 2);
        assert!(error.contains("the reason would be read as an instruction"), "{why}: {error}");
    }
    assert!(project.exists("migrations/0001_users.up.sql"));
    project.write("tern/001_a.sql", "SELECT 1;\n");
    let tern = ["retire", "1", "--why", "see {{ .x }}", "--yes", "--layout", "tern", "--dir", "tern"];
    assert!(project.error(&tern, 2).contains("would be read as an instruction: `{{ .x }}`"));
    project.output(&["retire", "1", "--why", "gapless knows it; no-transaction was wrong", "--yes"]);
    project.output(&["check"]);
}
