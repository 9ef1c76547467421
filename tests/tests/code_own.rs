//! Migrations in Rust, run by a driver that an application has written.

use gapless::engine::{Call, DbError, Dialect, Postgres, ResultSet};
use gapless::{Code, Connection, ExchangeError, MigrationSet, Version};
use gapless_tests::cluster::cluster;
use gapless_tests::set::set;
use postgres::Client;

const CODE: Version = Version::new(2).unwrap();
const OWN: &str = "code_own::Own";

/// Gives code its client.
struct Own(Client);

impl Connection for Own {
    fn dialect(&self) -> &'static dyn Dialect {
        &Postgres
    }

    fn runs(&self) -> &'static str {
        OWN
    }

    fn exchange(&mut self, message: &str) -> Result<Vec<ResultSet>, ExchangeError> {
        self.0.exchange(message)
    }

    fn call(&mut self, call: &mut Call) -> Result<Vec<ResultSet>, ExchangeError> {
        if call.is_outside() {
            return self.work(call);
        }
        self.exchange("BEGIN")?;
        let outcome = self.work(call).and_then(|rows| self.exchange("COMMIT").map(|_| rows));
        if let Err(ExchangeError::Database(_)) = outcome {
            self.exchange("ROLLBACK")?;
        }
        outcome
    }
}

impl Own {
    fn fresh() -> Own {
        Own(cluster().database().connect())
    }

    fn work(&mut self, call: &mut Call) -> Result<Vec<ResultSet>, ExchangeError> {
        self.exchange(call.before())?;
        call.run(&mut self.0).map_err(|error| {
            let of_server = error.downcast_ref::<postgres::Error>().and_then(|error| error.code());
            let code = of_server.map(|state| state.code().to_owned()).unwrap_or_default();
            let said = DbError { code, message: error.to_string(), ..DbError::default() };
            ExchangeError::Database(Box::new(said))
        })?;
        self.exchange(call.after())
    }

    fn column(&mut self, sql: &str) -> Vec<String> {
        self.0.query(sql, &[]).unwrap().iter().map(|row| row.get(0)).collect()
    }

    fn applied(&mut self) -> Vec<String> {
        self.column("SELECT version::text FROM applied_migrations ORDER BY version")
    }

    fn rows_of_a(&mut self) -> Vec<String> {
        self.column("SELECT id::text FROM a ORDER BY id")
    }
}

fn with_code(directives: &str) -> MigrationSet {
    let file = format!("-- gapless: rust\n{directives}");
    set(&[("1_a.sql", "CREATE TABLE a (id int);"), ("2_fill.sql", &file)])
}

#[test]
fn a_driver_of_ones_own_runs_code_in_a_transaction() {
    let mut own = Own::fresh();
    let mut tries = 0;
    let code = Code::for_client(OWN, move |client: &mut Client| {
        tries += 1;
        client.batch_execute("INSERT INTO a SELECT 1 WHERE now() <> statement_timestamp()")?;
        if tries < 3 {
            client.batch_execute("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40P01'; END $$")?;
        }
        Ok(())
    });
    let set = with_code("");
    let report = set.runner().code(CODE, code).run(&mut own).unwrap();
    assert_eq!((report.applied().len(), report.retries()), (2, 2), "{report}");
    assert_eq!((own.rows_of_a(), own.applied()), (vec!["1".into()], vec!["1".into(), "2".into()]));
    assert_eq!(set.runner().run(&mut own).unwrap().round_trips(), 1);
}

#[test]
fn a_driver_of_ones_own_runs_code_outside_of_a_transaction() {
    let mut own = Own::fresh();
    let vacuum = Code::for_client_no_transaction(OWN, |client: &mut Client| {
        client.batch_execute("VACUUM a")?;
        client.batch_execute("INSERT INTO a VALUES (1)")?;
        Ok(())
    });
    let set = with_code("-- gapless: no-transaction\n");
    let inside = Code::for_client(OWN, |_: &mut Client| Ok(()));
    assert!(set.runner().code(CODE, inside).run(&mut own).unwrap_err().is_usage());
    assert_eq!(set.runner().code(CODE, vacuum).run(&mut own).unwrap().applied().len(), 2);
    assert_eq!((own.rows_of_a(), own.applied()), (vec!["1".into()], vec!["1".into(), "2".into()]));
    assert_eq!(set.runner().run(&mut own).unwrap().round_trips(), 1);
}

