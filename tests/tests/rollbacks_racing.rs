//! Two rollbacks of one migration at the same time.

use gapless::{Locking, MigrationSet, Rollback, Version};
use gapless_tests::between::Between;
use gapless_tests::cluster::cluster;
use gapless_tests::set::set;
use postgres::Client;

fn text(client: &mut Client, sql: &str) -> String {
    client.query_one(sql, &[]).unwrap().get::<_, Option<String>>(0).unwrap_or_default()
}

const SET: &str = "SELECT string_agg(version::text, ' ' ORDER BY version) FROM applied_migrations";

fn with_downs() -> MigrationSet {
    set(&[
        ("1_log.up.sql", "CREATE TABLE IF NOT EXISTS log (at text);"),
        ("1_log.down.sql", "INSERT INTO log VALUES ('back');"),
        ("2_x.up.sql", "SELECT 1;"),
        ("2_x.down.sql", "INSERT INTO log VALUES ('back');"),
    ])
}

/// Two of them have looked before either has taken anything back.
#[test]
fn a_migration_is_rolled_back_once() {
    for locking in [Locking::None, Locking::Transaction] {
        let database = cluster().database();
        let all = with_downs();
        all.runner().run(&mut database.connect()).unwrap();
        let back = |client: &mut Client| {
            let to = Rollback::to(Version::from(1));
            all.runner().locking(locking).rollback(to, client).unwrap().rolled_back().len()
        };
        let between = || assert_eq!(back(&mut database.connect()), 1);
        let mut client = Between { client: database.connect(), text: "WITH gone AS", between: Some(between) };
        let to = Rollback::to(Version::from(1));
        let report = all.runner().locking(locking).rollback(to, &mut client).unwrap();
        assert!(client.between.is_none(), "it never came to that");
        assert_eq!(report.rolled_back().len(), 0, "{report}");
        assert_eq!(text(&mut database.connect(), "SELECT count(*)::text FROM log"), "1");
        assert_eq!(text(&mut database.connect(), SET), "1");
    }
}
