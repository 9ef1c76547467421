//! Runs on a cluster of Galera, whose nodes know nothing of each other's locks.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use gapless::{Error, MigrationSet, Report, Resolution, Version};
use gapless_tests::mysql_server::Database;
use gapless_tests::mysql_server::galera::{Galera, cluster};
use gapless_tests::set::mysql_set as set;
use mysql::prelude::Queryable;

const FILES: [(&str, &str); 4] = [
    (
        "1_a.sql",
        "CREATE TABLE a (id int PRIMARY KEY AUTO_INCREMENT, n int);\nINSERT INTO a (n) VALUES (0);\n",
    ),
    (
        "2_b.sql",
        "ALTER TABLE a ADD COLUMN m int NOT NULL DEFAULT 0;\nUPDATE a SET n = n + 1 + sleep(0.3);\nALTER TABLE a ADD KEY (n);\n",
    ),
    ("3_c.sql", "UPDATE a SET m = m + 1;\nINSERT INTO a (n, m) SELECT 100, sleep(0.2);\n"),
    (
        "4_d.sql",
        "CREATE TABLE d (id int PRIMARY KEY AUTO_INCREMENT);\nINSERT INTO d VALUES ();\nINSERT INTO d VALUES ();\n",
    ),
];

fn rows(database: &Database, sql: &str) -> Vec<String> {
    let mut client = database.connect();
    client.query_drop("SET wsrep_sync_wait = 7").unwrap();
    client.query(sql).unwrap()
}

/// Everything that a run has left, as this node has it.
fn state(database: &Database) -> Vec<Vec<String>> {
    [
        "SELECT concat_ws(' ', n, m) FROM a ORDER BY n",
        "SELECT count(*) FROM d",
        "SELECT concat_ws(' ', version, name) FROM applied_migrations ORDER BY version",
        "SELECT concat_ws(' ', TABLE_NAME, COLUMN_NAME, COLUMN_TYPE) FROM information_schema.COLUMNS \
         WHERE TABLE_SCHEMA = database() ORDER BY 1",
    ]
    .iter()
    .map(|sql| rows(database, sql))
    .collect()
}