#[test]
fn code_that_fails_under_a_driver_of_ones_own_is_rolled_back() {
    let mut own = Own::fresh();
    let code = Code::for_client(OWN, |client: &mut Client| {
        client.batch_execute("INSERT INTO a VALUES (1)")?;
        Err("the moon is full".into())
    });
    let error = with_code("").runner().code(CODE, code).run(&mut own).unwrap_err();
    assert_eq!(error.failure().unwrap().path(), "migrations/2_fill.sql", "{error}");
    assert!(error.to_string().contains("the moon is full"), "{error}");
    assert_eq!((own.rows_of_a(), own.applied()), (vec![], vec!["1".to_owned()]));
    // Code that commits by itself is found out, as with the clients that come with the library.
    let code = Code::for_client(OWN, |client: &mut Client| Ok(client.batch_execute("COMMIT; BEGIN")?));
    let error = with_code("").runner().code(CODE, code).run(&mut own).unwrap_err();
    assert!(error.to_string().contains("the code has ended the migration's transaction"), "{error}");
}

#[test]
fn code_for_another_client_than_ones_own_is_refused() {
    let mut own = Own::fresh();
    let set = with_code("");
    for code in [Code::postgres(|_| Ok(())), Code::for_client("other::Client", |_: &mut Client| Ok(()))] {
        let error = set.runner().code(CODE, code).run(&mut own).unwrap_err();
        assert!(error.is_usage() && error.applied().is_empty(), "{error}");
        assert!(error.to_string().starts_with("the code of version 2 is for `"), "{error}");
    }
    assert_eq!(own.column("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'").len(), 0);
    let code = Code::for_client(OWN, |_: &mut Client| Ok(()));
    let error = set.runner().code(CODE, code).run(&mut own.0).unwrap_err();
    assert!(error.to_string().starts_with("the code of version 2 is for `code_own::Own`"), "{error}");
    // Another type under the same name.
    let code = Code::for_client(OWN, |_: &mut rusqlite::Connection| Ok(()));
    let error = set.runner().code(CODE, code).run(&mut own).unwrap_err();
    assert!(error.to_string().contains("its code takes `rusqlite::Connection`"), "{error}");
    assert_eq!(own.applied(), ["1"]);
}

/// Names the client that the library has a driver for, and does not run its code by it.
struct Disguised(Own);

impl Connection for Disguised {
    fn dialect(&self) -> &'static dyn Dialect {
        &Postgres
    }

    fn runs(&self) -> &'static str {
        "postgres::Client"
    }

    fn exchange(&mut self, message: &str) -> Result<Vec<ResultSet>, ExchangeError> {
        self.0.exchange(message)
    }

    fn call(&mut self, call: &mut Call) -> Result<Vec<ResultSet>, ExchangeError> {
        self.0.call(call)
    }
}

#[test]
fn a_call_does_not_run_the_code_of_a_client_of_the_library() {
    let mut disguised = Disguised(Own::fresh());
    let code = Code::postgres(|_| Ok(()));
    let error = with_code("").runner().code(CODE, code).run(&mut disguised).unwrap_err();
    assert!(error.to_string().contains("its code is for `postgres::Client`, and the run has"), "{error}");
    assert_eq!(disguised.0.applied(), ["1"]);
}

#[test]
fn for_client_with_the_name_of_a_built_in_client_is_refused_before_anything_is_applied() {
    let database = cluster().database();
    let mut client = database.connect();
    let inside = Code::for_client("postgres::Client", |_: &mut Client| Ok(()));
    let outside = Code::for_client_no_transaction("postgres::Client", |_: &mut Client| Ok(()));
    for (directives, code, constructor) in [
        ("", inside, "`Code::postgres`"),
        ("-- gapless: no-transaction\n", outside, "`Code::postgres_no_transaction`"),
    ] {
        let error = with_code(directives).runner().code(CODE, code).run(&mut client).unwrap_err();
        assert!(error.is_usage() && error.applied().is_empty(), "{error}");
        assert!(error.to_string().contains(constructor), "{error}");
    }
    let tables = client.query("SELECT 1 FROM pg_tables WHERE schemaname = 'public'", &[]).unwrap();
    assert_eq!(tables.len(), 0);
}

#[test]
fn code_for_another_client_is_refused_before_a_baseline_is_verified() {
    let (mut long, mut short) = (Own::fresh(), Own::fresh());
    let set = set(&[
        ("1_a.sql", "CREATE TABLE a (id int);"),
        ("2_fill.sql", "-- gapless: rust\n"),
        ("2_all.baseline.sql", "CREATE TABLE a (id int);"),
    ]);
    let runner = set.runner().code(CODE, Code::postgres(|_| Ok(())));
    let error = runner.verify_baseline(&mut long, &mut short).unwrap_err();
    assert!(error.is_usage(), "{error}");
    assert_eq!(long.column("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'").len(), 0);
}
