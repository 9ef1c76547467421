//! The drivers for MySQL: what each reads out of an answer, errors wherever they stand in a message, and lost connections.

use std::thread;
use std::time::{Duration, Instant};

use gapless::engine::ResultSet;
use gapless::{AsyncConnection, Connection, ExchangeError};
use gapless_tests::mysql_server::{Database, Flavour, Server, programs, server};
use mysql::prelude::Queryable;
use sqlx::Connection as _;

type Answer = Result<Vec<ResultSet>, ExchangeError>;

/// Connects and sends messages.
type Send = fn(&Database, &[&str]) -> Vec<Answer>;

/// Each driver.
const DRIVERS: [(&str, Send); 3] = [
    ("mysql", with_mysql),
    ("mysql_async", |database, messages| block(with_mysql_async(database, messages))),
    ("sqlx", |database, messages| block(with_sqlx(database, messages))),
];

/// Sends these messages with each driver, each to a database of its own with a table and a procedure.
fn each_driver(messages: &[&str]) -> Vec<(&'static str, Vec<Answer>)> {
    let procedure = "CREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2; INSERT INTO t VALUES (9); END";
    let answered = |(driver, send): (&'static str, Send)| {
        let database = server().database();
        for sql in ["CREATE TABLE t (n int)", procedure] {
            database.connect().query_drop(sql).unwrap();
        }
        (driver, send(&database, messages))
    };
    DRIVERS.map(answered).into()
}

fn block<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn with_mysql(database: &Database, messages: &[&str]) -> Vec<Answer> {
    let mut client = database.connect();
    messages.iter().map(|message| client.exchange(message)).collect()
}

async fn with_mysql_async(database: &Database, messages: &[&str]) -> Vec<Answer> {
    let mut client = mysql_async::Conn::from_url(database.url()).await.unwrap();
    exchange_all(&mut client, messages).await
}

async fn with_sqlx(database: &Database, messages: &[&str]) -> Vec<Answer> {
    let mut client = sqlx::MySqlConnection::connect(&database.url()).await.unwrap();
    exchange_all(&mut client, messages).await
}

async fn exchange_all<C: AsyncConnection>(client: &mut C, messages: &[&str]) -> Vec<Answer> {
    let mut answers = Vec::new();
    for message in messages {
        answers.push(client.exchange(message).await);
    }
    answers
}

fn shown(results: &[ResultSet]) -> Vec<Vec<String>> {
    let row = |row: &[Option<String>]| {
        row.iter().map(|value| value.as_deref().unwrap_or("NULL").to_owned()).collect::<Vec<_>>().join("|")
    };
    results.iter().map(|result| result.rows().map(row).collect()).collect()
}

/// Two good statements before it, rows before it, rows of its own before it, a procedure's results before it; and the
/// connection answers the next message each time.
#[test]
fn errors_behind_other_statements_are_seen_and_counted() {
    let cases = [
        ("INSERT INTO t VALUES (1); INSERT INTO t VALUES (2); INSERT INTO nowhere VALUES (3); SELECT 4", 2),
        ("SELECT 1; SELECT 2 UNION SELECT 3; INSERT INTO nowhere VALUES (4)", 2),
        ("SELECT 1; SELECT n, (SELECT n UNION SELECT 2) FROM (SELECT 2 AS n UNION ALL SELECT 3) x", 1),
        // Two results of the procedure, and its end.
        ("CALL p(); INSERT INTO nowhere VALUES (4)", 3),
        ("SELECT 1; SELEKT 2", 1),
        ("INSERT INTO nowhere VALUES (1)", 0),
    ];
    let messages: Vec<_> = cases.iter().flat_map(|(message, _)| [*message, "SELECT 42"]).collect();
    for (driver, answers) in each_driver(&messages) {
        for (pair, (message, count)) in answers.chunks(2).zip(cases) {
            let Err(ExchangeError::Database(error)) = &pair[0] else {
                panic!("{driver}: {message}: {pair:?}")
            };
            assert_eq!(error.completed, Some(count), "{driver}: {message}: {error:?}");
            assert!(
                ["1146", "1242", "1064"].contains(&error.code.as_str()),
                "{driver}: {message}: {error:?}"
            );
            assert!(!error.message.is_empty() && error.source.is_some(), "{driver}: {message}: {error:?}");
            assert_eq!(shown(pair[1].as_ref().unwrap()), [["42"]], "{driver}: {message}");
        }
    }
}

