//! How far MariaDB has come with a long statement, asked on a second connection.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use gapless::{Error, Event, MigrationSet, ServerProgress};
use gapless_tests::mysql_server::{Database, server};
use gapless_tests::set::set;
use mysql::prelude::Queryable;

/// Runs the set until the server's progress is as wanted, which cancels the statement.
fn progress_of(
    set: &MigrationSet,
    database: &Database,
    wanted: impl Fn(&ServerProgress) -> bool,
) -> (ServerProgress, Result<gapless::Report, Error>) {
    let (sender, pids) = mpsc::channel();
    thread::scope(|scope| {
        let running = scope.spawn(|| {
            let tell = |event: &Event<'_>| {
                if let Event::Started { pid } = event {
                    sender.send(*pid).expect("the test listens");
                }
            };
            set.runner().on_event(tell).retries(0).run(&mut database.connect())
        });
        let pid = pids.recv().expect("it starts").expect("it has a number");
        let (mut watcher, begun) = (database.connect(), Instant::now());
        let seen = loop {
            let progress = ServerProgress::read(pid, &mut watcher).expect("the server answers");
            if let Some(progress) = progress.filter(&wanted) {
                break progress;
            }
            assert!(begun.elapsed() < Duration::from_secs(30) && !running.is_finished(), "nothing is seen");
            thread::sleep(Duration::from_millis(20));
        };
        watcher.query_drop(format!("KILL QUERY {pid}")).expect("it is cancelled");
        (seen, running.join().expect("no panic"))
    })
}

/// A table whose new column takes the server its time for each row.
const SLOW: &str = "ALTER TABLE big\n  ADD COLUMN b int NOT NULL DEFAULT (length(sha2(repeat(id, 5000), 512))), ALGORITHM = COPY;";

#[test]
fn copied_rows_are_counted() {
    // MySQL tells it in `performance_schema` alone, which these servers do without.
    if !server().is_mariadb() {
        return;
    }
    let database = server().database();
    let rows = "CREATE TABLE big AS WITH RECURSIVE s (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM s WHERE id < 300000) \
                SELECT id FROM s";
    let mut client = database.connect();
    client.query_drop("SET SESSION max_recursive_iterations = 1000000").unwrap();
    client.query_drop(rows).unwrap();
    let set = set(&[("1_a.sql", "CREATE TABLE a (id int);"), ("2_b.sql", SLOW)]);
    let (seen, ended) = progress_of(&set, &database, |progress| progress.done() > Some(0));
    assert_eq!(seen.command(), "ALTER TABLE big");
    assert_eq!((seen.relation(), seen.unit()), (None, None));
    // The server changes its mind about the number of stages.
    let phase = seen.phase();
    assert!(phase.starts_with("copy to tmp table, stage 1 of "), "{phase}");
    let percent = seen.percent().expect("it counts");
    assert!(percent > 0.0 && percent < 100.0, "{percent}");
    assert_eq!(seen.to_string(), format!("ALTER TABLE big: {phase}, {percent:.0} %"));
    let error = ended.unwrap_err();
    assert!(error.to_string().contains("interrupted"), "{error}");
}

#[test]
fn what_waits_for_a_table_says_so() {
    let database = server().database();
    let mut other = database.connect();
    other.query_drop("CREATE TABLE big (id int)").unwrap();
    other.query_drop("START TRANSACTION; SELECT * FROM big").unwrap();
    let set = set(&[("1_a.sql", "-- gapless: lock-timeout 30s\nALTER TABLE big ADD COLUMN b int;")]);
    let (seen, _) = progress_of(&set, &database, |_| true);
    assert_eq!(seen.to_string(), "ALTER TABLE big: Waiting for table metadata lock");
    assert_eq!((seen.done(), seen.percent()), (None, None));
}

/// A user who may not see the sessions of others, and no table of the performance schema.
#[test]
fn a_session_that_is_at_nothing_long_has_no_progress() {
    let database = server().database();
    let mut root = database.connect();
    let name = &database.name;
    root.query_drop(format!("CREATE USER own_{name}; GRANT ALL ON {name}.* TO own_{name}")).unwrap();
    let mut client = database.connect_as(&format!("own_{name}"));
    let pid = i32::try_from(root.connection_id()).unwrap();
    assert_eq!(ServerProgress::read(pid, &mut client).unwrap(), None);
    assert_eq!(ServerProgress::read(pid, &mut root).unwrap(), None);
}
