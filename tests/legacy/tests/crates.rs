//! Histories that were written by other crates, and are taken over.

use std::path::{Path, PathBuf};

use diesel::Connection as _;
use diesel_migrations::{FileBasedMigrations, MigrationHarness};
use gapless::{Change, Layout, Legacy, MigrationSet, Pattern, Report, Rules, Syntax, Version};
use gapless_tests::cluster::{Database, cluster};
use postgres::Client;

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
    MigrationSet::scan(root, &patterns, Rules::new(Syntax::Postgres, layout))
        .unwrap_or_else(|problems| panic!("{problems}"))
}

fn adopt(set: &MigrationSet, legacy: Legacy, client: &mut Client) -> Result<Report, gapless::Error> {
    set.runner().adopt(legacy).run(client)
}

/// Versions that were taken over, and whether their bytes were proven.
fn taken(report: &Report) -> Vec<(i64, bool)> {
    let adopted = report.changes().iter().map(|change| match change {
        Change::Adopted { version, proven, .. } => (version.number(), proven.is_some()),
        other => panic!("{other}"),
    });
    adopted.collect()
}

fn sqlx_migrate(database: &Database, directory: &Path) -> Result<(), sqlx_core::migrate::MigrateError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        use sqlx::Connection as _;
        let mut connection = sqlx::PgConnection::connect(&database.url()).await.unwrap();
        let migrator = sqlx_core::migrate::Migrator::new(directory).await.unwrap();
        migrator.run(&mut connection).await
    })
}

#[test]
fn sqlx_left_a_history_that_is_proven() {
    let files = [
        ("1_users.up.sql", "CREATE TABLE users (id int);\n"),
        ("1_users.down.sql", "DROP TABLE users;\n"),
        ("20_windows.up.sql", "CREATE TABLE windows (id int);\r\n-- carriage\r\n"),
        ("20_windows.down.sql", "DROP TABLE windows;\r\n"),
        ("21_marked.up.sql", "\u{feff}CREATE TABLE marked (id int);\n"),
        ("21_marked.down.sql", "DROP TABLE marked;\n"),
    ];
    let (root, path) = directory(&files);
    let database = cluster().database();
    // The server takes a byte order mark for a name: sqlx sends it along.
    let written = sqlx_migrate(&database, &path);
    let expected = if written.is_ok() { 3 } else { 2 };
    let mut client = database.connect();
    let set = scan(root.path(), Layout::Native);
    let report = adopt(&set, Legacy::sqlx("_sqlx_migrations"), &mut client).unwrap();
    assert_eq!(taken(&report), [(1, true), (20, true), (21, true)][..expected]);
    assert_eq!(set.runner().run(&mut client).unwrap().round_trips(), 1);
    // With the other line endings on disk it is the same history.
    std::fs::write(path.join("20_windows.up.sql"), "CREATE TABLE windows (id int);\n-- carriage\n").unwrap();
    let set = scan(root.path(), Layout::Native);
    assert_eq!(set.runner().run(&mut client).unwrap().round_trips(), 1);
}

#[test]
fn sqlx_left_another_text() {
    let (root, path) = directory(&[("1_users.sql", "CREATE TABLE users (id int);\n")]);
    let database = cluster().database();
    sqlx_migrate(&database, &path).unwrap();
    std::fs::write(path.join("1_users.sql"), "CREATE TABLE users (id bigint);\n").unwrap();
    let set = scan(root.path(), Layout::Native);
    let mut client = database.connect();
    let error = adopt(&set, Legacy::sqlx("_sqlx_migrations"), &mut client).unwrap_err();
    assert!(error.is_legacy(), "{error}");
    assert!(
        error.to_string().contains("version 1 is not the text that sqlx has applied: migrations/1_users.sql")
    );
    std::fs::write(path.join("1_users.sql"), "CREATE TABLE users (id int);\n").unwrap();
    client.batch_execute("UPDATE _sqlx_migrations SET success = false").unwrap();
    let set = scan(root.path(), Layout::Native);
    let error = adopt(&set, Legacy::sqlx("_sqlx_migrations"), &mut client).unwrap_err();
    assert!(
        error.is_legacy() && error.to_string().contains("failed, according to sqlx's _sqlx_migrations"),
        "{error}"
    );
}

/// sqlx migrates under an advisory lock of its own: while it does, so there is nothing to adopt.
#[test]
fn a_run_waits_for_the_lock_of_sqlx() {
    let (root, path) = directory(&[("1_users.sql", "CREATE TABLE users (id int);\n")]);
    let database = cluster().database();
    sqlx_migrate(&database, &path).unwrap();
    let mut other = database.connect();
    let key = 0x3d32_ad9e_i64 * i64::from(crc32(&database.name));
    other.batch_execute(&format!("SELECT pg_advisory_lock({key})")).unwrap();
    let set = scan(root.path(), Layout::Native);
    let runner = set.runner().adopt(Legacy::sqlx("_sqlx_migrations"));
    let error =
        runner.lock_wait(std::time::Duration::from_millis(300)).run(&mut database.connect()).unwrap_err();
    assert!(error.is_lock_wait(), "{error}");
    other.batch_execute(&format!("SELECT pg_advisory_unlock({key})")).unwrap();
    let report = adopt(&set, Legacy::sqlx("_sqlx_migrations"), &mut database.connect()).unwrap();
    assert_eq!(taken(&report), [(1, true)]);
}

/// Bit by bit, apart from the code under test.
fn crc32(text: &str) -> u32 {
    !text.bytes().fold(!0_u32, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(byte),
            |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 },
        )
    })
}

