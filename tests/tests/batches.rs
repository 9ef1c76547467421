//! Many migrations in one message: the tracker at its head, prepared statements, and failures.

use gapless::engine::{Dialect, Position, ResultSet};
use gapless::{Connection, Error, ExchangeError, Locking, MigrationSet, Report};
use gapless_tests::cluster::cluster;
use gapless_tests::set::{set, tables};
use postgres::Client;

/// A table for each number up to the last, but for these scripts.
fn many(last: usize, others: &[(usize, &str)]) -> MigrationSet {
    let script = |number: usize| {
        let other = others.iter().find(|(at, _)| *at == number);
        other.map_or_else(|| format!("CREATE TABLE t{number} (id int)"), |(_, sql)| (*sql).to_owned())
    };
    let files: Vec<_> = (1..=last).map(|number| (format!("{number}_t.sql"), script(number))).collect();
    set(&files.iter().map(|(file, sql)| (file.as_str(), sql.as_str())).collect::<Vec<_>>())
}

fn run(set: &MigrationSet, client: &mut Client) -> Result<Report, Error> {
    set.runner().run(client)
}

fn count(client: &mut Client, from: &str) -> i64 {
    client.query_one(&format!("SELECT count(*) FROM {from}"), &[]).unwrap().get(0)
}

/// Returns the statements that a session has prepared in SQL.
const PREPARED: &str = "pg_prepared_statements WHERE from_sql";

#[test]
fn the_first_message_brings_the_tracker() {
    let mut client = cluster().database().connect();
    let report = run(&tables(30), &mut client).unwrap();
    assert_eq!((report.applied().len(), report.round_trips()), (30, 3));
    assert!(report.applied().iter().all(|one| one.duration().is_some()), "{report}");
    let journal =
        "applied_migrations_journal WHERE event = 'applied' AND duration_ms >= 0 AND name LIKE 't%'";
    assert_eq!((count(&mut client, journal), count(&mut client, PREPARED)), (30, 0));
}

#[test]
fn a_tracker_that_cannot_be_created_is_what_the_error_is_about() {
    let database = cluster().database();
    let role = format!("poor_{}", database.name);
    let mut client = database.connect();
    client.batch_execute(&format!("CREATE ROLE {role}; SET ROLE {role}")).unwrap();
    let error = run(&tables(3), &mut client).unwrap_err().to_string();
    assert!(error.contains("creating public.applied_migrations and its journal"), "{error}");
    client.batch_execute(&format!("RESET ROLE; DROP ROLE {role}")).unwrap();
}

#[test]
fn a_failure_on_an_empty_database_is_the_migration_s() {
    for (wrong, applied) in [("SELECT 1/0", 19), ("CREATE TABEL t (id int)", 19), ("CREATE TABLE t1 ()", 19)]
    {
        let mut client = cluster().database().connect();
        let error = run(&many(30, &[(20, wrong)]), &mut client).unwrap_err();
        assert_eq!(error.failure().unwrap().version().number(), 20, "{error}");
        assert_eq!(error.applied().len(), applied, "{wrong}: {error}");
        assert_eq!(count(&mut client, "applied_migrations"), 19);
        assert_eq!(count(&mut client, "applied_migrations_journal WHERE event = 'failed'"), 1);
        assert_eq!(count(&mut client, PREPARED), 0, "{wrong}");
        let report = run(&many(30, &[(20, "SELECT 1")]), &mut client).unwrap();
        assert_eq!(report.applied().len(), 11);
    }
    // Nothing before it is recorded.
    let mut client = cluster().database().connect();
    let error = run(&many(30, &[(1, "SELECT 1/0")]), &mut client).unwrap_err();
    assert_eq!(error.failure().unwrap().version().number(), 1, "{error}");
    assert_eq!(count(&mut client, "applied_migrations_journal"), 1);
}

