//! The status of every version.

use gapless::{MigrationSet, Rollback, Status, Version, VersionState};

use super::{SET, assert_clean, rows, run};
use crate::driver::Driver;
use crate::set::{set, tables};

fn status<D: Driver>(client: &mut D::Client, set: &MigrationSet) -> Status {
    D::status(client, set.runner()).unwrap()
}

fn states(status: &Status) -> Vec<String> {
    status.versions().iter().map(ToString::to_string).collect()
}

pub(super) fn the_status_of_an_empty_database_is_all_pending<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    D::sql(&mut client, D::MAKE_READ_ONLY).unwrap();
    let found = status::<D>(&mut client, &tables(2));
    assert_eq!(states(&found), ["1 t1: pending", "2 t2: pending"]);
    let first = &found.versions()[0];
    assert_eq!(
        (first.path(), first.applied_at(), first.recorded_checksum()),
        (Some("migrations/1_t1.sql"), None, None)
    );
    assert!(D::sql(&mut client, SET).is_err(), "a tracker was created");
    assert!(found.warnings().is_empty(), "{found}");
    assert_eq!(status::<D>(&mut client, &tables(0)).to_string(), "no migrations");
    assert_clean::<D>(&mut client);
}

pub(super) fn the_status_tells_of_applied_rows<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    // So many that a boot compares digests.
    let many = tables(200);
    run::<D>(&mut client, &many).unwrap();
    D::sql(&mut client, D::MAKE_READ_ONLY).unwrap();
    let found = status::<D>(&mut client, &many);
    assert_eq!(found.versions().len(), 200);
    for (one, migration) in found.versions().iter().zip(many.migrations()) {
        assert_eq!(
            (one.version(), one.name(), one.state()),
            (migration.version(), migration.name(), VersionState::Applied)
        );
        assert_eq!(one.recorded_checksum(), Some(migration.checksum()));
        assert_eq!(one.embedded_checksum(), Some(migration.checksum()));
        let at = one.applied_at().expect("it is recorded when");
        let form: String = at.chars().map(|char| if char.is_ascii_digit() { '0' } else { char }).collect();
        assert!(form.starts_with("0000-00-00T00:00:00.000") && form.ends_with('Z'), "{at}");
        assert!(one.duration().is_some() && one.error().is_none() && one.tried_at().is_none(), "{one:?}");
    }
    assert_eq!(found.find(Version::from(7)).map(gapless::VersionStatus::name), Some("t7"));
    assert_eq!(found.find(Version::from(700)), None);
}

pub(super) fn the_status_shows_contradictions<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    run::<D>(&mut client, &tables(5)).unwrap();
    let other = set(&[
        ("1_t1.sql", "CREATE TABLE t1 (id int, more int);"),
        ("2_two.sql", "CREATE TABLE t2 (id int);"),
        ("4_t4.tombstone.sql", "-- gone"),
        ("5_t5.sql", "CREATE TABLE t5 (id int);"),
        ("6_gone.tombstone.sql", "-- gone"),
        ("9_t3.sql", "CREATE TABLE t3 (id int);"),
    ]);
    assert!(D::plan(&mut client, other.runner()).is_err());
    let found = status::<D>(&mut client, &other);
    assert_eq!(
        states(&found),
        [
            "1 t1: edited",
            "2 two: renamed (recorded as 2 t2)",
            "3 t3: orphan",
            "4 t4: tombstone",
            "5 t5: applied",
            "6 gone: tombstone",
            "9 t3: pending"
        ]
    );
    let [edited, _, orphan, retired, _, never, _] = found.versions() else { panic!("{found}") };
    assert!(edited.recorded_checksum().is_some() && edited.recorded_checksum() != edited.embedded_checksum());
    assert_eq!((orphan.path(), orphan.embedded_checksum()), (None, None));
    assert!(retired.applied_at().is_some() && never.applied_at().is_none());
    assert_clean::<D>(&mut client);
    // A newer release may have moved it.
    let driver = D::fresh();
    let mut client = driver.connect();
    run::<D>(&mut client, &tables(2)).unwrap();
    let moved = set(&[("1_t1.sql", "CREATE TABLE t1 (id int);"), ("9_t2.sql", "CREATE TABLE t2 (id int);")]);
    assert_eq!(states(&status::<D>(&mut client, &moved)), ["1 t1: applied", "2 t2: ahead", "9 t2: moved"]);
}