#[test]
fn refinery_left_a_history_that_is_proven() {
    let files = [
        ("V1__users.sql", "CREATE TABLE users (id int);\n"),
        ("V2__windows.sql", "CREATE TABLE windows (id int);\r\n"),
    ];
    let (root, path) = directory(&files);
    let database = cluster().database();
    let mut client = database.connect();
    let migrations = refinery::load_sql_migrations(&path).unwrap();
    refinery::Runner::new(&migrations).run(&mut client).unwrap();
    let set = scan(root.path(), Layout::Refinery);
    let report = adopt(&set, Legacy::refinery("refinery_schema_history"), &mut client).unwrap();
    assert_eq!(taken(&report), [(1, true), (2, true)]);
    assert_eq!(set.runner().run(&mut client).unwrap().round_trips(), 1);
    // Another text than the one that was applied.
    std::fs::write(path.join("V1__users.sql"), "CREATE TABLE users (id bigint);\n").unwrap();
    client.batch_execute("DROP TABLE applied_migrations, applied_migrations_journal").unwrap();
    let set = scan(root.path(), Layout::Refinery);
    let error = adopt(&set, Legacy::refinery("refinery_schema_history"), &mut client).unwrap_err();
    assert!(error.is_legacy() && error.to_string().contains("migrations/V1__users.sql"), "{error}");
    // Unless that is meant: the new text counts then.
    let runner = set.runner().adopt(Legacy::refinery("refinery_schema_history")).accept(Version::from(1));
    let report = runner.run(&mut client).unwrap();
    assert_eq!(report.changes().len(), 3, "{report}");
    assert_eq!(set.runner().run(&mut client).unwrap().round_trips(), 1);
    let known = "SELECT count(checksum) FROM applied_migrations";
    assert_eq!(client.query_one(known, &[]).unwrap().get::<_, i64>(0), 2);
}

#[test]
fn diesel_left_a_history() {
    let files = [
        ("00000000000000_diesel_initial_setup/up.sql", "CREATE TABLE setup (id int);\n"),
        ("00000000000000_diesel_initial_setup/down.sql", "DROP TABLE setup;\n"),
        ("2020-01-31-120000_users/up.sql", "CREATE TABLE users (id int);\n"),
        ("2020-01-31-120000_users/down.sql", ""),
        ("2020-02-01-120000-0001_index/up.sql", "CREATE INDEX CONCURRENTLY users_id ON users (id);\n"),
        ("2020-02-01-120000-0001_index/down.sql", "DROP INDEX users_id;\n"),
        ("2020-02-01-120000-0001_index/metadata.toml", "run_in_transaction = false\n"),
    ];
    let (root, path) = directory(&files);
    let database = cluster().database();
    let mut connection = diesel::PgConnection::establish(&database.url()).unwrap();
    let migrations = FileBasedMigrations::from_path(&path).unwrap();
    connection.run_pending_migrations(migrations).unwrap();
    let set = scan(root.path(), Layout::Diesel);
    let mut client = database.connect();
    let report = adopt(&set, Legacy::diesel("__diesel_schema_migrations"), &mut client).unwrap();
    assert_eq!(taken(&report), [(0, false), (20_200_131_120_000, false), (202_002_011_200_000_001, false)]);
    // The same tree fills an empty database.
    let report = set.runner().run(&mut cluster().database().connect()).unwrap();
    assert_eq!(report.applied().len(), 3);
}

/// Every column, constraint and index of a table, a line each.
fn form(client: &mut Client, table: &str) -> Vec<String> {
    let lines = "SELECT a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull || ' ' || \
                 coalesce(pg_get_expr(d.adbin, d.adrelid), '') AS line FROM pg_attribute a \
                 LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
                 WHERE a.attrelid = to_regclass($1::text) AND a.attnum > 0 \
                 UNION ALL SELECT conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint \
                 WHERE conrelid = to_regclass($1::text) \
                 UNION ALL SELECT indexdef FROM pg_indexes WHERE tablename = $1 ORDER BY line";
    client.query(lines, &[&table]).unwrap().iter().map(|row| row.get(0)).collect()
}

#[test]
fn tables_are_created_as_the_tools_create_them() {
    let (root, path) = directory(&[("V1__users.sql", "CREATE TABLE users (id int);\n")]);
    let database = cluster().database();
    let mut client = database.connect();
    let migrations = refinery::load_sql_migrations(&path).unwrap();
    refinery::Runner::new(&migrations).run(&mut client).unwrap();
    std::fs::rename(path.join("V1__users.sql"), path.join("1_users.sql")).unwrap();
    client.batch_execute("DROP TABLE users").unwrap();
    sqlx_migrate(&database, &path).unwrap();
    let mut connection = diesel::PgConnection::establish(&database.url()).unwrap();
    let (_folders, folders) = directory(&[("2020-01-31-120000_one/up.sql", "SELECT 1;\n")]);
    connection.run_pending_migrations(FileBasedMigrations::from_path(&folders).unwrap()).unwrap();
    let set = scan(root.path(), Layout::Native);
    for (legacy, table) in [
        (Legacy::refinery as fn(&'static str) -> Legacy, "refinery_schema_history"),
        (Legacy::sqlx, "_sqlx_migrations"),
        (Legacy::diesel, "__diesel_schema_migrations"),
    ] {
        let mut fresh = cluster().database().connect();
        let report = adopt(&set, legacy(table).create_on_fresh_database(), &mut fresh).unwrap();
        assert!(report.created().is_some(), "{report}");
        let theirs = form(&mut client, table);
        assert!(theirs.len() > 3, "{theirs:#?}");
        assert_eq!(form(&mut fresh, table), theirs);
    }
}