fn run(database: &Database, set: &MigrationSet) -> Report {
    let runner = set.runner().lock_wait(Duration::from_secs(60));
    runner.run(&mut database.connect()).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn one_of_the_nodes_applies_each_migration() {
    let Some(cluster) = cluster() else { return };
    let set = set(&FILES);
    for round in 0..6 {
        let (databases, start) = (cluster.database(), Barrier::new(6));
        let (set, start) = (&set, &start);
        let reports: Vec<Report> = thread::scope(|scope| {
            let replica = |database| {
                scope.spawn(move || {
                    start.wait();
                    run(database, set)
                })
            };
            // Two replicas at each node.
            let replicas: Vec<_> = databases.iter().chain(&databases).map(replica).collect();
            replicas.into_iter().map(|replica| replica.join().expect("it ends")).collect()
        });
        let applied: usize = reports.iter().map(|report| report.applied().len()).sum();
        let states: Vec<_> = databases.iter().map(state).collect();
        assert_eq!(states[0][0], ["1 1", "100 0"], "round {round}");
        assert_eq!(states[0][1], ["2"], "round {round}");
        assert_eq!(states[0][2], ["1 a", "2 b", "3 c", "4 d"], "round {round}");
        assert!(states.iter().all(|state| *state == states[0]), "round {round}: {states:#?}");
        assert_eq!(applied, 4, "round {round}");
    }
}

/// Somebody at another node changes the rows that the migrations change, so that transactions of the run are ended under
/// it, also between two statements.
#[test]
fn traffic_at_another_node_repeats_nothing() {
    let Some(cluster) = cluster() else { return };
    let many = |sql: &str| (1..=60).map(|id| sql.replace("ID", &id.to_string())).collect::<String>();
    let rows_of_t = (1..=60).map(|id| format!("({id}, 0, 0)")).collect::<Vec<_>>().join(", ");
    let add = many("UPDATE t SET n = n + 1 WHERE id = ID;\n");
    let log = many("INSERT INTO log (t) VALUES (ID);\n");
    let set = set(&[
        (
            "1_t.sql",
            "CREATE TABLE t (id int PRIMARY KEY, n int, m int);\nCREATE TABLE log (id int PRIMARY KEY AUTO_INCREMENT, t int);",
        ),
        ("2_rows.sql", &format!("INSERT INTO t VALUES {rows_of_t};")),
        ("3_whole.sql", &(add.clone() + &log)),
        ("4_steps.sql", &format!("{add}{log}ALTER TABLE t ADD COLUMN o int;")),
    ]);
    let mut ended = 0;
    for _ in 0..3 {
        let (databases, over) = (cluster.database(), AtomicBool::new(false));
        set.runner().target(Version::from(2)).run(&mut databases[0].connect()).unwrap();
        let report = thread::scope(|scope| {
            for seed in 0..2_u32 {
                let (other, over) = (&databases[1 + seed as usize], &over);
                scope.spawn(move || {
                    let mut client = other.connect();
                    let mut id = seed * 31;
                    while !over.load(Ordering::Relaxed) {
                        id = (id * 17 + 7) % 60;
                        // It may lose, too.
                        let _ = client.query_drop(format!("UPDATE t SET m = m + 1 WHERE id = {}", id + 1));
                        thread::sleep(Duration::from_millis(10));
                    }
                });
            }
            let report = set.runner().retries(100).run(&mut databases[0].connect());
            over.store(true, Ordering::Relaxed);
            report
        });
        ended += report.unwrap_or_else(|error| panic!("{error}")).retries();
        for database in &databases {
            assert_eq!(rows(database, "SELECT DISTINCT n FROM t"), ["2"]);
            assert_eq!(rows(database, "SELECT DISTINCT count(*) FROM log GROUP BY t"), ["2"]);
            assert_eq!(rows(database, "SELECT count(DISTINCT t) FROM log"), ["60"]);
        }
    }
    assert!(ended > 0, "no transaction was ended by the traffic");
}

const SLOW: [(&str, &str); 2] = [
    ("1_a.sql", "CREATE TABLE a (n int PRIMARY KEY, seconds int);\nINSERT INTO a VALUES (1, 60);"),
    (
        "2_b.sql",
        "ALTER TABLE a ADD COLUMN m int NOT NULL DEFAULT 0;\nUPDATE a SET m = m + 1 + sleep(seconds);\nALTER TABLE a ADD KEY (m);",
    ),
];

/// Runs the second migration until its slow statement. Returns the connection's number, and how the run ended after this.
fn begin(database: &Database, set: &MigrationSet, end: impl FnOnce(u32)) -> Error {
    set.runner().target(Version::from(1)).run(&mut database.connect()).unwrap();
    thread::scope(|scope| {
        let mut client = database.connect();
        let number = client.connection_id();
        let running = scope.spawn(move || set.runner().run(&mut client).unwrap_err());
        let begun = Instant::now();
        loop {
            let sql = format!(
                "SELECT 1 FROM information_schema.PROCESSLIST WHERE ID = {number} AND INFO LIKE 'UPDATE%'"
            );
            if !rows(database, &sql).is_empty() {
                break;
            }
            assert!(begun.elapsed() < Duration::from_secs(20) && !running.is_finished(), "it does not begin");
            thread::sleep(Duration::from_millis(20));
        }
        end(number);
        running.join().unwrap()
    })
}

fn assert_done(databases: &[Database]) {
    for database in databases {
        assert_eq!(rows(database, "SELECT concat_ws(' ', n, m) FROM a"), ["1 1"]);
        assert_eq!(rows(database, "SELECT version FROM applied_migrations ORDER BY 1"), ["1", "2"]);
        assert_eq!(
            rows(
                database,
                "SELECT DISTINCT INDEX_NAME FROM information_schema.STATISTICS WHERE TABLE_NAME = 'a' AND TABLE_SCHEMA = database() ORDER BY 1"
            ),
            ["m", "PRIMARY"]
        );
    }
}

#[test]
fn a_node_does_not_take_over_from_a_session_of_another() {
    let Some(cluster) = cluster() else { return };
    let set = set(&SLOW);
    for resolved in [false, true] {
        let databases = cluster.database();
        let mut number = 0;
        let error = begin(&databases[0], &set, |id| {
            number = id;
            // Its session lives.
            let error = set
                .runner()
                .lock_wait(Duration::from_millis(500))
                .run(&mut databases[1].connect())
                .unwrap_err();
            assert!(error.to_string().contains("may be at work"), "{error}");
            databases[0].connect().query_drop(format!("KILL {id}")).unwrap();
        });
        assert!(error.is_connection(), "{error}");
        databases[0].connect().query_drop("UPDATE a SET seconds = 0").unwrap();
        let late = set.runner().lock_wait(Duration::from_millis(500));
        let error = late.clone().run(&mut databases[1].connect()).unwrap_err();
        let node = rows(
            &databases[0],
            "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'WSREP_GCOMM_UUID'",
        );
        let said = format!(
            "it was connection {number} of node {}, which is in the cluster and alone can tell",
            node[0]
        );
        assert!(error.is_interrupted() && error.to_string().contains(&said), "{error}");
        // That node knows that it has ended, and a person may know it, too.
        let (place, runner) = match resolved {
            false => (0, late),
            true => (1, late.resolve(Version::from(2), Resolution::Retry)),
        };
        assert_eq!(runner.run(&mut databases[place].connect()).unwrap().applied().len(), 1);
        assert_done(&databases);
    }
}

#[test]
fn a_node_takes_over_from_one_that_has_left() {
    let Some(cluster) = Galera::start() else { return };
    let (set, databases) = (set(&SLOW), cluster.database());
    let error = begin(&databases[0], &set, |_| cluster.nodes[0].kill());
    assert!(error.is_connection(), "{error}");
    let stopped = Instant::now();
    while let Err(error) = databases[1].connect().query_drop("UPDATE a SET seconds = 0") {
        assert!(
            stopped.elapsed() < Duration::from_secs(20),
            "the rest of the cluster goes on: {error}\n{}",
            cluster.nodes[1].log()
        );
        thread::sleep(Duration::from_millis(100));
    }
    let report = run(&databases[1], &set);
    assert_eq!(report.applied().len(), 1);
    assert_done(&databases[1..]);
}

/// Two releases have one migration under different numbers: the key of the set does not keep them apart.
#[test]
fn a_renumbered_migration_is_applied_by_one_of_the_nodes() {
    let Some(cluster) = cluster() else { return };
    let first = ("1_log.sql", "CREATE TABLE log (id int PRIMARY KEY AUTO_INCREMENT, n int);");
    let text = "INSERT INTO log (n) SELECT sleep(0.05);";
    let old = set(&[first, ("2_x.sql", text)]);
    let new = set(&[first, ("3_x.sql", text), ("renames.txt", "2_x -> 3_x")]);
    for round in 0..12 {
        let (databases, start) = (cluster.database(), Barrier::new(3));
        run(&databases[0], &set(&[first]));
        let start = &start;
        thread::scope(|scope| {
            for (database, set) in databases.iter().zip([&old, &new, &new]) {
                scope.spawn(move || {
                    start.wait();
                    // The older release may find the other name, and refuse.
                    let _ = set.runner().lock_wait(Duration::from_secs(20)).run(&mut database.connect());
                });
            }
        });
        assert_eq!(rows(&databases[0], "SELECT count(*) FROM log"), ["1"], "round {round}");
    }
}

#[test]
fn a_session_waits_for_its_node_as_before() {
    let Some(cluster) = cluster() else { return };
    let mut files = FILES.to_vec();
    files.push(("5_e.sql", "CREATE TABLE e (n int PRIMARY KEY);\nINSERT INTO e SELECT @@wsrep_sync_wait;"));
    let set = set(&files);
    for own in [0, 1, 7] {
        let databases = cluster.database();
        let mut client = databases[0].connect();
        client.query_drop(format!("SET wsrep_sync_wait = {own}")).unwrap();
        set.runner().run(&mut client).unwrap();
        let left: Option<(u32, Option<String>)> =
            client.query_first("SELECT @@wsrep_sync_wait, @gapless_node").unwrap();
        assert_eq!(left, Some((own, None)));
        assert_eq!(rows(&databases[0], "SELECT n FROM e"), ["7"], "the run itself waits for everything");
        // Another node is not a moment behind.
        let report = set.runner().run(&mut databases[2].connect()).unwrap();
        assert!(report.applied().is_empty());
    }
}
