//! The benchmark: what gapless and its peers cost, on the wire, on the clock and in the compiler.
//!
//! A part measures one matter and leaves [`record::Record`]s; the document and the charts are drawn from
//! these alone. The peers' programs are crates of their own, written and built by [`crates`], so that their
//! dependencies burden nobody.

pub mod builds;
pub mod case;
pub mod chart;
pub mod crates;
pub mod document;
pub mod fsyncs;
pub mod growth;
pub mod mariadb;
pub mod mysql;
pub mod peers;
pub mod place;
pub mod proxy;
pub mod record;
pub mod replicas;
pub mod runs;
pub mod server;
pub mod settings;
pub mod short;
pub mod stage;
pub mod table;
pub mod tree;
pub mod trips;
pub mod walls;
