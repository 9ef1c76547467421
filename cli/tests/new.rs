//! `new`: the files of a new migration, in every layout and numbering.

mod project;

use gapless::{Layout, MigrationSet, Pattern, Rules, Syntax};

use crate::project::Project;

fn scan(project: &Project, layout: &str) -> MigrationSet {
    let rules = Rules::new(Syntax::default(), Layout::named(layout).expect("it is known"));
    let pattern = Pattern::new("migrations").expect("it is a pattern");
    MigrationSet::scan(project.path(), &[pattern], rules).expect("there is no problem")
}

#[test]
fn the_first_migration_makes_its_directory() {
    let project = Project::new();
    let output = project.output(&["new", "add", "users"]);
    assert_eq!(output, "migrations/0001_add_users.up.sql\n");
    project.output(&["new", "--down", "orders"]);
    assert_eq!(
        project.files("migrations"),
        ["0001_add_users.up.sql", "0002_orders.down.sql", "0002_orders.up.sql"]
    );
}

#[test]
fn numbers_go_on_as_they_are_found() {
    for (layout, found, wanted) in [
        ("native", "0009_x.sql", "0010_new.sql"),
        ("native", "9_x.up.sql", "10_new.up.sql"),
        ("native", "9999_x.sql", "10000_new.sql"),
        ("native", "0005_x.tombstone.sql", "0006_new.up.sql"),
        ("native", "0500_all.baseline.sql", "0501_new.up.sql"),
        ("golang-migrate", "000009_x.up.sql", "000010_new.up.sql"),
        ("goose", "00009_x.sql", "00010_new.sql"),
        ("sql-migrate", "9-x.sql", "10-new.sql"),
        ("refinery", "V9__x.sql", "V10__new.sql"),
        ("flyway", "V009__x.sql", "V010__new.sql"),
        ("tern", "009_x.sql", "010_new.sql"),
        // Far in the future, so that the clock is behind.
        ("native", "23000101235959_x.sql", "23000102000000_new.sql"),
        ("dbmate", "230001012359_x.sql", "230001020000_new.sql"),
        ("native", "23000131_x.sql", "23000201_new.sql"),
    ] {
        let project = Project::new();
        project.write(&format!("migrations/{found}"), "-- migrate:up\n");
        project.output(&["new", "new", "--layout", layout]);
        assert!(
            project.exists(&format!("migrations/{wanted}")),
            "{found}: {:?}",
            project.files("migrations")
        );
    }
    let project = Project::new();
    project.write("migrations/2300-01-01-235959_x/up.sql", "SELECT 1;\n");
    project.output(&["new", "new", "--layout", "diesel", "--down"]);
    assert_eq!(
        project.read("migrations/2300-01-02-000000_new/down.sql"),
        "-- gapless: todo\n-- Write the SQL here that undoes it, and remove these two lines.\n"
    );
}

#[test]
fn numbering_may_be_the_time() {
    let project = Project::new();
    project.write("gapless.toml", "numbering = \"date\"\n");
    project.output(&["new", "users"]);
    project.output(&["new", "orders"]);
    let files = project.files("migrations");
    let versions: Vec<i64> = files.iter().map(|file| file[..14].parse().unwrap()).collect();
    assert!(versions[0] > 20_260_101_000_000 && versions[0] < versions[1], "{files:?}");
    // Dates would turn into numbers of many digits.
    let error = project.error(&["new", "more", "--numbering", "counter"], 2);
    assert!(
        error.contains("the versions are dates, and a counter would go on from the last of them"),
        "{error}"
    );
    assert_eq!(project.files("migrations"), files);
    // The configuration is about the first migration.
    project.write("counted/0009_x.sql", "SELECT 1;\n");
    assert_eq!(project.output(&["new", "more", "--dir", "counted"]), "counted/0010_more.sql\n");
    let output = project.output(&["new", "more", "--dir", "counted", "--numbering", "date"]);
    assert!(output.starts_with("counted/20"), "{output}");
    let other = Project::new();
    other.output(&["new", "users", "--numbering", "date", "--layout", "diesel"]);
    assert_eq!(other.files("migrations")[0].split('_').next().unwrap().len(), "2026-01-31-120000".len());
}

/// Removes the lines that say that the scripts are not written yet.
fn write(project: &Project) {
    for file in project.files("migrations") {
        let text = project.read(&format!("migrations/{file}"));
        let kept = text.lines().filter(|line| *line != "-- gapless: todo");
        project
            .write(&format!("migrations/{file}"), &kept.map(|line| format!("{line}\n")).collect::<String>());
    }
}

