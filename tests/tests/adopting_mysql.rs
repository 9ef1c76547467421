//! Adopting the history of another tool on MariaDB.

use gapless::Layout;
use gapless_tests::histories::{cases, column, history, read, send};
use gapless_tests::mysql_server::server;
use gapless_tests::set::tables;
use mysql::Conn;
use mysql::prelude::Queryable;

#[test]
fn each_tool_s_history_is_adopted() {
    for case in cases() {
        let database = history(&case);
        let mut client = database.connect();
        let set = read(case.layout, &case.files);
        let runner = || set.runner().adopt(case.legacy.clone());
        let plan = runner().plan(&mut client).unwrap_or_else(|error| panic!("{:?}: {error}", case.legacy));
        assert_eq!((plan.changes().len(), plan.pending().len()), (1, 1), "{plan}");
        let report = runner().run(&mut client).unwrap();
        assert_eq!((report.changes().len(), report.applied().len()), (1, 1), "{report}");
        let recorded =
            "SELECT concat(version, ' ', name, ' ', checksum IS NOT NULL) FROM applied_migrations ORDER BY 1";
        let proven = i32::from(case.proven);
        assert_eq!(column(&mut client, recorded), [format!("1 users {proven}"), "2 orders 1".to_owned()]);
        assert_eq!(runner().run(&mut client).unwrap().round_trips(), 1);
        assert!(runner().verify(&mut client).is_ok());
        // The session of the run lives on, without locks.
        assert_eq!(column(&mut client, "SELECT release_all_locks()"), ["0"]);
    }
}

/// The statement that makes the table, without what its rows have added.
fn form(client: &mut Conn, table: &str) -> String {
    let (_, made): (String, String) =
        client.query_first(format!("SHOW CREATE TABLE {table}")).unwrap().unwrap();
    made.replace(" AUTO_INCREMENT=3", "")
}

#[test]
fn tables_are_created_as_the_tools_create_them() {
    for case in cases() {
        let theirs = history(&case);
        let table =
            column(&mut theirs.connect(), "SHOW TABLES").into_iter().find(|table| table != "users").unwrap();
        let mut client = server().database().connect();
        let set = read(case.layout, &case.files);
        let report = set.runner().adopt(case.legacy.create_on_fresh_database()).run(&mut client).unwrap();
        assert_eq!((report.applied().len(), report.created().is_some()), (2, true), "{report}");
        assert_eq!(form(&mut client, &table), form(&mut theirs.connect(), &table));
    }
}

/// A role that reads the table of the old tool, and writes the tracker alone.
#[test]
fn the_tool_s_table_need_only_be_readable() {
    let case = cases().into_iter().find(|case| case.layout == Layout::SqlMigrate).unwrap();
    let database = history(&case);
    let name = &database.name;
    let user = format!("reader_of_{name}");
    let mut root = database.connect();
    tables(1).runner().table("tracked").ignore_other_tools().run(&mut root).unwrap();
    let all = "SELECT, INSERT, UPDATE, DELETE";
    send(
        &mut root,
        &format!(
            "DELETE FROM tracked; DELETE FROM tracked_journal; CREATE USER {user}@localhost; \
             GRANT SELECT ON {name}.gorp_migrations TO {user}@localhost; \
             GRANT {all} ON {name}.tracked TO {user}@localhost; \
             GRANT {all} ON {name}.tracked_journal TO {user}@localhost"
        ),
    );
    let one = read(case.layout, &case.files[..1]);
    let runner = one.runner().table("tracked").adopt(case.legacy.clone());
    let report = runner.run(&mut database.connect_as(&user)).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(report.changes().len(), 1);
}

#[test]
fn replicas_adopt_once() {
    for case in cases() {
        let database = history(&case);
        let set = read(case.layout, &case.files);
        let reports = std::thread::scope(|scope| {
            let replica = || set.runner().adopt(case.legacy.clone()).run(&mut database.connect()).unwrap();
            let replicas: Vec<_> = (0..4).map(|_| scope.spawn(replica)).collect();
            replicas.into_iter().map(|replica| replica.join().unwrap()).collect::<Vec<_>>()
        });
        let adopted: usize = reports.iter().map(|report| report.changes().len()).sum();
        let journaled = "SELECT count(*) FROM applied_migrations_journal WHERE event = 'adopted'";
        assert_eq!((adopted, column(&mut database.connect(), journaled)), (1, vec!["1".to_owned()]));
    }
}
