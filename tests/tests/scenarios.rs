//! Runs against the simulator: their messages, and the state after any fault anywhere.

use std::cell::RefCell;

use gapless::engine::Postgres;
use gapless::{Locking, MigrationSet};
use gapless_tests::set::set;
use gapless_tests::simulator::{Client, Data, Fault, Server};

/// A server in some state, and a set to bring it to.
struct Scenario {
    server: Server,
    set: MigrationSet,
    locking: Locking,
}

impl Scenario {
    fn fresh(set: MigrationSet) -> Scenario {
        Scenario { server: Server::default(), set, locking: Locking::Session }
    }

    /// With these versions applied by an undisturbed run.
    fn with_applied(set: MigrationSet, versions: &[i64]) -> Scenario {
        let migrations =
            set.migrations().iter().filter(|m| versions.contains(&m.version().number())).cloned();
        let mut before = Scenario::fresh(MigrationSet::new(migrations.collect()).unwrap());
        before.run(Fault::None).unwrap();
        let server = Server::with(before.server.data);
        Scenario { server, set, locking: Locking::Session }
    }

    fn run(&mut self, fault: Fault) -> Result<gapless::Report, gapless::Error> {
        let run = self.set.runner().locking(self.locking).into_run(&Postgres)?;
        Client::new(&mut self.server, run, fault).finish(&mut self.server)
    }

    fn transcript(&self) -> String {
        let text = self.server.transcript.join("\n-- ------\n");
        let mut parts = text.split("'run ");
        let first = parts.next().unwrap_or_default().to_owned();
        // Each run has a token of its own.
        parts.fold(first, |text, part| format!("{text}'run TOKEN{}", &part[16..]))
    }
}

fn three() -> MigrationSet {
    set(&[
        ("1_a.sql", "EFFECT a;"),
        ("2_b.sql", "EFFECT b1;\nEFFECT b2;"),
        ("3_c.sql", "EFFECT c -- the end"),
    ])
}

fn mixed() -> MigrationSet {
    set(&[
        ("1_a.sql", "EFFECT a;"),
        ("2_b.sql", "-- gapless: no-transaction\n-- gapless: rerunnable\nEFFECT b1;\nEFFECT b2;"),
        ("3_c.sql", "EFFECT c;"),
    ])
}

const ALL: [&str; 4] = ["a", "b1", "b2", "c"];

/// The statement of each version in the sets above.
fn effects_of(version: &str) -> &'static [&'static str] {
    match version {
        "1" => &ALL[..1],
        "2" => &ALL[1..3],
        _ => &ALL[3..],
    }
}

/// Record and effect are there together or not at all, and never twice.
fn assert_nothing_half_applied(data: &Data, context: &str) {
    let recorded: Vec<_> = data.set.iter().flat_map(|row| effects_of(&row[0])).collect();
    assert_eq!(data.effects.iter().collect::<Vec<_>>(), recorded, "{context}: {data:#?}");
}

/// Every way in which one message of a run can go wrong.
fn faults(scenario: impl Fn() -> Scenario) -> Vec<Fault> {
    let mut undisturbed = scenario();
    undisturbed.run(Fault::None).unwrap();
    let mut faults = Vec::new();
    for (message, text) in
        undisturbed.server.transcript.iter().filter(|text| !text.starts_with("-- sleeps")).enumerate()
    {
        faults.extend([Fault::LostBefore { message }, Fault::LostAfter { message }]);
        for statements in 0..=text.matches(";\n").count() + 1 {
            faults.extend(["XX000", "57014", "40001"].map(|code| Fault::Refused {
                message,
                statements,
                code,
            }));
        }
    }
    assert!(faults.len() > 20, "only {} faults", faults.len());
    faults
}

#[test]
fn any_one_fault_leaves_nothing_half_applied_and_the_next_run_ends_well() {
    for scenario in [|| Scenario::fresh(three()), || Scenario::with_applied(three(), &[1, 3])] {
        for fault in faults(scenario) {
            let mut scenario = scenario();
            let result = scenario.run(fault);
            let context = format!("{fault:?}, {result:?}");
            assert!(scenario.server.is_quiet(), "{context}: {:#?}", scenario.server);
            let mut data = scenario.server.data.clone();
            data.set.sort();
            data.effects.sort();
            assert_nothing_half_applied(&data, &context);
            if let Err(error) = &result {
                let recorded = data.set.len();
                assert!(error.applied().len() <= recorded, "{context}: more was reported than is there");
            }
            scenario.run(Fault::None).unwrap_or_else(|error| panic!("{context}, then {error}"));
            let mut effects = scenario.server.data.effects.clone();
            effects.sort();
            assert_eq!(effects, ALL, "{context}");
            assert!(scenario.server.is_quiet(), "{context}");
        }
    }
}

#[test]
fn steps_outside_of_a_transaction_are_resumed_after_any_one_fault() {
    let scenario = || Scenario::fresh(mixed());
    for fault in faults(scenario) {
        let mut scenario = scenario();
        let first = scenario.run(fault);
        let context = format!("{fault:?}, {first:?}");
        assert!(scenario.server.is_quiet(), "{context}: {:#?}", scenario.server);
        scenario.run(Fault::None).unwrap_or_else(|error| panic!("{context}, then {error}"));
        let mut effects = scenario.server.data.effects.clone();
        let total = effects.len();
        effects.dedup();
        assert_eq!(effects, ALL, "{context}");
        // At most the one statement in doubt was repeated.
        assert!(total <= ALL.len() + 1, "{context}");
        assert_eq!(scenario.server.data.set.len(), 3, "{context}");
    }
}