#[test]
fn every_kind_of_file_passes_check_in_every_layout_once_it_is_written() {
    for layout in Layout::names() {
        for (options, rust, outside) in [
            (&[][..], false, false),
            (&["--rust"], true, false),
            (&["--no-transaction"], false, true),
            (&["--rust", "--no-transaction"], true, true),
        ] {
            let project = Project::new();
            let arguments = [&["new", "a thing", "--layout", layout], options].concat();
            project.output(&arguments);
            let down = [&arguments[..], &["--down"]].concat();
            if layout == "refinery" {
                assert!(project.error(&down, 2).contains("no down files"));
            } else {
                project.output(&down);
            }
            let scripts = if layout == "refinery" { 1 } else { 3 };
            let error = project.error(&["check", "--layout", layout], 1);
            assert_eq!(
                error.matches("error: the script is not written yet\n").count(),
                scripts,
                "{layout} {options:?}: {error}"
            );
            assert!(error.contains("help: write it, and remove the line `-- gapless: todo`"), "{error}");
            write(&project);
            project.output(&["check", "--layout", layout]);
            let set = scan(&project, layout);
            for migration in set.migrations() {
                assert_eq!(migration.name(), "a_thing");
                assert_eq!(migration.directives().rust(), rust, "{layout} {options:?}");
                assert_eq!(migration.directives().no_transaction(), outside, "{layout} {options:?}");
            }
            if layout != "refinery" {
                assert!(set.migrations()[1].down().is_some(), "{layout}");
            }
        }
    }
}

#[test]
fn an_unwritten_migration_is_never_applied() {
    let project = Project::new();
    project.output(&["new", "users"]);
    let error = project.error(&["up", "--database-url=sqlite:app.db"], 1);
    assert!(
        error.contains(
            "error: the script is not written yet\n --> migrations/0001_users.up.sql:1:1\n  |\n1 | -- gapless: todo\n"
        ),
        "{error}"
    );
    assert!(project.error(&["lock"], 1).contains("the script is not written yet"));
    write(&project);
    project.output(&["up", "--database-url=sqlite:app.db"]);
}

#[test]
fn names_that_cannot_be_are_refused_with_a_reason() {
    let project = Project::new();
    for (name, reason) in [
        (
            "../evil",
            "a name cannot hold '.'\nhelp: use letters, digits, `_` and `-` (ASCII), for example `evil`",
        ),
        ("a/b", "a name cannot hold '/'"),
        ("..", "a name cannot hold '.'"),
        ("naïve", "a name cannot hold 'ï'"),
        ("nul\u{7}", "a name cannot hold '\\u{7}'"),
        ("", "the name is empty"),
        ("__", "the name is empty"),
        ("-- -", "the name is empty"),
        (&"x".repeat(101), "the name has 101 characters"),
    ] {
        let error = project.error(&["new", "--", name], 2);
        assert!(error.contains(reason), "{name}: {error}");
    }
    let error = project.error(&["new", "add-cars", "--layout", "refinery"], 2);
    assert!(error.contains("help: the file could be `V1__add_cars.sql`"), "{error}");
    assert!(!project.exists("evil") && project.files("migrations").is_empty());
}

#[test]
fn a_name_that_reads_as_a_direction_gets_one() {
    let project = Project::new();
    project.write("migrations/0001_x.sql", "SELECT 1;\n");
    project.output(&["new", "scale down"]);
    assert!(project.exists("migrations/0002_scale_down.up.sql"));
    write(&project);
    project.output(&["check"]);
}

#[test]
fn nothing_is_overwritten() {
    let project = Project::new();
    project.write("migrations/V1__x.sql", "SELECT 1;\n");
    std::os::unix::fs::symlink(project.join("nowhere"), project.join("migrations/V2__y.sql.conf")).unwrap();
    let error = project.error(&["new", "y", "--no-transaction", "--layout", "flyway"], 1);
    assert!(error.contains("V2__y.sql.conf: File exists"), "{error}");
    assert_eq!(
        project.files("migrations"),
        ["V1__x.sql", "V2__y.sql.conf"],
        "the file before it is removed again"
    );
}

#[test]
fn a_directory_that_cannot_be_written_to_is_an_error() {
    let project = Project::new();
    project.write("migrations", "a file");
    assert!(project.error(&["new", "x"], 2).contains("`migrations` is a file, not a directory"));
    // A root user writes to directories without permission, but nobody writes to /proc.
    let project = Project::new();
    std::os::unix::fs::symlink("/proc", project.join("migrations")).unwrap();
    let error = project.error(&["new", "x"], 1);
    assert!(error.contains("cannot create"), "{error}");
}

