//! The checks of the short run: counts, which are the same on every machine; never times.

use crate::record::{Record, Results};

/// Round trips with nothing to do, with one pending, and with all pending.
const TURNS: (f64, f64, f64) = (1.0, 3.0, 3.0);
/// Crates that gapless is without a driver.
const CRATES: f64 = 20.0;

/// Returns the counts that are not as promised.
pub fn broken(results: &Results) -> Vec<String> {
    let mut broken = Vec::new();
    let mut seen = 0;
    let mut check = |record: &Record, figure: &str, holds: bool, promise: String| {
        seen += 1;
        if !holds {
            broken.push(format!(
                "{}, {}: {figure} is {:?}, promised {promise}",
                record.peer,
                record.case,
                record.figures.get(figure)
            ));
        }
    };
    for record in &results.records {
        match record.part.as_str() {
            "trips" | "mysql" if record.case != "connect only" && record.figures.contains_key("turns") => {
                let turns = record.value("turns");
                let (holds, promise) = if record.case.starts_with("nothing") {
                    (turns == Some(TURNS.0), format!("{}", TURNS.0))
                } else if record.case == "1 pending" {
                    (turns == Some(TURNS.1), format!("{}", TURNS.1))
                } else {
                    {
                        // Where DDL commits by itself, the tracker comes in a message of its own.
                        let most = if record.part == "mysql" { TURNS.2 + 1.0 } else { TURNS.2 };
                        (turns.is_some_and(|turns| turns <= most), format!("at most {most}"))
                    }
                };
                check(record, "turns", holds, promise);
            }
            "fsyncs" => {
                // Fewer than there are migrations, or each commit would be waited for.
                let holds = record.value("wal_syncs").is_some_and(|syncs| syncs < record.size as f64);
                check(record, "wal_syncs", holds, format!("fewer than {}", record.size));
            }
            "tree" => {
                let holds = record.value("crates").is_some_and(|crates| crates <= CRATES);
                check(record, "crates", holds, format!("at most {CRATES}"));
            }
            "replicas" => {
                let holds = record.value("succeeded") == record.value("started");
                check(record, "succeeded", holds, "all".to_owned());
            }
            _ => {}
        }
    }
    if seen == 0 {
        broken.push("nothing was measured".to_owned());
    }
    broken
}
