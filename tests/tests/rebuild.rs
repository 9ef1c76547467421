//! Rebuilds when a directory of migrations changes: a crate outside of the workspace, built as its owner
//! would build it.

use std::fs;
use std::path::Path;

use gapless_tests::application::Application;
use gapless_tests::cluster::cluster;

const DEPENDENCIES: &str = r#"
[dependencies]
gapless = { path = "../gapless/runtime" }

[build-dependencies]
gapless-build = { path = "../gapless/build" }
"#;

const MAIN: &str = r#"
use gapless::{embed_migrations, MigrationSet};

static MIGRATIONS: MigrationSet = embed_migrations!();

fn main() {
    for migration in MIGRATIONS.migrations() {
        println!("{} {}", migration.name(), migration.sql().trim());
    }
    MIGRATIONS.assert_current();
}
"#;

#[test]
fn edits_always_rebuild_and_additions_do_with_the_build_script() {
    let application = Application::new(Path::new(env!("CARGO_TARGET_TMPDIR")), DEPENDENCIES, MAIN);
    application.write("migrations/1_users.up.sql", "SELECT 1;");
    application.write("migrations/2_windows.sql", "SELECT 2;\r\n");
    let said = application.build();
    assert!(said.contains("warning: use of deprecated"), "{said}");
    assert!(said.contains("cargo does not notice files that are added to `migrations`"), "{said}");
    assert_eq!(application.run(&[]), (vec!["users SELECT 1;".into(), "windows SELECT 2;".into()], true));

    application.write("migrations/3_added.sql", "SELECT 3;");
    application.build();
    let (lines, current) = application.run(&[]);
    assert_eq!((lines.len(), current), (2, false), "an addition is noticed by the check alone");

    application.write("build.rs", "fn main() { gapless_build::track(\"migrations\"); }");
    let said = application.build();
    assert!(!said.contains("warning"), "{said}");
    assert_eq!(application.run(&[]).0[2..], ["added SELECT 3;"]);

    application.write("migrations/4_more.sql", "SELECT 4;");
    application.build();
    assert_eq!(application.run(&[]).0[3..], ["more SELECT 4;"]);

    application.write("migrations/1_users.up.sql", "SELECT 'one';");
    application.write("migrations/2_windows.sql", "SELECT 'two';\r\n");
    application.build();
    assert_eq!(application.run(&[]).0[..2], ["users SELECT 'one';", "windows SELECT 'two';"]);

    fs::rename(application.path("migrations/3_added.sql"), application.path("migrations/3_renamed.sql"))
        .unwrap();
    fs::remove_file(application.path("migrations/4_more.sql")).unwrap();
    application.build();
    let (lines, current) = application.run(&[]);
    assert_eq!((lines[2..].to_vec(), current), (vec!["renamed SELECT 3;".to_owned()], true));

    let said = application.build();
    assert!(!said.contains("Compiling"), "nothing changed, and yet: {said}");
    assert_no_path_of_this_machine(&application);
}

#[test]
fn a_lock_is_written_by_one_command_and_then_holds() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("locked");
    let application = Application::new(&target, DEPENDENCIES, MAIN);
    application.write("build.rs", "fn main() { gapless_build::track(\"migrations\"); }");
    application.write("migrations/1_users.up.sql", "SELECT 1;\n");
    application.build();
    let lock = application.path("migrations/migrations.lock");
    assert!(!lock.exists());
    let write = || application.try_build(&[("GAPLESS_LOCK", "write")]);
    write().unwrap();
    assert!(fs::read_to_string(&lock).unwrap().ends_with("  1_users.up.sql\n"));
    application.build();

    // An addition and an edit are refused until the lock is written anew.
    application.write("migrations/2_orders.sql", "SELECT 2;\n");
    let said = application.try_build(&[]).unwrap_err();
    assert!(
        said.contains("not listed in migrations.lock") && said.contains("migrations/2_orders.sql"),
        "{said}"
    );
    write().unwrap();
    application.build();
    application.write("migrations/1_users.up.sql", "SELECT 'one';\n");
    let said = application.try_build(&[]).unwrap_err();
    assert!(said.contains("edited since migrations.lock was written"), "{said}");
    // So is a lock that was edited, although no migration was.
    application.write("migrations/1_users.up.sql", "SELECT 1;\n");
    application.build();
    fs::write(&lock, fs::read_to_string(&lock).unwrap().replace("1_users", "0_users")).unwrap();
    assert!(application.try_build(&[]).is_err());
}

fn assert_no_path_of_this_machine(application: &Application) {
    let program = fs::read(application.program()).expect("the program is there");
    let directory = application.path("migrations");
    let directory = directory.to_str().expect("a path of letters").as_bytes();
    assert!(
        !program.windows(directory.len()).any(|window| window == directory),
        "the path is in the program"
    );
    let relative = b"migrations/1_users.up.sql";
    assert!(
        program.windows(relative.len()).any(|window| window == relative),
        "the search finds nothing at all"
    );
}

/// The code blocks of the README in this language.
fn blocks(language: &str) -> Vec<String> {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md")).unwrap();
    // Blocks of a list are indented.
    let readme: String =
        readme.lines().map(|line| format!("{}\n", line.strip_prefix("   ").unwrap_or(line))).collect();
    let fence = format!("```{language}\n");
    readme.split(&fence).skip(1).map(|part| part.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn the_program_of_the_readme_brings_forty_migrations_to_postgres() {
    let (programs, dependencies) = (blocks("rust"), blocks("toml"));
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("readme");
    let application = Application::new(&target, &dependencies[0], &programs[0]);
    application.write("build.rs", &programs[1]);
    for number in 1..=40 {
        let sql = format!("CREATE TABLE t{number} (id bigint PRIMARY KEY);\n");
        application.write(&format!("migrations/{number:04}_table_{number}.up.sql"), &sql);
        application.write(
            &format!("migrations/{number:04}_table_{number}.down.sql"),
            &format!("DROP TABLE t{number};\n"),
        );
    }
    let said = application.build();
    assert!(!said.contains("warning"), "{said}");
    let url = cluster().database().url();
    let (first, ok) = application.run(&[("DATABASE_URL", &url)]);
    assert!(ok && first[0].starts_with("40 applied, 0 were already (3 round trips, "), "{first:#?}");
    let (second, ok) = application.run(&[("DATABASE_URL", &url)]);
    assert!(
        ok && second[0].starts_with("nothing to do: all 40 migrations are applied (1 round trip, "),
        "{second:#?}"
    );
}
