use gapless::{MigrationSet, Resolution, Rollback, Version};

use super::{SET, assert_clean, rows, run, versions};
use crate::driver::Driver;
use crate::set::set;

/// A table, and a script outside of a transaction with these values in its second and third statement.
fn steps(second: &str, third: &str) -> MigrationSet {
    let text = format!(
        "-- gapless: no-transaction\nINSERT INTO a VALUES (1);\nINSERT INTO a VALUES ({second});\n\
         INSERT INTO a VALUES ({third});\n"
    );
    set(&[("1_a.sql", "CREATE TABLE a (id int);"), ("2_b.sql", &text)])
}

fn last_entry<D: Driver>(client: &mut D::Client, set: &MigrationSet) -> i64 {
    let status = D::status(client, set.runner()).unwrap();
    status.find(Version::from(2)).unwrap().last_entry().expect("the journal tells of it")
}

/// Somebody looks, and answers after another runner has gone on: the answer is about another statement.
pub(super) fn an_answer_about_an_earlier_state_is_refused<D: Driver>() {
    for resolution in [Resolution::Retry, Resolution::RetryFrom(3), Resolution::MarkApplied] {
        let driver = D::fresh();
        let mut client = driver.connect();
        run::<D>(&mut client, &steps("nothing", "3")).unwrap_err();
        let seen = last_entry::<D>(&mut client, &steps("2", "3"));
        run::<D>(&mut client, &steps("2", "nothing")).unwrap_err();
        let whole = steps("2", "3");
        let resolve = |seen| whole.runner().resolve(Version::from(2), resolution).seen(seen);
        let journal = rows::<D>(&mut client, "SELECT count(*) FROM applied_migrations_journal");
        for repairs in [true, false] {
            let late = if repairs {
                D::repair(&mut client, resolve(seen)).unwrap_err()
            } else {
                D::run(&mut client, resolve(seen)).unwrap_err()
            };
            assert!(late.is_stale(), "{late}");
            let told = format!(
                "version 2 has gone on since entry {seen} of the journal, to which the resolution is bound\n\
                 help: look at its status again"
            );
            assert!(late.to_string().starts_with(&told), "{late}");
        }
        assert_eq!(rows::<D>(&mut client, SET), ["1|a"]);
        assert_eq!(rows::<D>(&mut client, "SELECT id FROM a ORDER BY id"), ["1", "2"]);
        assert_eq!(rows::<D>(&mut client, "SELECT count(*) FROM applied_migrations_journal"), journal);
        assert_clean::<D>(&mut client);
        let now = last_entry::<D>(&mut client, &whole);
        assert_eq!(versions(D::repair(&mut client, resolve(now)).unwrap().applied()), [2], "{resolution:?}");
        assert_eq!(rows::<D>(&mut client, SET), ["1|a", "2|b"]);
    }
}

fn three() -> MigrationSet {
    let files = ["1_a", "2_b", "3_c"].map(|stem| {
        let table = &stem[2..];
        [
            (format!("{stem}.up.sql"), format!("CREATE TABLE {table} (id int);")),
            (format!("{stem}.down.sql"), format!("DROP TABLE {table};")),
        ]
    });
    let files: Vec<_> = files.iter().flatten().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    set(&files)
}

/// Two people roll the last migration back: the second does not roll back the one before.
pub(super) fn a_rollback_is_the_one_that_was_planned<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let set = three();
    run::<D>(&mut client, &set).unwrap();
    let last = Rollback::steps(1);
    let plan = D::plan_rollback(&mut client, set.runner(), last).unwrap();
    assert_eq!(versions(D::rollback(&mut client, set.runner(), last).unwrap().rolled_back()), [3]);
    let late = D::rollback(&mut client, set.runner().as_planned(&plan), last).unwrap_err();
    assert!(late.is_stale(), "{late}");
    assert_eq!(
        late.to_string(),
        "the database is not as it was when the plan was made, and nothing was changed\nhelp: look at a new plan"
    );
    assert_eq!(rows::<D>(&mut client, SET), ["1|a", "2|b"]);
    assert_clean::<D>(&mut client);
    let plan = D::plan_rollback(&mut client, set.runner(), Rollback::to(Version::from(1))).unwrap();
    let report =
        D::rollback(&mut client, set.runner().as_planned(&plan), Rollback::to(Version::from(1))).unwrap();
    assert_eq!(versions(report.rolled_back()), [2]);
}

/// What the plan says is done, and nothing that has become due since.
pub(super) fn a_run_is_the_one_that_was_planned<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let set = three();
    let plan = D::plan(&mut client, set.runner()).unwrap();
    D::run(&mut client, set.runner().target(Version::from(1))).unwrap();
    assert!(D::run(&mut client, set.runner().as_planned(&plan)).unwrap_err().is_stale());
    assert_eq!(rows::<D>(&mut client, SET), ["1|a"]);
    let plan = D::plan(&mut client, set.runner()).unwrap();
    assert_eq!(versions(D::run(&mut client, set.runner().as_planned(&plan)).unwrap().applied()), [2, 3]);
    // Nothing is due any more.
    assert_eq!(D::run(&mut client, set.runner().as_planned(&plan)).unwrap().applied().len(), 0);
}

/// Another edit than the one that somebody has looked at is not accepted.
pub(super) fn a_repair_is_the_one_that_was_planned<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let with = |text: &str| {
        set(&[("1_a.sql", &format!("CREATE TABLE a (id int); -- {text}")), ("2_b.sql", "SELECT 1;")])
    };
    let (one, two) = (with("one"), with("two"));
    run::<D>(&mut client, &one).unwrap();
    let accept = |set: &MigrationSet, client: &mut D::Client| {
        let plan = D::plan_repair(client, set.runner().accept(Version::from(1))).unwrap();
        assert_eq!(plan.changes().len(), 1);
        plan
    };
    let plan = accept(&two, &mut client);
    D::repair(&mut client, with("three").runner().accept(Version::from(1))).unwrap();
    let late = D::repair(&mut client, two.runner().accept(Version::from(1)).as_planned(&plan)).unwrap_err();
    assert!(late.is_stale(), "{late}");
    let plan = accept(&two, &mut client);
    D::repair(&mut client, two.runner().accept(Version::from(1)).as_planned(&plan)).unwrap();
    assert!(D::verify(&mut client, two.runner()).is_ok());
}