pub(super) fn the_status_tells_of_late_and_held_back_versions<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let some = set(&[("1_a.sql", "CREATE TABLE a (id int);"), ("3_c.sql", "CREATE TABLE c (id int);")]);
    run::<D>(&mut client, &some).unwrap();
    let all = set(&[
        ("1_a.sql", "CREATE TABLE a (id int);"),
        ("2_b.sql", "CREATE TABLE b (id int);"),
        ("3_c.sql", "CREATE TABLE c (id int);"),
        ("4_d.sql", "CREATE TABLE d (id int);"),
        ("5_e.sql", "CREATE TABLE e (id int);"),
    ]);
    for refuse in [gapless::OutOfOrder::Allow, gapless::OutOfOrder::Refuse] {
        let runner = all.runner().target(Version::from(4)).out_of_order(refuse);
        let found = D::status(&mut client, runner).unwrap();
        let expected = ["1 a: applied", "2 b: late", "3 c: applied", "4 d: pending", "5 e: held back"];
        assert_eq!(states(&found), expected);
    }
}

const STEPS: &str = "-- gapless: no-transaction\nCREATE TABLE b (id int);\nSELECT nothing;\n";

pub(super) fn the_status_tells_of_tries_that_did_not_end<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let down = "-- gapless: no-transaction\nDROP TABLE a;\nSELECT nothing;\n";
    let all =
        set(&[("1_a.up.sql", "CREATE TABLE a (id int);"), ("1_a.down.sql", down), ("2_b.up.sql", STEPS)]);
    run::<D>(&mut client, &all).unwrap_err();
    let found = status::<D>(&mut client, &all);
    assert_eq!(states(&found), ["1 a: applied", "2 b: failed"]);
    let failed = &found.versions()[1];
    assert!(failed.error().is_some_and(|error| error.contains("nothing")), "{failed:?}");
    assert!(
        failed.tried_at().is_some_and(|at| at.ends_with('Z')) && failed.applied_at().is_none(),
        "{failed:?}"
    );
    // As a killed process leaves it.
    rows::<D>(
        &mut client,
        "UPDATE applied_migrations_journal SET event = 'statement_begun', detail = NULL WHERE event = 'failed'",
    );
    let found = status::<D>(&mut client, &all);
    assert_eq!(states(&found), ["1 a: applied", "2 b: interrupted"]);
    assert_eq!(found.versions()[1].error(), None);
    // A rollback that did not end either.
    D::rollback(&mut client, all.runner(), Rollback::steps(1).past_later()).unwrap_err();
    let found = status::<D>(&mut client, &all);
    assert_eq!(states(&found), ["1 a: rolling back", "2 b: interrupted"]);
    // Nothing is left of a try once it was rolled back.
    let driver = D::fresh();
    let mut client = driver.connect();
    let good = set(&[("1_a.up.sql", "CREATE TABLE a (id int);"), ("1_a.down.sql", "DROP TABLE a;")]);
    run::<D>(&mut client, &good).unwrap();
    D::rollback(&mut client, good.runner(), Rollback::steps(1)).unwrap();
    assert_eq!(states(&status::<D>(&mut client, &good)), ["1 a: pending"]);
}

pub(super) fn the_status_follows_renames<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    run::<D>(&mut client, &tables(2)).unwrap();
    let [one, t1] = [("1_one.sql", "CREATE TABLE t1 (id int);"), ("1_t1.sql", "CREATE TABLE t1 (id int);")];
    let t9 = ("9_t2.sql", "CREATE TABLE t2 (id int);");
    let newer = set(&[one, t9, ("renames.txt", "1_t1 -> 1_one\n2_t2 -> 9_t2")]);
    let found = status::<D>(&mut client, &newer);
    let expected = ["1 one: applied (recorded as 1 t1)", "9 t2: applied (recorded as 2 t2)"];
    assert_eq!(states(&found), expected);
    assert!(
        found.versions().iter().all(|one| one.applied_at().is_some() && one.duration().is_some()),
        "{found:?}"
    );
    run::<D>(&mut client, &newer).unwrap();
    let found = status::<D>(&mut client, &newer);
    assert_eq!(states(&found), ["1 one: applied", "9 t2: applied"]);
    assert!(found.versions().iter().all(|one| one.duration().is_some()), "{found:?}");
    // The release before knows its own names.
    let found = status::<D>(&mut client, &tables(2));
    let expected = ["1 t1: applied (recorded as 1 one)", "2 t2: applied (recorded as 9 t2)"];
    assert_eq!(states(&found), expected);
    assert!(found.versions().iter().all(|one| one.duration().is_some()), "{found:?}");
    assert_eq!(found.warnings().len(), 2);
    // One of ours has the number that the newer release has given to another.
    let t2 = ("2_t2.sql", "CREATE TABLE t2 (id int);");
    let beside = set(&[t1, t2, ("9_new.sql", "CREATE TABLE new (id int);")]);
    assert_eq!(
        states(&status::<D>(&mut client, &beside)),
        ["1 t1: applied (recorded as 1 one)", "2 t2: applied (recorded as 9 t2)", "9 new: taken"]
    );
    // Recorded under both names.
    rows::<D>(&mut client, "INSERT INTO applied_migrations (version, name) VALUES (2, 't2')");
    assert_eq!(
        states(&status::<D>(&mut client, &newer)),
        ["1 one: applied", "2 t2: duplicate", "9 t2: applied"]
    );
}

