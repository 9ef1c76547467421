//! Commands that were killed while they changed files. `cli/src/binary/files/unfinished/tests.rs` kills one at every step.

mod project;

use crate::project::Project;

/// A directory in which `rename 1 people` was killed when the up file had its new name, and the down file had not.
fn killed() -> Project {
    let project = Project::new();
    project.write("migrations/0001_people.up.sql", "CREATE TABLE users (id integer);\n");
    project.write("migrations/.gapless-7-2", "DROP TABLE users;\n");
    project.write("migrations/0002_orders.up.sql", "CREATE TABLE orders (id integer);\n");
    let at = std::fs::canonicalize(project.join("migrations")).expect("it is there").display().to_string();
    let moved = |part: &str, number: u8| {
        format!(
            r#"{{"from":"{at}/0001_users.{part}.sql","aside":"{at}/.gapless-7-{number}","to":"{at}/0001_people.{part}.sql"}}"#
        )
    };
    let write =
        format!(r#"{{"path":"{at}/renames.txt","before":null,"after":"0001_users -> 0001_people\\n"}}"#);
    let note = format!(
        "{{\"at\":\"{at}\",\"moves\":[{},{}],\"writes\":[{write}]}}\naside\n",
        moved("up", 1),
        moved("down", 2)
    );
    project.write("migrations/.gapless-unfinished", &note);
    project
}

const BEFORE: [&str; 3] = ["0001_users.down.sql", "0001_users.up.sql", "0002_orders.up.sql"];

#[test]
fn every_command_sees_it() {
    let project = killed();
    let left = project.files("migrations");
    let url = "--database-url=sqlite:app.db";
    for command in [&["check"][..], &["up"], &["new", "more"], &["lock", "--yes"], &["baseline", "2"]] {
        let error = project.run(&[command, &[url]].concat()).stderr;
        assert!(
            error.contains(
                "error: a command that changes files was interrupted here\n  migrations/.gapless-7-2\n"
            ) && error.contains("help: run `gapless rename`, `gapless renumber` or `gapless retire` again"),
            "{command:?}: {error}"
        );
    }
    assert_eq!(project.files("migrations"), left);
}

#[test]
fn the_next_command_takes_it_back_and_goes_on() {
    let project = killed();
    let ended = project.run(&["rename", "1", "people"]);
    assert_eq!(ended.code, Some(2), "nobody can answer: {ended:?}");
    assert_eq!(
        ended.stdout,
        "a command was interrupted in migrations. It has made a part of this:\n\
         \x20 rename migrations/0001_users.up.sql -> migrations/0001_people.up.sql\n\
         \x20 rename migrations/0001_users.down.sql -> migrations/0001_people.down.sql\n\
         \x20 write  migrations/renames.txt: the new text\n"
    );
    assert!(project.exists("migrations/.gapless-unfinished"));
    project.output(&["rename", "1", "people", "--yes"]);
    assert_eq!(
        project.files("migrations"),
        ["0001_people.down.sql", "0001_people.up.sql", "0002_orders.up.sql", "renames.txt"]
    );
    assert_eq!(project.read("migrations/0001_people.down.sql"), "DROP TABLE users;\n");
    project.output(&["check"]);
    // Another command takes it back too.
    let project = killed();
    project.output(&["retire", "2", "--why", "x", "--yes"]);
    assert_eq!(
        project.files("migrations"),
        ["0001_users.down.sql", "0001_users.up.sql", "0002_orders.tombstone.sql"]
    );
}

#[test]
fn a_kill_before_the_first_change_and_after_the_last_needs_no_question() {
    let project = Project::new();
    BEFORE.iter().for_each(|name| project.write(&format!("migrations/{name}"), "SELECT 1;\n"));
    project.write("migrations/.gapless-unfinished", "{\"at\":");
    let ended = project.run(&["rename", "1", "people"]);
    assert!(ended.code == Some(2) && ended.stdout.starts_with("rename "), "{ended:?}");
    assert_eq!(project.files("migrations"), BEFORE);
    // It had gone on to the end, and only its note was left.
    let at = std::fs::canonicalize(project.join("migrations")).unwrap().display().to_string();
    let gone = format!(r#"{{"from":"{at}/0003_x.sql","aside":"{at}/.gapless-7-1","to":null}}"#);
    let note = format!("{{\"at\":\"{at}\",\"moves\":[{gone}],\"writes\":[]}}\naside\nmoved\ndone\n");
    project.write("migrations/.gapless-unfinished", &note);
    project.write("migrations/.gapless-7-1", "SELECT 3;\n");
    let ended = project.run(&["rename", "1", "people"]);
    assert!(ended.code == Some(2) && ended.stdout.starts_with("rename "), "{ended:?}");
    assert_eq!(project.files("migrations"), BEFORE);
}

#[test]
fn a_file_under_a_makeshift_name_is_seen_without_the_note() {
    let project = Project::new();
    project.write("migrations/0001_a.sql", "SELECT 1;\n");
    project.write("migrations/.gapless-12-1", "SELECT 2;\n");
    for command in [
        &["check"][..],
        &["rename", "1", "b", "--yes"],
        &["new", "x"],
        &["retire", "1", "--why", "x", "--yes"],
    ] {
        let error = project.error(command, 1);
        assert!(
            error.contains(
                "a command that changes files was interrupted here\n  migrations/.gapless-12-1\nhelp: "
            ),
            "{error}"
        );
    }
    assert_eq!(project.files("migrations"), [".gapless-12-1", "0001_a.sql"]);
}
