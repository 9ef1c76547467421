//! Histories that other crates and programs have written on MariaDB, and are taken over.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use diesel::Connection as _;
use diesel_migrations::{FileBasedMigrations, MigrationHarness};
use gapless::{Change, Layout, Legacy, MigrationSet, Pattern, Report, Rules, Syntax};
use gapless_tests::mysql_server::{Database, server};
use mysql::Conn;
use mysql::prelude::Queryable;

/// A directory with these files below `migrations`.
fn directory(files: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
    let root = tempfile::tempdir().unwrap();
    let migrations = root.path().join("migrations");
    for (file, text) in files {
        let path = migrations.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    (root, migrations)
}

fn scan(root: &Path, layout: Layout) -> MigrationSet {
    let patterns = [Pattern::new("migrations").unwrap()];
    MigrationSet::scan(root, &patterns, Rules::new(Syntax::Mysql, layout))
        .unwrap_or_else(|problems| panic!("{problems}"))
}

/// Adopts, boots once more in one round trip, and compares the tool's table with one that is created on a fresh
/// database. Returns the versions that were taken over, and whether their bytes were proven.
fn adopt(set: &MigrationSet, legacy: &Legacy, database: &Database, table: &str) -> Vec<(i64, bool)> {
    let mut client = database.connect();
    let runner = || set.runner().adopt(legacy.clone());
    let report: Report = runner().run(&mut client).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(report.applied().len(), 0, "{report}");
    assert_eq!(runner().run(&mut client).unwrap().round_trips(), 1);
    let mut fresh = server().database().connect();
    let created = set.runner().adopt(legacy.clone().create_on_fresh_database()).run(&mut fresh).unwrap();
    assert!(created.created().is_some(), "{created}");
    assert_eq!(form(&mut fresh, table), form(&mut client, table));
    let adopted = report.changes().iter().map(|change| match change {
        Change::Adopted { version, proven, .. } => (version.number(), proven.is_some()),
        other => panic!("{other}"),
    });
    adopted.collect()
}

fn form(client: &mut Conn, table: &str) -> String {
    let (_, made): (String, String) =
        client.query_first(format!("SHOW CREATE TABLE {table}")).unwrap().unwrap();
    made
}

fn sqlx_migrate(database: &Database, directory: &Path) -> Result<(), sqlx_core::migrate::MigrateError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        use sqlx::Connection as _;
        let mut connection = sqlx::MySqlConnection::connect(&database.url()).await.unwrap();
        let migrator = sqlx_core::migrate::Migrator::new(directory).await.unwrap();
        migrator.run(&mut connection).await
    })
}

#[test]
fn sqlx_left_a_history_that_is_proven() {
    let files = [
        ("1_users.up.sql", "CREATE TABLE users (id int);\nCREATE TABLE more (id int);\n"),
        ("1_users.down.sql", "DROP TABLE users;\n"),
        ("20_windows.up.sql", "CREATE TABLE windows (id int);\r\n-- carriage\r\n"),
        ("20_windows.down.sql", "DROP TABLE windows;\r\n"),
    ];
    let (root, path) = directory(&files);
    let database = server().database();
    sqlx_migrate(&database, &path).unwrap();
    let set = scan(root.path(), Layout::Native);
    let taken = adopt(&set, &Legacy::sqlx("_sqlx_migrations"), &database, "_sqlx_migrations");
    assert_eq!(taken, [(1, true), (20, true)]);
}

/// A migration that fails after its first statement stays behind, marked as failed: DDL has committed it.
#[test]
fn sqlx_left_a_failure() {
    let (root, path) =
        directory(&[("1_users.sql", "CREATE TABLE users (id int);\nINSERT INTO nowhere VALUES (1);\n")]);
    let database = server().database();
    sqlx_migrate(&database, &path).unwrap_err();
    let set = scan(root.path(), Layout::Native);
    let error =
        set.runner().adopt(Legacy::sqlx("_sqlx_migrations")).run(&mut database.connect()).unwrap_err();
    let told = "`1_users` failed, according to sqlx's _sqlx_migrations";
    assert!(error.is_legacy() && error.to_string().contains(told), "{error}");
}

/// An old replica of sqlx that boots at the same moment. On MariaDB it has no lock, because `GET_LOCK(?, -1)` returns
/// NULL there: only its open transaction tells.
#[test]
fn a_run_waits_for_sqlx_at_work() {
    let (root, path) = directory(&[
        ("1_users.sql", "CREATE TABLE users (id int);\n"),
        ("2_long.sql", "INSERT INTO users SELECT SLEEP(1);\n"),
    ]);
    let database = server().database();
    let (_first, first) = directory(&[("1_users.sql", "CREATE TABLE users (id int);\n")]);
    sqlx_migrate(&database, &first).unwrap();
    let set = scan(root.path(), Layout::Native);
    std::thread::scope(|scope| {
        let tool = scope.spawn(|| sqlx_migrate(&database, &path).unwrap());
        std::thread::sleep(std::time::Duration::from_millis(400));
        let runner = set.runner().adopt(Legacy::sqlx("_sqlx_migrations"));
        let report = runner.run(&mut database.connect()).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((report.changes().len(), report.applied().len()), (2, 0), "{report}");
        assert!(report.waits() > 0, "{report}");
        tool.join().unwrap();
    });
}

