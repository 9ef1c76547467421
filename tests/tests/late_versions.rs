//! Going back from a release that has applied late versions: they are told from lost files.

use gapless::{Conflict, Legacy, MigrationSet, Rollback, Unknown, Version};
use gapless_tests::cluster::cluster;
use gapless_tests::set::set;
use postgres::Client;

fn release(versions: &[i64]) -> MigrationSet {
    let files: Vec<_> = versions
        .iter()
        .map(|number| (format!("{number}_m{number}.up.sql"), format!("CREATE TABLE t{number} (id int);")))
        .collect();
    let downs: Vec<_> = versions
        .iter()
        .map(|number| (format!("{number}_m{number}.down.sql"), format!("DROP TABLE t{number};")))
        .collect();
    let files = files.iter().chain(&downs);
    set(&files.map(|(file, sql)| (file.as_str(), sql.as_str())).collect::<Vec<_>>())
}

fn fresh(releases: &[&[i64]]) -> Client {
    let mut client = cluster().database().connect();
    for versions in releases {
        release(versions).runner().unknown(Unknown::Allow).run(&mut client).unwrap();
    }
    client
}

#[test]
fn a_release_before_the_late_version_of_a_fresh_database_boots() {
    for (newer, older) in [
        (&[1, 2, 5, 10, 11][..], &[1, 2, 10][..]),
        (&[1, 2, 5, 6, 10, 11], &[1, 2, 10]),
        (&[0, 1, 2, 10, 11], &[1, 2, 10]),
        // The newest is pending for the older one.
        (&[1, 2, 5, 10, 11], &[1, 2, 10, 20]),
    ] {
        let mut client = fresh(&[newer]);
        let older = release(older);
        let pending = older.migrations().len() - 3;
        let plan = older.runner().plan(&mut client).unwrap_or_else(|error| panic!("{newer:?}: {error}"));
        assert_eq!(plan.pending().len(), pending, "{newer:?}");
        let report = older.runner().run(&mut client).unwrap();
        assert_eq!((report.applied().len(), report.warnings().len()), (pending, newer.len() - 3), "{report}");
        assert!(report.warnings().iter().all(|one| one.ends_with("a newer release was here")), "{report}");
        let mut lite = rusqlite::Connection::open_in_memory().unwrap();
        release(newer).runner().run(&mut lite).unwrap();
        assert_eq!(older.runner().run(&mut lite).unwrap().applied().len(), pending);
    }
}

/// Rows recorded after the first run of a newer release are a newer release's too.
#[test]
fn a_late_version_of_a_later_run_is_not_lost() {
    let mut client = fresh(&[&[1, 2, 11], &[1, 2, 5, 11], &[1, 2, 10, 11]]);
    assert_eq!(release(&[1, 2, 10]).runner().run(&mut client).unwrap().applied().len(), 0);
}

#[test]
fn a_file_that_was_lost_is_refused_all_the_same() {
    for (applied, embedded) in [
        // One run, and nobody knows of anything newer.
        (vec![&[1, 2, 5, 10][..]], &[1, 2, 10][..]),
        (vec![&[1, 2, 5, 10, 11]], &[1, 2, 10, 11]),
        // Lost before a newer release was here.
        (vec![&[1, 2, 5], &[1, 2, 5, 10], &[1, 2, 5, 10, 11]], &[1, 2, 10]),
    ] {
        let mut client = fresh(&applied);
        let error = release(embedded).runner().run(&mut client).unwrap_err();
        assert!(matches!(error.conflicts(), [Conflict::Orphan { .. }]), "{applied:?}: {error}");
    }
    // Taken back and applied anew, it is what the last run made of it.
    let mut client = fresh(&[&[1, 2, 5], &[1, 2, 5, 10, 11]]);
    let all = release(&[1, 2, 5, 10, 11]);
    all.runner().rollback(Rollback::to(Version::from(2)), &mut client).unwrap();
    all.runner().run(&mut client).unwrap();
    release(&[1, 2, 10]).runner().run(&mut client).unwrap();
}

/// Without the journal nobody can tell.
#[test]
fn a_row_of_which_the_journal_says_nothing_is_refused() {
    let mut client = fresh(&[&[1, 2, 5, 10, 11]]);
    client.batch_execute("DELETE FROM applied_migrations_journal WHERE version = 5").unwrap();
    let error = release(&[1, 2, 10]).runner().run(&mut client).unwrap_err();
    assert!(matches!(error.conflicts(), [Conflict::Orphan { .. }]), "{error}");
}

#[test]
fn a_release_before_one_that_adopted_boots() {
    let mut client = cluster().database().connect();
    let dbmate = "CREATE TABLE g (version varchar); INSERT INTO g VALUES ('1'), ('2'), ('5'), ('10'), ('11')";
    client.batch_execute(dbmate).unwrap();
    release(&[1, 2, 5, 10, 11]).runner().adopt(Legacy::dbmate("g")).run(&mut client).unwrap();
    assert_eq!(release(&[1, 2, 10]).runner().run(&mut client).unwrap().applied().len(), 0);
}

#[test]
fn an_ordinary_boot_does_not_ask_the_journal() {
    let mut client = fresh(&[&[1, 2, 5, 10, 11]]);
    assert_eq!(release(&[1, 2, 5, 10]).runner().run(&mut client).unwrap().round_trips(), 1);
    assert_eq!(release(&[1, 2, 10]).runner().run(&mut client).unwrap().round_trips(), 2);
}
