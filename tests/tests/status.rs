//! A status: its messages, its privileges, and its display.

use gapless::engine::{Dialect, ResultSet};
use gapless::{Connection, ExchangeError, MigrationSet, VersionState};
use gapless_tests::cluster::cluster;
use gapless_tests::set::{set, tables};

/// A connection that keeps what it is asked.
struct Listening<C> {
    client: C,
    messages: Vec<String>,
}

impl<C: Connection> Connection for Listening<C> {
    fn dialect(&self) -> &'static dyn Dialect {
        self.client.dialect()
    }

    fn exchange(&mut self, message: &str) -> Result<Vec<ResultSet>, ExchangeError> {
        self.messages.push(message.to_owned());
        self.client.exchange(message)
    }
}

fn messages<C: Connection>(client: C, set: &MigrationSet) -> (C, Vec<String>) {
    let mut client = Listening { client, messages: Vec::new() };
    set.runner().status(&mut client).unwrap();
    (client.client, client.messages)
}

#[test]
fn a_status_takes_two_messages_and_writes_nothing() {
    let database = cluster().database();
    // The second looks for trackers in other schemas.
    let (mut client, sent) = messages(database.connect(), &tables(2));
    assert_eq!(sent.len(), 2, "{sent:?}");
    // Another is not needed for what a newer release has renamed, nor for an orphan.
    tables(300).runner().run(&mut client).unwrap();
    let (client, sent) = messages(client, &set(&[("1_uno.sql", "SELECT 1"), ("150_t.sql", "SELECT 1")]));
    assert_eq!(sent.len(), 2, "{sent:?}");
    let statements = sent.iter().flat_map(|message| message.split_terminator(";\n"));
    assert!(statements.into_iter().all(|statement| statement.starts_with("SELECT ")), "{sent:?}");
    let sqlite = rusqlite::Connection::open_in_memory().unwrap();
    let (mut sqlite, sent) = messages(sqlite, &tables(2));
    assert_eq!(sent.len(), 1, "{sent:?}");
    tables(2).runner().run(&mut sqlite).unwrap();
    let (_, sent) = messages(sqlite, &tables(3));
    assert_eq!(sent.len(), 2, "{sent:?}");
    drop(client);
}

#[test]
fn a_mistyped_schema_is_noticed() {
    let database = cluster().database();
    let mut client = database.connect();
    let set = tables(1);
    let warnings = |client: &mut postgres::Client, schema: &str| {
        set.runner().schema(schema).status(client).unwrap().warnings().to_vec()
    };
    client.batch_execute("CREATE SCHEMA shop; CREATE SCHEMA shops").unwrap();
    assert!(warnings(&mut client, "shops").is_empty());
    set.runner().schema("shop").run(&mut client).unwrap();
    assert!(warnings(&mut client, "shop").is_empty());
    let said = "nothing has been applied here: the schema has no table `applied_migrations`; the ";
    let names = " one, and `.schema(...)` names another";
    assert_eq!(warnings(&mut client, "shops"), [format!("{said}schema `shop` has{names}")]);
    for schema in ["a", "b", "c"] {
        client.batch_execute(&format!("CREATE SCHEMA {schema}; CREATE TABLE {schema}.t (id int)")).unwrap();
    }
    let mut sorts = |made: &[&str], expected: &str| {
        for schema in made {
            client.batch_execute(&format!("CREATE TABLE {schema}.applied_migrations (id int)")).unwrap();
        }
        assert_eq!(warnings(&mut client, "shops"), [format!("{said}schemas {expected}{names}")]);
    };
    sorts(&["a", "b"], "`a`, `b`, `shop` have");
    sorts(&["c"], "`a`, `b`, `c` and more have");
}

#[test]
fn a_mistyped_database_of_mysql_is_noticed() {
    use gapless_tests::mysql_server::server;
    let (one, other) = (server().database(), server().database());
    let set = gapless_tests::set::mysql_set(&[("1_a.sql", "CREATE TABLE a (id int)")]);
    set.runner().run(&mut one.connect()).unwrap();
    assert!(set.runner().status(&mut other.connect()).unwrap().warnings().is_empty());
    let status = set.runner().schema(&other.name).status(&mut other.connect()).unwrap();
    let [warning] = status.warnings() else { panic!("{status}") };
    assert!(warning.contains(&format!("the schema `{}` has one", one.name)), "{warning}");
    assert!(set.runner().status(&mut one.connect()).unwrap().warnings().is_empty());
}

