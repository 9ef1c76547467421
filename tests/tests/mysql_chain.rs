//! Many migrations in one message on MariaDB, and an error anywhere in it.

use gapless::engine::{Call, DbError, Dialect, ResultSet, split};
use gapless::{CancellationToken, Connection, Error, ExchangeError, MigrationSet, Syntax};
use gapless_tests::driver::{Driver, Mysql};
use gapless_tests::set::mysql_set as set;

/// What happens before a statement of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    /// The program cancels the run, and the statement on the server.
    Cancel,
    /// The statement gives up a lock.
    Timeout,
    /// The server ends.
    Crash,
}

/// Finds the place in a message.
type Find<'t> = Box<dyn Fn(&str) -> Option<usize> + 't>;

/// A connection with trouble in the first message that this finds a place in.
struct Troubled<'t> {
    client: Option<mysql::Conn>,
    find: Find<'t>,
    trouble: Trouble,
    token: CancellationToken,
    came: bool,
}

impl<'t> Troubled<'t> {
    fn new(driver: &Mysql, trouble: Trouble, find: impl Fn(&str) -> Option<usize> + 't) -> Troubled<'t> {
        let (client, token) = (Some(driver.connect()), CancellationToken::new());
        Troubled { client, find: Box::new(find), trouble, token, came: false }
    }
}

impl Connection for Troubled<'_> {
    fn dialect(&self) -> &'static dyn Dialect {
        &gapless::engine::Mysql
    }

    fn exchange(&mut self, message: &str) -> Result<Vec<ResultSet>, ExchangeError> {
        let lost = || ExchangeError::Lost("the server is gone".into());
        let client = self.client.as_mut().ok_or_else(lost)?;
        let Some(end) = (self.find)(message).filter(|_| !self.came) else { return client.exchange(message) };
        self.came = true;
        if end > 0 {
            client.exchange(&message[..end])?;
        }
        let (code, message) = match self.trouble {
            Trouble::Cancel => ("1317", "Query execution was interrupted"),
            Trouble::Timeout => ("1205", "Lock wait timeout exceeded; try restarting transaction"),
            Trouble::Crash => {
                self.client = None;
                return Err(lost());
            }
        };
        if self.trouble == Trouble::Cancel {
            self.token.cancel();
        }
        let (code, message) = (code.to_owned(), message.to_owned());
        Err(ExchangeError::Database(Box::new(DbError { code, message, ..DbError::default() })))
    }

    fn call(&mut self, _: &mut Call) -> Result<Vec<ResultSet>, ExchangeError> {
        Err(ExchangeError::Lost("no code here".into()))
    }
}

/// The beginning of the statement with this text.
fn statement(message: &str, text: &str) -> Option<usize> {
    let found = message.find(text)?;
    Some(message[..found].rfind(";\n").map_or(0, |end| end + 2))
}

fn rows(driver: &Mysql, sql: &str) -> Vec<String> {
    Mysql::sql(&mut driver.connect(), sql).unwrap_or_else(|error| panic!("{error}"))
}

fn three() -> MigrationSet {
    set(&[
        ("1_a.sql", "CREATE TABLE a (a INT);\nINSERT INTO a VALUES (1);\n"),
        ("2_b.sql", "INSERT INTO a VALUES (2);\n"),
        ("3_c.sql", "CREATE TABLE c (a INT);\nINSERT INTO a VALUES (3);\n"),
    ])
}

#[test]
fn an_error_behind_the_last_migration_is_not_its_own() {
    let (driver, set) = (Mysql::fresh(), three());
    let own = rows(&driver, "SELECT @@lock_wait_timeout").remove(0);
    for at in [format!("SET lock_wait_timeout = {own}"), "release_lock(".to_owned()] {
        let driver = if at.starts_with("SET") { &driver } else { &Mysql::fresh() };
        let mut client = Troubled::new(driver, Trouble::Cancel, |message| statement(message, &at));
        let token = client.token.clone();
        let report =
            set.runner().cancel_on(&token).run(&mut client).unwrap_or_else(|error| panic!("{at}: {error}"));
        assert!(token.is_cancelled(), "no message holds {at}");
        assert_eq!(report.applied().len(), 3, "{at}");
        let failed = "SELECT count(*) FROM applied_migrations_journal WHERE event = 'failed'";
        assert_eq!(rows(driver, failed), ["0"], "{at}");
        // It has given back what it had.
        let held = "SELECT count(*) FROM information_schema.PROCESSLIST \
                    WHERE DB = database() AND is_used_lock(concat('gapless session ', ID)) IS NOT NULL";
        assert_eq!(rows(driver, held), ["0"], "{at}");
        let wait = Mysql::sql(client.client.as_mut().unwrap(), "SELECT @@lock_wait_timeout").unwrap();
        assert_eq!(wait, [&*own], "{at}");
    }
}

/// Statements of each kind; each leaves one row, or an object that can be made only once.
fn mixed() -> MigrationSet {
    set(&[
        (
            "1_a.sql",
            "CREATE TABLE log (a INT);\nSET @a = 1, foreign_key_checks = 0;\nINSERT INTO log VALUES (@a);\n",
        ),
        ("2_b.sql", "INSERT INTO log VALUES (2);\n"),
        ("3_c.sql", "PREPARE s FROM 'CREATE TABLE c (a INT)';\nEXECUTE s;\n"),
        ("4_d.sql", "ALTER TABLE log ADD b INT;\nCALL log_call();\nDROP TABLE c;\n"),
    ])
}