/// A result for each statement, also for one without rows, and all values as text.
#[test]
fn every_result_and_every_value_is_read() {
    let message = "SELECT NULL, 1, 1.50, 'ü|', DATE '2020-01-31', X'ff', 1 = 1; INSERT INTO t VALUES (1); \
                   SELECT n FROM t WHERE n = 0; SELECT n FROM t UNION ALL SELECT 2; CALL p()";
    for (driver, answers) in each_driver(&[message, ""]) {
        let results = shown(answers[0].as_ref().unwrap());
        let first = "NULL|1|1.50|ü||2020-01-31|\u{fffd}|1".to_owned();
        let expected = [
            vec![first],
            vec![],
            vec![],
            vec!["1".into(), "2".into()],
            vec!["1".into()],
            vec!["2".into()],
            vec![],
        ];
        assert_eq!(results, expected, "{driver}");
        assert!(answers[1].as_ref().is_ok_and(Vec::is_empty), "{driver}: an empty message");
    }
}

/// Sends these messages while another session does this to the session that sleeps.
fn interrupted(database: &Database, send: Send, messages: &[&str], interrupt: &str) -> Vec<Answer> {
    let asleep = "SELECT ID FROM information_schema.PROCESSLIST WHERE DB = database() AND INFO LIKE '%sleep(20)%' \
                  AND ID <> connection_id()";
    thread::scope(|scope| {
        let answers = scope.spawn(|| send(database, messages));
        let (mut other, begun) = (database.connect(), Instant::now());
        let id: u32 = loop {
            match other.query_first(asleep).unwrap() {
                Some(id) => break id,
                None => thread::sleep(Duration::from_millis(10)),
            }
            assert!(begun.elapsed() < Duration::from_secs(10), "nothing sleeps");
        };
        // A server that shuts down may end before it answers.
        let _ = other.query_drop(interrupt.replace("{id}", &id.to_string()));
        answers.join().unwrap()
    })
}

#[test]
fn an_error_that_ends_the_session_is_a_lost_connection() {
    // Some statements end with an error before the connection does, and some do not.
    let (told, untold) =
        ("SELECT 1; SELECT 1 FROM DUAL WHERE sleep(20); SELECT 2", "SELECT 1; DO sleep(20); SELECT 2");
    // MySQL says of a killed session what it says of a cancelled statement, and then closes the connection.
    let said =
        |answer: &Answer| matches!(answer, Err(ExchangeError::Database(error)) if error.code == "1317");
    let lost = |answer: &Answer| matches!(answer, Err(ExchangeError::Lost(_)));
    let of_mysql = programs().flavour == Flavour::MySql;
    let ends = |answers: &[Answer]| lost(&answers[1]) && (lost(&answers[0]) || of_mysql && said(&answers[0]));
    for (driver, send) in DRIVERS {
        for message in [told, untold] {
            let answers = interrupted(&server().database(), send, &[message, "SELECT 42"], "KILL {id}");
            assert!(ends(&answers), "{driver}: {answers:?}");
            let down = Server::start_new(&programs(), &[]);
            let answers = interrupted(&down.database(), send, &[message, "SELECT 42"], "SHUTDOWN");
            assert!(ends(&answers), "{driver}: {answers:?}");
        }
        let answers = send(&server().database(), &["SELECT 1; KILL connection_id()", "SELECT 42"]);
        assert!(ends(&answers), "{driver}: {answers:?}");
        // Where somebody cancels the statement alone, the session goes on.
        let answers = interrupted(&server().database(), send, &[told, "SELECT 42"], "KILL QUERY {id}");
        let Err(ExchangeError::Database(error)) = &answers[0] else { panic!("{driver}: {answers:?}") };
        assert_eq!((error.code.as_str(), error.completed), ("1317", Some(1)), "{driver}");
        assert_eq!(shown(answers[1].as_ref().unwrap()), [["42"]], "{driver}");
    }
}