#[test]
fn a_role_that_may_not_read_the_journal_reads_the_rest() {
    let database = cluster().database();
    let mut client = database.connect();
    tables(1).runner().run(&mut client).unwrap();
    client
        .batch_execute(
            "CREATE ROLE reader_of_the_set; GRANT USAGE ON SCHEMA public TO reader_of_the_set; \
             GRANT SELECT ON applied_migrations TO reader_of_the_set; SET ROLE reader_of_the_set",
        )
        .unwrap();
    let status = tables(2).runner().status(&mut client).unwrap();
    client.batch_execute("RESET ROLE; REVOKE ALL ON applied_migrations FROM reader_of_the_set; REVOKE ALL ON SCHEMA public FROM reader_of_the_set; SET ROLE reader_of_the_set").unwrap();
    let error = tables(2).runner().status(&mut client).unwrap_err();
    client.batch_execute("RESET ROLE; DROP ROLE reader_of_the_set").unwrap();
    let [applied, pending] = status.versions() else { panic!("{status}") };
    assert_eq!((applied.state(), pending.state()), (VersionState::Applied, VersionState::Pending));
    assert!(applied.applied_at().is_some() && applied.db_user().is_none(), "{applied:?}");
    let [warning] = status.warnings() else { panic!("{status}") };
    assert!(warning.starts_with("the journal could not be read: "), "{warning}");
    assert!(error.is_permission_denied(), "{error}");
}

#[test]
fn a_status_says_by_whom_and_when_whatever_the_session_is_set_to() {
    let database = cluster().database();
    let mut client = database.connect();
    client.batch_execute("SET application_name = 'deploy 7'").unwrap();
    tables(1).runner().run(&mut client).unwrap();
    client
        .batch_execute(
            "UPDATE applied_migrations SET applied_at = '2024-02-29 23:59:59.000001+00'; \
             SET timezone = 'Asia/Kathmandu'; SET datestyle = 'German'; SET search_path = nowhere",
        )
        .unwrap();
    let status = tables(1).runner().status(&mut client).unwrap();
    let one = &status.versions()[0];
    assert_eq!(
        (one.applied_at(), one.application()),
        (Some("2024-02-29T23:59:59.000001Z"), Some("deploy 7"))
    );
    let user: String = client.query_one("SELECT current_user::text", &[]).unwrap().get(0);
    assert_eq!(one.db_user(), Some(user.as_str()));
}

#[test]
fn a_status_is_shown_as_a_table() {
    let mut client = rusqlite::Connection::open_in_memory().unwrap();
    tables(11).runner().run(&mut client).unwrap();
    client
        .execute_batch(
            "UPDATE applied_migrations SET applied_at = '2024-02-29T23:59:59.000Z'; \
             UPDATE applied_migrations_journal SET duration_ms = version, db_user = 'alice', \
             application = 'deploy' WHERE version > 9",
        )
        .unwrap();
    client
        .execute_batch("UPDATE applied_migrations_journal SET duration_ms = NULL WHERE version < 10")
        .unwrap();
    let next = set(&[
        ("10_t10.sql", "CREATE TABLE t10 (id int);"),
        ("11_eleven.sql", "CREATE TABLE t11 (id int);"),
        ("12_twelve.sql", "CREATE TABLE t12 (id int);"),
        ("8_t8.sql", "CREATE TABLE t8 (id bigint);"),
        ("renames.txt", "11_t11 -> 11_eleven"),
    ]);
    client.execute_batch("DELETE FROM applied_migrations WHERE version < 8").unwrap();
    insta::assert_snapshot!(next.runner().status(&mut client).unwrap());
}

#[test]
fn the_statements_that_are_done_count_since_the_last_rollback() {
    let database = cluster().database();
    let mut client = database.connect();
    let steps = |third: &str| {
        let up = format!(
            "-- gapless: no-transaction\nCREATE TABLE a (id int);\nCREATE TABLE b (id int);\n{third};\nSELECT 1;"
        );
        set(&[("1_a.up.sql", up.as_str()), ("1_a.down.sql", "DROP TABLE a; DROP TABLE b;")])
    };
    let done = |set: &MigrationSet, client: &mut postgres::Client| {
        let status = set.runner().status(client).unwrap();
        (status.versions()[0].state(), status.versions()[0].statements_done())
    };
    steps("SELECT 1/0").runner().run(&mut client).unwrap_err();
    assert_eq!(done(&steps("SELECT 1/0"), &mut client), (VersionState::Failed, 2));
    let whole = steps("SELECT 1");
    whole.runner().run(&mut client).unwrap();
    assert_eq!(done(&whole, &mut client), (VersionState::Applied, 0));
    whole.runner().rollback(gapless::Rollback::steps(1), &mut client).unwrap();
    let broken = set(&[("1_a.up.sql", "-- gapless: no-transaction\nSELEC 1;\nSELECT 2;")]);
    broken.runner().run(&mut client).unwrap_err();
    assert_eq!(done(&broken, &mut client), (VersionState::Failed, 0));
}