/// All ways in which the first steps of two runs can interleave; the rest goes in turns.
fn interleave(locking: Locking, make: fn() -> MigrationSet) {
    for schedule in 0_u32..1 << 12 {
        let migrations = make();
        let mut server = Server::default();
        let runs = [0, 1].map(|_| migrations.runner().locking(locking).into_run(&Postgres).unwrap());
        let mut clients = runs.map(|run| Client::new(&mut server, run, Fault::None));
        let mut unfinished = true;
        let mut step = 0;
        while unfinished {
            let first = if step < 12 { (schedule >> step) & 1 } else { step & 1 };
            step += 1;
            unfinished = clients[first as usize].advance(&mut server);
            // A run that has ended leaves the turn to the other.
            unfinished = unfinished || clients[1 - first as usize].advance(&mut server);
            assert!(step < 1000, "{schedule:b} does not end");
        }
        let applied: usize = clients.into_iter().map(|client| client.result().unwrap().applied().len()).sum();
        let mut effects = server.data.effects.clone();
        effects.sort();
        assert_eq!((effects.as_slice(), applied), (ALL.map(String::from).as_slice(), 3), "{schedule:b}");
        assert!(server.is_quiet(), "{schedule:b}");
    }
}

#[test]
fn two_runs_interleaved_at_every_step_apply_each_migration_once() {
    interleave(Locking::Session, three);
}

#[test]
fn two_runs_without_a_lock_are_kept_apart_by_the_fence() {
    interleave(Locking::None, three);
}

#[test]
fn two_runs_do_not_share_steps_outside_of_a_transaction() {
    interleave(Locking::Session, mixed);
}

#[test]
fn a_failure_is_that_of_its_migration() {
    for (script, others) in [("EFFECT b1;\nFAIL;", "EFFECT c;"), ("EFFECT b1;\nSYNTAX;", "EFFECT c;")] {
        let mut scenario =
            Scenario::fresh(set(&[("1_a.sql", "EFFECT a;"), ("2_b.sql", script), ("3_c.sql", others)]));
        let error = scenario.run(Fault::None).unwrap_err();
        assert_eq!(error.failure().unwrap().version().number(), 2);
        assert_eq!(error.applied().len(), 1);
        assert_eq!(scenario.server.data.effects, ["a"]);
        assert!(scenario.server.is_quiet());
    }
}

#[test]
fn a_driver_that_breaks_the_protocol_gets_an_error() {
    use gapless::engine::Reply;
    let migrations = three();
    let run = || migrations.runner().into_run(&Postgres).unwrap();
    assert!(run().finish().unwrap_err().is_usage());
    let mut slept = run();
    slept.reply(Reply::slept());
    assert!(slept.finish().unwrap_err().to_string().contains("the driver broke the protocol"));
}

#[test]
fn another_runner_is_waited_for_and_reported() {
    let migrations = three();
    let mut server = Server::default();
    let told = RefCell::new(Vec::new());
    {
        let holder = migrations.runner().into_run(&Postgres).unwrap();
        let mut holder = Client::new(&mut server, holder, Fault::None);
        // Looks, and takes the lock.
        assert!(holder.advance(&mut server) && holder.advance(&mut server));
        let events = std::sync::Mutex::new(Vec::new());
        let waiting = migrations.runner().on_event(|event| events.lock().unwrap().push(event.to_string()));
        let mut waiter = Client::new(&mut server, waiting.into_run(&Postgres).unwrap(), Fault::None);
        // The run asks for the holder of the lock after 0.2 s.
        for _ in 0..30 {
            waiter.advance(&mut server);
        }
        holder.finish(&mut server).unwrap();
        let report = waiter.finish(&mut server).unwrap();
        assert!(report.applied().is_empty() && report.waits() > 5, "{report}");
        told.borrow_mut().extend(events.into_inner().unwrap());
    }
    let told = told.into_inner();
    assert!(
        told.iter().any(|event| event.ends_with("backend 4711 (another), at it for 00:00:07: ALTER TABLE t")),
        "{told:#?}"
    );
    assert!(server.is_quiet());
}

mod transcripts {
    use super::*;

    #[test]
    fn nothing_to_do() {
        let mut scenario = Scenario::with_applied(three(), &[1, 2, 3]);
        scenario.run(Fault::None).unwrap();
        insta::assert_snapshot!(scenario.transcript());
    }

    #[test]
    fn an_empty_database() {
        let mut scenario = Scenario::fresh(three());
        scenario.run(Fault::None).unwrap();
        insta::assert_snapshot!(scenario.transcript());
    }

    #[test]
    fn a_late_version() {
        let mut scenario = Scenario::with_applied(three(), &[1, 3]);
        scenario.run(Fault::None).unwrap();
        insta::assert_snapshot!(scenario.transcript());
    }

    #[test]
    fn a_syntax_error_in_the_middle() {
        let broken = set(&[("1_a.sql", "EFFECT a;"), ("2_b.sql", "SYNTAX;"), ("3_c.sql", "EFFECT c;")]);
        let mut scenario = Scenario::fresh(broken);
        scenario.run(Fault::None).unwrap_err();
        insta::assert_snapshot!(scenario.transcript());
    }

    #[test]
    fn steps_outside_of_a_transaction() {
        let mut scenario = Scenario::with_applied(mixed(), &[1]);
        scenario.run(Fault::None).unwrap();
        insta::assert_snapshot!(scenario.transcript());
    }

    #[test]
    fn a_read_only_server() {
        let mut scenario = Scenario::with_applied(three(), &[1]);
        scenario.server.read_only = true;
        assert!(scenario.run(Fault::None).unwrap_err().is_read_only());
        insta::assert_snapshot!(scenario.transcript());
    }
}
