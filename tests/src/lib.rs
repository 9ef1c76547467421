//! Helpers of the tests: a throwaway Postgres cluster, a proxy that counts round trips, sets of
//! migrations from text, and the conformance suite that every driver runs.

pub mod application;
pub mod between;
pub mod cancelled;
pub mod cluster;
pub mod conformance;
pub mod crashing;
pub mod driver;
pub mod faults;
pub mod histories;
pub mod killed;
pub mod model;
pub mod mysql_server;
pub mod proxy;
pub mod server;
pub mod set;
pub mod simulator;
pub mod steps;