fn mixed_database() -> Mysql {
    let driver = Mysql::fresh();
    rows(&driver, "CREATE TABLE calls (a INT); CREATE PROCEDURE log_call() INSERT INTO calls VALUES (3)");
    driver
}

const RECORDED: &str = "SELECT version FROM applied_migrations ORDER BY version";

/// The one message of this set has many places, and at each there is trouble.
fn at_each_place(trouble: Trouble) {
    let set = mixed();
    for place in 0.. {
        let driver = mixed_database();
        let at = |message: &str| {
            let statements = split(message, Syntax::Mysql).unwrap();
            let chain = message.contains("CALL log_call");
            // A note waits for no lock.
            let place = statements.iter().enumerate().position(|(index, statement)| {
                index >= place
                    && (trouble != Trouble::Timeout || !statement.text().contains("@gapless_place"))
            });
            place.filter(|_| chain).map(|place| statements[place].span().start)
        };
        let mut client = Troubled::new(&driver, trouble, at);
        let token = client.token.clone();
        let result = set.runner().cancel_on(&token).run(&mut client);
        if !client.came {
            assert!(place > 60, "{place} places are not the whole message");
            return;
        }
        let said: Vec<_> = match &result {
            Ok(report) => report.applied().iter().map(|one| one.version().to_string()).collect(),
            Err(error) => error.applied().iter().map(|one| one.version().to_string()).collect(),
        };
        let what = || result.as_ref().map_or_else(ToString::to_string, ToString::to_string);
        match trouble {
            Trouble::Crash => {}
            // It says what it has applied.
            _ => assert_eq!(said, rows(&driver, RECORDED), "{place}: {}", what()),
        }
        match trouble {
            Trouble::Timeout => assert!(result.is_ok(), "{place}: {}", what()),
            Trouble::Cancel => {
                assert!(result.as_ref().err().is_none_or(Error::is_cancelled), "{place}: {}", what())
            }
            Trouble::Crash => assert!(result.is_err(), "{place}"),
        }
        drop(client);
        // Each record is there with its row of the journal.
        let told = "SELECT version FROM applied_migrations_journal WHERE event = 'applied' ORDER BY version";
        assert_eq!(rows(&driver, RECORDED), rows(&driver, told), "{place}: {}", what());
        set.runner()
            .run(&mut driver.connect())
            .unwrap_or_else(|error| panic!("{place}: {error}\nafter {}", what()));
        assert_eq!(rows(&driver, RECORDED), ["1", "2", "3", "4"], "{place}");
        let log = "SELECT a FROM log UNION ALL SELECT a FROM calls ORDER BY 1";
        assert_eq!(rows(&driver, log), ["1", "2", "3"], "{place}");
    }
}

#[test]
fn cancelled_at_any_place_it_says_what_is_applied_and_goes_on() {
    at_each_place(Trouble::Cancel);
}

#[test]
fn a_lock_that_times_out_at_any_place_is_tried_again() {
    at_each_place(Trouble::Timeout);
}

#[test]
fn a_crash_at_any_place_is_gone_on_from() {
    at_each_place(Trouble::Crash);
}

/// A pooler that hands the session on for the first message with this text.
struct HandingOn {
    client: mysql::Conn,
    other: mysql::Conn,
    at: &'static str,
}

impl Connection for HandingOn {
    fn dialect(&self) -> &'static dyn Dialect {
        &gapless::engine::Mysql
    }

    fn exchange(&mut self, message: &str) -> Result<Vec<ResultSet>, ExchangeError> {
        let handed_on = !self.at.is_empty() && message.contains(self.at);
        if handed_on {
            self.at = "";
        }
        if handed_on { self.other.exchange(message) } else { self.client.exchange(message) }
    }

    fn call(&mut self, _: &mut Call) -> Result<Vec<ResultSet>, ExchangeError> {
        Err(ExchangeError::Lost("no code here".into()))
    }
}

/// The session still has the place that the message of an earlier run came to.
#[test]
fn the_place_of_an_earlier_message_does_not_count() {
    let driver = Mysql::fresh();
    let mut client = HandingOn { client: driver.connect(), other: driver.connect(), at: "" };
    let first = set(&[("1_a.sql", "CREATE TABLE a (a INT);\n")]);
    first.runner().run(&mut client).unwrap();
    let second = set(&[("1_a.sql", "CREATE TABLE a (a INT);\n"), ("2_b.sql", "CREATE TABLE b (a INT);\n")]);
    for at in ["CREATE TABLE b", "CREATE TABLE b", ""] {
        client.at = at;
        let result = second.runner().run(&mut client);
        let recorded = rows(&driver, "SELECT count(*) FROM applied_migrations");
        match result {
            Ok(report) => {
                assert!(at.is_empty(), "{report}");
                assert_eq!((report.applied().len(), recorded), (1, vec!["2".to_owned()]));
            }
            Err(error) => {
                assert!(error.is_pooler(), "{error}");
                assert_eq!(recorded, ["1"]);
            }
        }
    }
}
