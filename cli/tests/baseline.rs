//! `baseline`, `completions` and `man`.

mod project;

use std::sync::{Mutex, PoisonError};

use gapless_tests::cluster::{Database, cluster};

use crate::project::Project;

/// Migrations with much of what a schema can have.
fn project() -> Project {
    let project = Project::new();
    project.write(
        "migrations/0001_customers.up.sql",
        "CREATE SCHEMA sales;\n\
         CREATE TABLE sales.customers (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL CHECK (name <> ';'));\n\
         COMMENT ON TABLE sales.customers IS 'It''s -- all';\n",
    );
    project.write(
        "migrations/0002_orders.up.sql",
        "CREATE TYPE mood AS ENUM ('sad', 'happy');\n\
         CREATE TABLE orders (id serial PRIMARY KEY, customer bigint REFERENCES sales.customers, mood mood DEFAULT 'happy');\n\
         CREATE INDEX ON orders (customer) WHERE mood = 'sad';\n\
         CREATE VIEW happy AS SELECT * FROM orders WHERE mood = 'happy';\n\
         INSERT INTO sales.customers (name) VALUES ('first');\n",
    );
    project.write(
        "migrations/0003_totals.up.sql",
        "-- gapless: no-transaction\n\
         CREATE FUNCTION count_orders() RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM public.orders; $$;\n\
         CREATE INDEX CONCURRENTLY orders_mood ON orders (mood);\n",
    );
    project.write("migrations/0004_later.up.sql", "CREATE TABLE later (id int);\n");
    project
}

/// The throwaway databases of one test at a time are counted.
static ALONE: Mutex<()> = Mutex::new(());

fn scratch(database: &Database) -> i64 {
    let count = "SELECT count(*) FROM pg_database WHERE datname LIKE 'gapless_scratch%'";
    database.connect().query_one(count, &[]).expect("it answers").get(0)
}

#[test]
fn a_baseline_of_postgres_is_written_and_proven() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let (project, database) = (project(), cluster().database());
    let url = format!("--database-url={}", database.url());
    let output = project.output(&["baseline", "3", "all", &url]);
    assert!(output.contains("proven: "), "{output}");
    assert!(output.contains("migrations/0003_all.baseline.sql\n"), "{output}");
    assert!(output.contains("these tables have rows, which the baseline lacks: sales.customers"), "{output}");
    let text = project.read("migrations/0003_all.baseline.sql");
    assert!(
        text.starts_with(
            "-- Stands for versions up to 3 on an empty database. Written by gapless baseline with pg_dump "
        ),
        "{text}"
    );
    for absent in ["applied_migrations", "SET default", "SET client", "set_config", "OWNER", "\\restrict"] {
        assert!(!text.contains(absent), "{absent}: {text}");
    }
    project.output(&["check", "--dialect", "postgres"]);
    // The database of the URL is left alone, and the throwaway ones are gone.
    assert_eq!(scratch(&database), 0);
    let tables = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace";
    let count: i64 = database.connect().query_one(tables, &[]).unwrap().get(0);
    assert_eq!(count, 0);
    // A new database begins there, even without the files that it stands for.
    for version in ["0001_customers", "0002_orders", "0003_totals"] {
        std::fs::remove_file(project.join(&format!("migrations/{version}.up.sql"))).unwrap();
    }
    project.output(&["up", &url]);
    project.output(&["verify", &url]);
    assert_eq!(database.connect().query_one("SELECT count_orders()", &[]).unwrap().get::<_, i64>(0), 0);
    let error = project.error(&["baseline", "4", "again", &url], 2);
    assert!(error.contains("the set has a baseline already: migrations/0003_all.baseline.sql"), "{error}");
}

