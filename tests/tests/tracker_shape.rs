//! A table that is not a tracker is refused, whatever the number of its rows.

use gapless_tests::cluster::cluster;
use gapless_tests::set::tables;

#[test]
fn a_version_that_is_no_integer_is_refused_at_every_size() {
    for count in [1, 149, 150, 151] {
        for kind in ["numeric", "text", "double precision"] {
            let mut client = cluster().database().connect();
            let all = tables(count);
            all.runner().run(&mut client).unwrap();
            let alter =
                format!("ALTER TABLE applied_migrations ALTER version TYPE {kind} USING version::{kind}");
            client.batch_execute(&alter).unwrap();
            let error = all.runner().run(&mut client).unwrap_err();
            assert!(error.is_foreign_table(), "{count} {kind}: {error}");
        }
        let mut client = cluster().database().connect();
        let all = tables(count);
        all.runner().run(&mut client).unwrap();
        client.batch_execute("ALTER TABLE applied_migrations ALTER version TYPE int").unwrap();
        assert_eq!(all.runner().run(&mut client).unwrap().already_applied(), count);
        assert_eq!(tables(count + 1).runner().run(&mut client).unwrap().applied().len(), 1);
    }
}

#[test]
fn a_row_that_is_there_twice_is_refused_at_every_size() {
    for count in [3, 149, 150, 151] {
        for row in
            ["(1, 't1', now(), NULL)", "(0, 'lost', '2001-01-01', NULL), (0, 'lost', '2001-01-01', NULL)"]
        {
            let mut client = cluster().database().connect();
            let all = tables(count);
            all.runner().run(&mut client).unwrap();
            let twice = format!(
                "ALTER TABLE applied_migrations DROP CONSTRAINT applied_migrations_pkey; \
                 INSERT INTO applied_migrations VALUES {row}"
            );
            client.batch_execute(&twice).unwrap();
            let error = all.runner().run(&mut client).unwrap_err();
            assert!(error.is_foreign_table(), "{count}: {error}");
            assert!(error.to_string().contains("is recorded twice"), "{count}: {error}");
        }
    }
}
