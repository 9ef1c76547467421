//! Events of a run for `tracing`.

use std::sync::{Arc, Mutex};

use gapless_tests::cluster::cluster;
use gapless_tests::set::tables;
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
        assert_eq!((span.metadata().name(), span.metadata().target()), ("gapless", "gapless"));
        let mut state = self.0.lock().unwrap();
        state.spans += 1;
        Id::from_u64(state.spans)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut message = Message(String::new());
        event.record(&mut message);
        let mut state = self.0.lock().unwrap();
        let (level, target) = (event.metadata().level(), event.metadata().target());
        assert!(!state.inside.is_empty(), "outside of any span: {}", message.0);
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