#[test]
fn statements_that_the_session_has_prepared_stay() {
    let mut client = cluster().database().connect();
    client.batch_execute("PREPARE of_the_application AS SELECT 1").unwrap();
    assert_eq!(run(&tables(30), &mut client).unwrap().applied().len(), 30);
    run(&many(60, &[(55, "SELECT 1/0")]), &mut client).unwrap_err();
    assert_eq!(count(&mut client, PREPARED), 1);
    client.batch_execute("EXECUTE of_the_application").unwrap();
}

#[test]
fn scripts_may_forget_what_is_prepared() {
    let mut client = cluster().database().connect();
    let forgets = "DO 'BEGIN EXECUTE ''DEALLOCATE ALL''; END'";
    let set = many(60, &[(1, forgets), (20, "DEALLOCATE ALL"), (40, forgets), (41, forgets), (60, forgets)]);
    assert_eq!(run(&set, &mut client).unwrap().applied().len(), 60);
    assert_eq!(count(&mut client, PREPARED), 0);
}

#[test]
fn two_runs_without_a_lock_bring_one_tracker() {
    for _ in 0..5 {
        let database = cluster().database();
        let set = tables(40);
        let applied: usize = std::thread::scope(|scope| {
            let one = || {
                let runner = set.runner().locking(Locking::None).retries(50);
                runner.run(&mut database.connect()).unwrap().applied().len()
            };
            let runs: Vec<_> = (0..4).map(|_| scope.spawn(one)).collect();
            runs.into_iter().map(|run| run.join().unwrap()).sum()
        });
        assert_eq!(applied, 40);
        assert_eq!(count(&mut database.connect(), "applied_migrations_journal WHERE event = 'applied'"), 40);
    }
}

/// Setting the session's user resets the role, so the role comes back last.
#[test]
fn the_role_of_the_session_comes_back_behind_its_user() {
    let database = cluster().database();
    let (role, other) = (format!("role_{}", database.name), format!("other_{}", database.name));
    let mut client = database.connect();
    let roles = format!(
        "CREATE ROLE {role}; CREATE ROLE {other}; GRANT CREATE, USAGE ON SCHEMA public TO {role}; SET ROLE {role}"
    );
    client.batch_execute(&roles).unwrap();
    let switching = format!("SET SESSION AUTHORIZATION {other};");
    let who = "CREATE TABLE who AS SELECT session_user::text AS user, current_user::text AS role;";
    run(&set(&[("1_a.sql", &switching), ("2_b.sql", who)]), &mut client).unwrap();
    let row = client.query_one("SELECT \"user\", role FROM who", &[]).unwrap();
    assert_eq!((row.get::<_, String>(0), row.get::<_, String>(1)), ("postgres".to_owned(), role.clone()));
    client
        .batch_execute(&format!("RESET ROLE; DROP OWNED BY {role}; DROP ROLE {role}; DROP ROLE {other}"))
        .unwrap();
}

/// An error whose position is that of another text points at a migration that has long been applied.
struct Misplacing(Client);

impl Connection for Misplacing {
    fn dialect(&self) -> &'static dyn Dialect {
        self.0.dialect()
    }

    fn exchange(&mut self, message: &str) -> Result<Vec<ResultSet>, ExchangeError> {
        self.0.exchange(message).map_err(|error| match error {
            ExchangeError::Database(mut said) if said.code == "22012" => {
                let at = message.find("CREATE TABLE t1").expect("the first of the message") + 1;
                said.position = Some(Position::Character(at));
                ExchangeError::Database(said)
            }
            error => error,
        })
    }
}

#[test]
fn a_wrong_position_does_not_blame_a_recorded_migration() {
    let mut client = Misplacing(cluster().database().connect());
    let all = set(&[
        ("1_t1.sql", "CREATE TABLE t1 (id int);"),
        ("2_t2.sql", "CREATE TABLE t2 (id int);"),
        ("3_c.sql", "SELECT 1/0;"),
    ]);
    let error = all.runner().run(&mut client).unwrap_err();
    assert_eq!(error.failure().unwrap().path(), "migrations/3_c.sql", "{error}");
    assert_eq!(error.applied().len(), 2, "{error}");
}