#[test]
fn what_keeps_a_baseline_from_being_written_is_said() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let (project, database) = (project(), cluster().database());
    let url = format!("--database-url={}", database.url());
    assert!(project.error(&["baseline", "9", &url], 2).contains("version 9 is no migration of this set"));
    assert!(project.error(&["baseline", "3"], 2).contains("no database is named"));
    assert!(project.error(&["baseline", "3", "../x", &url], 2).contains("a name cannot hold"));
    let error = project.error(&["baseline", "3", "--pg-dump", "/nowhere/pg_dump", &url], 1);
    assert!(error.contains("cannot start /nowhere/pg_dump"), "{error}");
    let error = project.error(&["baseline", "3", "--pg-dump", "false", &url], 1);
    assert!(error.contains("pg_dump failed"), "{error}");
    database
        .connect()
        .batch_execute("DO $$ BEGIN CREATE ROLE plain LOGIN; EXCEPTION WHEN duplicate_object THEN END $$")
        .unwrap();
    let plain = url.replace("postgres://postgres@", "postgres://plain@");
    let error = project.error(&["baseline", "3", &plain], 1);
    assert!(error.contains("the role may not create databases") && error.contains("CREATEDB"), "{error}");
    project.write("migrations/0002_orders.up.sql", "SELECT broken;\n");
    assert!(project.error(&["baseline", "3", &url], 1).contains("broken"));
    project.write("migrations/0002_orders.up.sql", "");
    assert!(project.error(&["baseline", "3", &url], 1).contains("the file is empty"));
    assert_eq!(scratch(&database), 0);
    assert!(project.files("migrations").iter().all(|file| !file.contains("baseline")));
}

#[cfg(unix)]
#[test]
fn a_schema_that_differs_is_not_written_unless_it_is_asked_for() {
    use std::os::unix::fs::PermissionsExt;

    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let (project, database) = (project(), cluster().database());
    let url = format!("--database-url={}", database.url());
    // A dump that loses a view.
    let real = gapless_tests::cluster::programs().join("pg_dump");
    let script = format!("#!/bin/sh\nexec {} --exclude-table=public.happy \"$@\"\n", real.display());
    project.write("lossy", &script);
    std::fs::set_permissions(project.join("lossy"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let error = project.error(&["baseline", "3", "all", "--pg-dump", "./lossy", &url], 1);
    assert!(error.contains("happy") && error.contains("nothing was written"), "{error}");
    assert!(!project.exists("migrations/0003_all.baseline.sql"));
    let ended = project.run(&["baseline", "3", "all", "--pg-dump", "./lossy", "--unproven", &url]);
    assert!(
        ended.code == Some(0) && ended.stderr.contains("warning: ") && !ended.stdout.contains("proven"),
        "{ended:?}"
    );
    assert!(project.exists("migrations/0003_all.baseline.sql"));
    assert_eq!(scratch(&database), 0);
}

#[test]
fn a_baseline_of_sqlite_is_written_and_proven() {
    let project = Project::new();
    project.write(
        "migrations/1_a.up.sql",
        "CREATE TABLE a (id integer PRIMARY KEY AUTOINCREMENT, name text);\nCREATE INDEX a_name ON a (name);\n\
         INSERT INTO a (name) VALUES ('x');\n",
    );
    project.write(
        "migrations/2_b.up.sql",
        "CREATE TABLE log (line text);\n\
         CREATE TRIGGER a_log AFTER INSERT ON a BEGIN INSERT INTO log VALUES ('a;b'); END;\n\
         CREATE VIEW v AS SELECT name FROM a;\nALTER TABLE log ADD COLUMN at text;\n",
    );
    project.output(&["lock"]);
    let url = "--database-url=sqlite:app.db";
    let output = project.output(&["baseline", "2", url]);
    assert!(output.contains("proven: ") && output.contains("which the baseline lacks: a;"), "{output}");
    assert!(!project.exists("app.db"));
    let text = project.read("migrations/2_baseline.baseline.sql");
    assert!(text.contains("CREATE TRIGGER a_log") && !text.contains("applied_migrations"), "{text}");
    // The lock has taken the new file along.
    assert!(project.read("migrations/migrations.lock").contains("2_baseline.baseline.sql"));
    project.output(&["check", url]);
    project.output(&["up", url]);
    project.output(&["verify", url]);
}

#[test]
fn shells_and_manuals_know_the_commands() {
    let project = Project::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = project.output(&["completions", shell]);
        assert!(script.contains("renumber") && script.contains("database-url"), "{shell}");
    }
    assert!(project.output(&["man"]).contains(".TH gapless 1"));
    project.output(&["man", "--out", "pages"]);
    assert!(
        project.exists("pages/gapless.1") && project.exists("pages/gapless-renumber.1"),
        "{:?}",
        project.files("pages")
    );
    assert_eq!(project.run(&["completions", "tcsh"]).code, Some(2));
}
