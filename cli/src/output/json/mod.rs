//! The JSON documents of the commands. Names of fields are stable: fields may be added, and what changes otherwise
//! counts `format_version` up. `cli/schemas` describes each document.

mod dry_run;
mod event;
mod failure;
mod log;
mod plan;
mod report;
mod status;

pub(crate) use self::dry_run::DryRunDocument;
pub(crate) use self::event::EventDocument;
pub(crate) use self::log::LogDocument;
pub(crate) use self::plan::PlanDocument;
pub(crate) use self::status::StatusDocument;

use std::time::Duration;

/// The version of the documents.
const FORMAT_VERSION: u32 = 1;

fn milliseconds(duration: Duration) -> f64 {
    // Microseconds are what databases measure.
    duration.as_micros() as f64 / 1e3
}
