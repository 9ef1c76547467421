//! Events of a run for `tracing`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use gapless_tests::cluster::cluster;
use gapless_tests::set::{set, tables};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber, dispatcher};

/// Keeps target, level and message of events, and the span that they are in.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    inside: Vec<u64>,
    spans: u64,
    events: Vec<String>,
    /// What each span of a migration has recorded.
    migrations: BTreeMap<u64, BTreeMap<&'static str, String>>,
    /// The migration's span of each event in one, with the event's words.
    within: Vec<(String, String)>,
}

struct Fields<'s>(&'s mut BTreeMap<&'static str, String>);

impl Visit for Fields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}

impl Subscriber for Kept {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("gapless")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut state = self.0.lock().unwrap();
        state.spans += 1;
        let number = state.spans;
        assert_eq!(span.metadata().target(), "gapless");
        if span.metadata().name() == "migration" {
            assert_eq!(state.inside.len(), 1, "it is in the span of the run");
            span.record(&mut Fields(state.migrations.entry(number).or_default()));
        } else {
            assert_eq!(span.metadata().name(), "gapless");
        }
        Id::from_u64(number)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        let mut state = self.0.lock().unwrap();
        values.record(&mut Fields(state.migrations.get_mut(&span.into_u64()).unwrap()));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut message = Message(String::new());
        event.record(&mut message);
        let mut state = self.0.lock().unwrap();
        let (level, target) = (event.metadata().level(), event.metadata().target());
        assert!(!state.inside.is_empty(), "outside of any span: {}", message.0);
        let migration = state.inside.last().and_then(|inside| state.migrations.get(inside));
        if let Some(name) = migration.map(|fields| fields["name"].clone()) {
            state.within.push((name, message.0.clone()));
        }
        if *level <= Level::INFO {
            state.events.push(format!("{target} {level}: {}", message.0));
        }
    }

    fn enter(&self, span: &Id) {
        self.0.lock().unwrap().inside.push(span.into_u64());
    }

    fn exit(&self, _: &Id) {
        self.0.lock().unwrap().inside.pop();
    }
}

fn kept(run: impl FnOnce()) -> Vec<String> {
    let kept = Kept::default();
    dispatcher::with_default(&dispatcher::Dispatch::new(kept.clone()), run);
    let mut state = kept.0.lock().unwrap();
    assert!(state.inside.is_empty());
    std::mem::take(&mut state.events)
}

const APPLIED: [&str; 4] =
    ["gapless INFO: planned", "gapless INFO: applied", "gapless INFO: applied", "gapless INFO: done"];
const NOTHING: [&str; 1] = ["gapless INFO: nothing to do"];

#[test]
fn a_run_is_a_span_with_events() {
    let mut client = cluster().database().connect();
    assert_eq!(kept(|| drop(tables(2).runner().run(&mut client).unwrap())), APPLIED);
    assert_eq!(kept(|| drop(tables(2).runner().run(&mut client).unwrap())), NOTHING);
    assert_eq!(kept(|| drop(tables(2).runner().verify(&mut client).unwrap())), NOTHING);
}

#[test]
fn an_asynchronous_run_is_one_too() {
    let database = cluster().database();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let run = |set: gapless::MigrationSet| {
        kept(|| {
            runtime.block_on(async {
                let (mut client, connection) =
                    tokio_postgres::connect(&database.url(), tokio_postgres::NoTls).await.unwrap();
                tokio::spawn(connection);
                set.runner().run_async(&mut client).await.unwrap();
            });
        })
    };
    assert_eq!(run(tables(2)), APPLIED);
    assert_eq!(run(tables(2)), NOTHING);
}

#[test]
fn each_migration_is_a_span_with_its_version_name_and_duration() {
    let mut client = cluster().database().connect();
    let all = set(&[
        ("1_a.up.sql", "CREATE TABLE a (id int);"),
        ("2_b.up.sql", "CREATE TABLE b (id int);"),
        ("3_c.up.sql", "-- gapless: no-transaction\nCREATE TABLE c (id int);\nSELECT pg_sleep(0.02);"),
        ("3_c.down.sql", "DROP TABLE c;"),
        ("4_d.up.sql", "SELECT nothing;"),
    ]);
    let kept = Kept::default();
    dispatcher::with_default(&dispatcher::Dispatch::new(kept.clone()), || {
        all.runner().run(&mut client).unwrap_err();
        all.runner().rollback(gapless::Rollback::steps(1), &mut client).unwrap();
    });
    let state = kept.0.lock().unwrap();
    let spans: Vec<_> = state
        .migrations
        .values()
        .map(|fields| {
            format!("{} {} {}", fields["version"], fields["name"], fields.contains_key("duration_us"))
        })
        .collect();
    // The one that fails has none; the last is the rollback.
    assert_eq!(spans, ["1 a true", "2 b true", "3 c true", "4 d false", "3 c true"]);
    let micros =
        |index: usize| state.migrations.values().nth(index).unwrap()["duration_us"].parse::<u64>().unwrap();
    assert!(micros(2) >= 20_000 && micros(0) < 10_000_000, "{:?}", state.migrations);
    let of = |name: &str| {
        state.within.iter().filter(|(of, _)| of == name).map(|(_, words)| words.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(of("a"), ["applying", "applied"]);
    assert_eq!(of("c"), ["applying", "statement", "statement", "applied", "rolling back", "rolled back"]);
    assert_eq!(of("d"), ["applying"]);
}