pub(super) fn the_status_knows_baselines<D: Driver>() {
    let [t1, t2, t3] = [1, 2, 3].map(|n| (format!("{n}_t{n}.sql"), format!("CREATE TABLE t{n} (id int);")));
    let of = |(file, sql): &(String, String)| (file.clone(), sql.clone());
    let all = ("2_all.baseline.sql".to_owned(), format!("{}\n{}", t1.1, t2.1));
    let squashed = |files: Vec<(String, String)>| {
        set(&files.iter().map(|(file, sql)| (file.as_str(), sql.as_str())).collect::<Vec<_>>())
    };
    let whole = squashed(vec![of(&t1), of(&t2), all.clone(), of(&t3)]);
    let driver = D::fresh();
    let mut client = driver.connect();
    let expected = ["1 t1: covered by the baseline", "2 all: pending", "3 t3: pending"];
    assert_eq!(states(&status::<D>(&mut client, &whole)), expected);
    run::<D>(&mut client, &whole).unwrap();
    let expected = ["1 t1: applied", "2 t2: applied", "3 t3: applied"];
    assert_eq!(states(&status::<D>(&mut client, &whole)), expected);
    // The next release has removed a file.
    let squashed = squashed(vec![of(&t2), all, of(&t3)]);
    let found = status::<D>(&mut client, &squashed);
    assert_eq!(states(&found), expected);
    assert_eq!(found.versions()[0].path(), None);
    // One that stopped below it.
    let driver = D::fresh();
    let mut client = driver.connect();
    run::<D>(&mut client, &tables(1)).unwrap();
    let later = set(&[
        ("2_all.baseline.sql", "CREATE TABLE t1 (id int);\nCREATE TABLE t2 (id int);"),
        ("3_t3.sql", "CREATE TABLE t3 (id int);"),
    ]);
    let found = status::<D>(&mut client, &later);
    assert_eq!(states(&found), ["1 t1: applied", "2 all: below the baseline", "3 t3: pending"]);
    // And one without a history.
    let driver = D::fresh();
    let mut client = driver.connect();
    assert_eq!(states(&status::<D>(&mut client, &later)), ["2 all: pending", "3 t3: pending"]);
    run::<D>(&mut client, &later).unwrap();
    assert_eq!(states(&status::<D>(&mut client, &later)), ["2 all: applied", "3 t3: applied"]);
}

pub(super) fn the_status_knows_a_newer_release<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    run::<D>(&mut client, &tables(3)).unwrap();
    for unknown in [gapless::Unknown::AllowAhead, gapless::Unknown::Refuse, gapless::Unknown::Allow] {
        let older = tables(1);
        let found = D::status(&mut client, older.runner().unknown(unknown)).unwrap();
        assert_eq!(states(&found), ["1 t1: applied", "2 t2: ahead", "3 t3: ahead"]);
        assert!(found.versions()[2].applied_at().is_some() && found.versions()[2].duration().is_some());
    }
}

pub(super) fn the_status_does_without_a_journal<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    run::<D>(&mut client, &tables(1)).unwrap();
    rows::<D>(&mut client, "DROP TABLE applied_migrations_journal");
    let found = status::<D>(&mut client, &tables(2));
    assert_eq!(states(&found), ["1 t1: applied", "2 t2: pending"]);
    let first = &found.versions()[0];
    assert!(first.applied_at().is_some() && first.recorded_checksum().is_some());
    assert_eq!((first.duration(), first.db_user(), first.application()), (None, None, None));
    assert!(found.warnings().is_empty(), "{found}");
    assert_clean::<D>(&mut client);
}
