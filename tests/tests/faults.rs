//! The fault suite with counts for every day; `cargo run --release -p gapless-tests --bin faults` runs the
//! full ones.

use std::path::Path;
use std::time::Duration;

use gapless_tests::faults::{crashes, locks, network, pooler, processes, standby};

fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_faults"))
}

#[test]
fn processes_cold_start() {
    processes::cold_starts(program(), 2);
}

#[test]
fn processes_build_an_index_concurrently() {
    processes::concurrent_index(program(), 2);
}

#[test]
fn processes_are_killed() {
    processes::killed_processes(program(), 12);
}

#[test]
fn servers_are_killed() {
    crashes::killed_servers(program(), 4);
}

#[test]
fn connections_are_cut() {
    network::cut_connections();
}

#[test]
fn a_pooler_is_in_between() {
    pooler::transaction_pooler(program(), 1);
}

#[test]
fn a_standby_boots_and_is_promoted() {
    standby::standby_and_promotion(1);
}

#[test]
fn a_table_is_locked() {
    locks::locked_table(Duration::from_secs(2));
}
