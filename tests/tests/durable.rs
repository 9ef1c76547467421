//! Reported migrations survive a crash of the server, because the last commit of a run is durable.

use gapless::engine::{Dialect, ResultSet};
use gapless::{Connection, ExchangeError, Legacy, MigrationSet, Rollback, Runner, Version};
use gapless_tests::cluster::cluster;
use gapless_tests::set::{set, tables};
use postgres::Client;

/// Writes down what it sends.
struct Recording {
    client: Client,
    sent: Vec<String>,
}

impl Connection for Recording {
    fn dialect(&self) -> &'static dyn Dialect {
        self.client.dialect()
    }

    fn exchange(&mut self, message: &str) -> Result<Vec<ResultSet>, ExchangeError> {
        self.sent.push(message.to_owned());
        self.client.exchange(message)
    }
}

const LAZY: &str = "SET LOCAL synchronous_commit = off;\nCOMMIT;";

/// Returns true if the last commit of all messages waits for the disk.
fn ends_durably(sent: &[String]) -> bool {
    let all = sent.join("");
    let last = all.rfind("COMMIT;").expect("something was committed");
    !all[..last + "COMMIT;".len()].ends_with(LAZY)
}

fn recorded(prepare: &str, work: impl FnOnce(&mut Recording)) -> Vec<String> {
    let mut client = cluster().database().connect();
    client.batch_execute(prepare).unwrap();
    let mut recording = Recording { client, sent: Vec::new() };
    work(&mut recording);
    recording.sent
}

fn runs(runner: Runner<'_>, client: &mut Recording) {
    client.sent.clear();
    runner.run(client).unwrap();
}

fn two() -> MigrationSet {
    set(&[("1_t1.sql", "SELECT 1;"), ("2_t2.up.sql", "SELECT 2;"), ("2_t2.down.sql", "SELECT 2;")])
}

#[test]
fn the_last_commit_of_a_run_waits_for_the_disk() {
    let all = two();
    let moved = set(&[("1_t1.sql", "SELECT 1;"), ("7_t2.sql", "SELECT 2;"), ("renames.txt", "2_t2 -> 7_t2")]);
    let edited = set(&[("1_t1.sql", "SELECT 'edited';"), ("2_t2.sql", "SELECT 2;")]);
    let first = [
        ("an empty database", recorded("", |client| runs(all.runner(), client))),
        (
            "a rename",
            recorded("", |client| {
                all.runner().run(client).unwrap();
                runs(moved.runner(), client);
            }),
        ),
        (
            "an accepted edit",
            recorded("", |client| {
                all.runner().run(client).unwrap();
                runs(edited.runner().accept(Version::from(1)), client);
            }),
        ),
        (
            "an adoption",
            recorded("CREATE TABLE g (version varchar); INSERT INTO g VALUES ('1'), ('2')", |client| {
                runs(all.runner().adopt(Legacy::dbmate("g")), client)
            }),
        ),
        (
            "a reconciled table",
            recorded("CREATE TABLE t ()", |client| {
                runs(all.runner().reconcile([Version::from(1), Version::from(2)], ["t"]), client);
            }),
        ),
        (
            "a rollback",
            recorded("", |client| {
                all.runner().run(client).unwrap();
                client.sent.clear();
                all.runner().rollback(Rollback::steps(1), client).unwrap();
            }),
        ),
    ];
    for (what, sent) in first {
        assert!(ends_durably(&sent), "{what}: {sent:#?}");
    }
}

/// Between them nothing waits; what the last one makes durable is all that came before it.
#[test]
fn all_but_the_last_of_a_message_are_lazy() {
    let sent = recorded("", |client| runs(tables(5).runner(), client));
    assert_eq!(sent.iter().map(|message| message.matches(LAZY).count()).sum::<usize>(), 5, "{sent:#?}");
}

/// A failure is journaled by a statement of its own, whose commit takes what was applied before along.
#[test]
fn a_failure_makes_durable_what_came_before_it() {
    let broken = set(&[("1_a.sql", "SELECT 1;"), ("2_b.sql", "SELECT 1/0;"), ("3_c.sql", "SELECT 3;")]);
    let sent = recorded("", |client| drop(broken.runner().run(client).unwrap_err()));
    let journal = sent.iter().rposition(|message| message.contains("'failed'")).expect("it is journaled");
    assert!(!sent[journal].contains("synchronous_commit"), "{sent:#?}");
    assert!(sent[journal..].iter().all(|message| !message.contains(LAZY)), "{sent:#?}");
}