#[test]
fn refinery_left_a_history_that_is_proven() {
    let files = [
        ("V1__users.sql", "CREATE TABLE users (id int);\n"),
        ("V2__windows.sql", "CREATE TABLE windows (id int);\r\n"),
    ];
    let (root, path) = directory(&files);
    let database = server().database();
    let migrations = refinery::load_sql_migrations(&path).unwrap();
    refinery::Runner::new(&migrations).run(&mut database.connect()).unwrap();
    let set = scan(root.path(), Layout::Refinery);
    let table = "refinery_schema_history";
    assert_eq!(adopt(&set, &Legacy::refinery(table), &database, table), [(1, true), (2, true)]);
}

#[test]
fn diesel_left_a_history() {
    let files = [
        ("2020-01-31-120000_users/up.sql", "CREATE TABLE users (id int);\n"),
        ("2020-01-31-120000_users/down.sql", "DROP TABLE users;\n"),
        ("2020-02-01-120000-0001_more/up.sql", "CREATE TABLE more (id int);\nINSERT INTO more VALUES (1);\n"),
        ("2020-02-01-120000-0001_more/down.sql", "DROP TABLE more;\n"),
    ];
    let (root, path) = directory(&files);
    let database = server().database();
    let mut connection = diesel::MysqlConnection::establish(&database.url()).unwrap();
    connection.run_pending_migrations(FileBasedMigrations::from_path(&path).unwrap()).unwrap();
    let set = scan(root.path(), Layout::Diesel);
    let table = "__diesel_schema_migrations";
    let taken = adopt(&set, &Legacy::diesel(table), &database, table);
    assert_eq!(taken, [(20_200_131_120_000, false), (202_002_011_200_000_001, false)]);
}

/// Runs a program that may be missing; returns false if it is.
fn runs(program: &str, arguments: &[&str], directory: &Path) -> bool {
    let output = match Command::new(program).args(arguments).current_dir(directory).output() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            // Past the capture of the tests' output.
            let said = format!("SKIPPED: {program} is not here\n");
            std::io::stderr().write_all(said.as_bytes()).unwrap();
            return false;
        }
        output => output.unwrap(),
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    true
}

/// The program that Debian's package `sql-migrate` holds.
#[test]
fn sql_migrate_left_a_history() {
    let files = [
        (
            "20240131120000-users.sql",
            "-- +migrate Up\nCREATE TABLE users (id int);\n-- +migrate Down\nDROP TABLE users;\n",
        ),
        (
            "20240201120000-fill.sql",
            "-- +migrate Up\n-- +migrate StatementBegin\nCREATE PROCEDURE fill() BEGIN INSERT INTO users VALUES (1); \
             INSERT INTO users VALUES (2); END;\n-- +migrate StatementEnd\nCALL fill();\n\
             -- -- +migrate Down\n-- +migrate Down\nDROP PROCEDURE fill;\n",
        ),
    ];
    let (root, _) = directory(&files);
    let database = server().database();
    let source = format!("root@tcp(127.0.0.1:{})/{}?parseTime=true", database.port, database.name);
    let config = format!("development:\n  dialect: mysql\n  datasource: {source}\n  dir: migrations\n");
    std::fs::write(root.path().join("dbconfig.yml"), config).unwrap();
    if runs("sql-migrate", &["up"], root.path()) {
        let set = scan(root.path(), Layout::SqlMigrate);
        let taken = adopt(&set, &Legacy::sql_migrate("gorp_migrations"), &database, "gorp_migrations");
        assert_eq!(taken, [(20_240_131_120_000, false), (20_240_201_120_000, false)]);
        // The old release still boots.
        assert!(runs("sql-migrate", &["up"], root.path()));
    }
}

/// The program that the npm package `dbmate` holds.
#[test]
fn dbmate_left_a_history() {
    let text = "-- migrate:up\nCREATE TABLE users (id int);\n-- migrate:down\nDROP TABLE users;\n";
    let (root, _) = directory(&[("20240131120000_users.sql", text)]);
    let database = server().database();
    let url = database.url();
    let up = ["--url", &url, "--migrations-dir", "migrations", "--no-dump-schema", "up"];
    if runs("dbmate", &up, root.path()) {
        let set = scan(root.path(), Layout::Dbmate);
        let taken = adopt(&set, &Legacy::dbmate("schema_migrations"), &database, "schema_migrations");
        assert_eq!(taken, [(20_240_131_120_000, false)]);
        assert!(runs("dbmate", &up, root.path()));
    }
}