#[test]
fn of_several_directories_one_is_named() {
    let project = Project::new();
    project.write("a/0003_x.sql", "SELECT 1;\n");
    project.write("b/0007_x.sql", "SELECT 1;\n");
    let both = ["--dir", "a", "--dir", "b"];
    let error = project.error(&[&["new", "y"], &both[..]].concat(), 2);
    assert!(
        error.contains("there are several directories: a, b\nhelp: name one of them with --into"),
        "{error}"
    );
    project.output(&[&["new", "y", "--into", "a"], &both[..]].concat());
    assert!(project.exists("a/0008_y.sql"), "numbers are of the set");
    assert!(
        project
            .error(&[&["new", "y", "--into", "c"], &both[..]].concat(), 2)
            .contains("none of the directories")
    );
    project.write("modules/one/sql/0001_x.sql", "SELECT 1;\n");
    project.write("modules/two/sql/0002_x.sql", "SELECT 1;\n");
    project.output(&["new", "z", "--dir", "modules/*/sql", "--into", "modules/one/sql"]);
    assert!(project.exists("modules/one/sql/0003_z.sql"));
}

#[test]
fn versions_of_other_branches_are_left_to_them() {
    let project = Project::with_git(&[("app/migrations/0001_a.sql", "SELECT 1;\n")]);
    project.git(&["checkout", "-q", "-b", "feature"]);
    project.write("app/migrations/0002_feature.sql", "SELECT 2;\n");
    project.commit("feature");
    project.git(&["checkout", "-q", "main"]);
    let ended = project.run(&["new", "mine", "--dir", "app/migrations"]);
    assert_eq!(ended.stderr, "note: 2 is taken on the branch feature\n");
    assert!(project.exists("app/migrations/0003_mine.sql"), "{ended:?}");
}

#[cfg(unix)]
#[test]
fn the_editor_gets_the_files() {
    let project = Project::new();
    let mut command = project.command(&["new", "a", "--down", "--edit"]);
    let ended = command.env("EDITOR", "printf '%s\\n' 'an editor' >edited; echo").output().unwrap();
    assert!(ended.status.success(), "{ended:?}");
    assert_eq!(project.read("edited"), "an editor\n");
    assert!(
        String::from_utf8_lossy(&ended.stdout).ends_with("0001_a.up.sql migrations/0001_a.down.sql\n"),
        "{ended:?}"
    );
    let error = project.error(&["new", "b", "--edit"], 2);
    assert!(error.contains("no editor is named, and nothing was created"), "{error}");
    let ended = project.command(&["new", "c", "--edit"]).env("VISUAL", "false").output().unwrap();
    assert_eq!(ended.status.code(), Some(1));
}

#[test]
fn directories_may_lie_anywhere() {
    let (here, other) = (Project::new(), Project::new());
    let absolute = other.join("sql").display().to_string();
    let arguments = ["new", "a", "--dir", &absolute];
    assert_eq!(here.output(&arguments), format!("{absolute}/0001_a.up.sql\n"));
    other.write("sql/0001_a.up.sql", "SELECT 1;\n");
    here.output(&["check", "--dir", &absolute]);
    let name = other.path().file_name().expect("it has a name").to_string_lossy().into_owned();
    here.output(&["check", "--dir", &format!("../{name}/sql")]);
    here.output(&["up", "--dir", &absolute, "--database-url=sqlite:app.db"]);
    assert!(here.output(&["config", "--dir", &absolute]).contains(&absolute));
}

#[test]
fn the_configuration_may_lie_above() {
    let project = Project::new();
    project.write("gapless.toml", "dir = [\"sql\", \"more\"]\n");
    project.write("sql/0001_a.up.sql", "SELECT 1;\n");
    project.write("more/0002_b.up.sql", "SELECT 1;\n");
    std::fs::create_dir_all(project.join("a/b")).unwrap();
    let run = |arguments: &[&str]| {
        let output = project.command(arguments).current_dir(project.join("a/b")).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let config = ["--config", "../../gapless.toml"];
    assert_eq!(run(&[&["check"], &config[..]].concat()), "2 migrations: no problem found\n");
    let created = run(&[&["new", "c", "--into", "more"], &config[..]].concat());
    assert_eq!(created, "../../more/0003_c.up.sql\n");
    let created = run(&["new", "d", "--dir", "../../more"]);
    assert_eq!(created, "../../more/0004_d.up.sql\n");
}
