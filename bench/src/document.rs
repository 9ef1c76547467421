//! The document: tables of all parts that have records.

use std::fmt::{self, Write};

use crate::record::{Record, Results};
use crate::table::{Table, cell, number};

const INTRODUCTION: &str = "\
# Benchmark

Made by `cargo run --release -p bench`; the figures are in `results.json` beside its crate. Everything runs on one
machine, the server on its loopback address. Times are medians of interleaved runs and are good as ratios;
round trips, bytes and log syncs are counts. All peers get the same migrations: file k creates one table with a
primary key, and is filled up to 1 KiB by comments.

Each peer is a small crate that connects, migrates and ends, with the peer's own defaults. The programs that are
run are built with `opt-level = 3` for all dependencies and without optimisation for the crate that holds the
migrations, because some peers need minutes to build 1,000 files in release. Postgres has its default settings but
for `autovacuum = off`, and `fsync = off` except where log syncs are counted. A ratio in parentheses is the median
of the rounds' ratios to the first row. The server's data lie in `TMPDIR`: for the kept figures that was memory,
except for log syncs, so that a disk does not decide which tool is quicker.
";

/// The document of these parts.
pub fn document(results: &Results, parts: &[String]) -> String {
    let mut text = INTRODUCTION.to_owned();
    let environment = results.environment.iter().map(|(name, value)| format!("{name} {value}"));
    let _ = write!(text, "\n{}\n", environment.collect::<Vec<_>>().join(" · "));
    for part in parts {
        let records: Vec<_> = results.part(part).collect();
        if records.is_empty() {
            continue;
        }
        let written = match part.as_str() {
            "tree" => tree(&mut text, &records),
            "trips" => trips(&mut text, &records),
            "walls" => walls(&mut text, &records),
            "fsyncs" => fsyncs(&mut text, &records),
            "replicas" => replicas(&mut text, &records),
            "growth" => growth(&mut text, &records),
            "mysql" => mysql(&mut text, &records),
            _ => builds(&mut text, &records),
        };
        written.expect("text can be written");
    }
    text
}

fn by_case(corner: &str, records: &[&Record], figure: &str, ratio: Option<&str>) -> Table {
    let mut table = Table::new(corner);
    for record in records {
        table.put(&record.peer, &record.case, cell(record, figure, ratio));
    }
    table
}

fn trips(text: &mut String, records: &[&Record]) -> fmt::Result {
    writeln!(
        text,
        "\n## On the wire\n\nA round trip: the client waits for the server. Connecting is not in the other columns.\n"
    )?;
    writeln!(text, "{}", by_case("round trips", records, "turns", None))?;
    writeln!(text, "{}", by_case("bytes from the server", records, "down", None))?;
    write!(text, "{}", by_case("bytes to the server", records, "up", None))
}

fn walls(text: &mut String, records: &[&Record]) -> fmt::Result {
    writeln!(text, "\n## On the clock")?;
    let mut distances: Vec<_> = records.iter().map(|record| record.rtt_ms).collect();
    distances.sort_unstable();
    distances.dedup();
    for distance in distances {
        let here: Vec<_> = records.iter().copied().filter(|record| record.rtt_ms == distance).collect();
        let away = if distance == 0 { "on the spot".to_owned() } else { format!("{distance} ms away") };
        let migrating: Vec<_> = here.iter().copied().filter(|record| record.case != "connect only").collect();
        let (part, whole) = (format!("migrating, ms, {away}"), format!("whole process, ms, {away}"));
        writeln!(text, "\n{}", by_case(&part, &migrating, "migrate_ms", Some("migrate_ratio")))?;
        write!(text, "{}", by_case(&whole, &here, "process_ms", Some("process_ratio")))?;
    }
    let largest = records.iter().map(|record| record.size).max();
    let mut table = Table::new("peak memory of the process");
    for record in records.iter().filter(|record| Some(record.size) == largest && record.rtt_ms == 0) {
        let column = format!("{}, KiB", record.case);
        table.put(&record.peer, &column, cell(record, "peak_kb", None));
    }
    write!(text, "\n{table}")
}

fn fsyncs(text: &mut String, records: &[&Record]) -> fmt::Result {
    let case = records.first().map_or("", |record| &record.case);
    writeln!(text, "\n## Log syncs\n\n{case}, fsync on.\n")?;
    let mut table = Table::new("");
    for record in records {
        table.put(&record.peer, "syncs of the log", cell(record, "wal_syncs", None));
        table.put(&record.peer, "migrating, ms", cell(record, "migrate_ms", None));
    }
    write!(text, "{table}")
}

fn replicas(text: &mut String, records: &[&Record]) -> fmt::Result {
    writeln!(
        text,
        "\n## Replicas\n\nUntil the last has ended, and how many of all rounds' processes have succeeded.\n"
    )?;
    let mut table = Table::new("");
    for record in records {
        table.put(&record.peer, &format!("{}, ms", record.case), cell(record, "up_ms", None));
        let started = number(record.value("started").unwrap_or(0.0));
        let column = format!("succeeded ({})", record.case);
        table.put(&record.peer, &column, format!("{} of {started}", cell(record, "succeeded", None)));
    }
    write!(text, "{table}")
}

fn mysql(text: &mut String, records: &[&Record]) -> fmt::Result {
    writeln!(
        text,
        "\n## On MariaDB\n\nThe same migrations; the server does not wait for its log (`innodb_flush_log_at_trx_commit = 0`).\n"
    )?;
    let with = |figure: &str| -> Vec<_> {
        records.iter().copied().filter(|record| record.figures.contains_key(figure)).collect()
    };
    write!(text, "{}", by_case("round trips", &with("turns"), "turns", None))?;
    let timed = with("migrate_ms");
    let mut distances: Vec<_> = timed.iter().map(|record| record.rtt_ms).collect();
    distances.dedup();
    for distance in distances {
        let here: Vec<_> = timed.iter().copied().filter(|record| record.rtt_ms == distance).collect();
        let away = if distance == 0 { "on the spot".to_owned() } else { format!("{distance} ms away") };
        let table = by_case(&format!("migrating, ms, {away}"), &here, "migrate_ms", Some("migrate_ratio"));
        write!(text, "\n{table}")?;
    }
    Ok(())
}

fn growth(text: &mut String, records: &[&Record]) -> fmt::Result {
    writeln!(text, "\n## Growth")?;
    for (case, corner) in [("boot", "nothing to do, ms"), ("apply", "apply all, ms")] {
        let mut table = Table::new(corner);
        for record in records.iter().filter(|record| record.case == case) {
            table.put(&record.peer, &number(record.size as f64), cell(record, "migrate_ms", None));
        }
        write!(text, "\n{table}")?;
    }
    Ok(())
}

fn tree(text: &mut String, records: &[&Record]) -> fmt::Result {
    writeln!(text, "\n## Dependencies\n\nFrom nothing, with one migration. `driver` is `postgres` alone.\n")?;
    let mut table = Table::new("");
    for record in records {
        if record.case == "without a driver" {
            let crates = cell(record, "crates", None);
            writeln!(text, "`gapless` without a driver is {crates} crates, itself included.\n")?;
            continue;
        }
        for (figure, column) in [("crates", "crates"), ("dev_s", "dev, s"), ("release_s", "release, s")] {
            table.put(&record.peer, column, cell(record, figure, None));
        }
    }
    write!(text, "{table}")
}

fn builds(text: &mut String, records: &[&Record]) -> fmt::Result {
    writeln!(text, "\n## Building the crate that embeds\n\nIts dependencies are built already.")?;
    for profile in ["dev", "release"] {
        let here = records.iter().filter(|record| record.case == profile);
        let mut times = Table::new(&format!("{profile}: clean / touched, s"));
        let mut peaks = Table::new(&format!("{profile}: memory of rustc, KiB"));
        let mut sizes = Table::new("program over an empty one, bytes");
        for record in here {
            let files = if record.size == 1 {
                "1 file".to_owned()
            } else {
                format!("{} files", number(record.size as f64))
            };
            let (clean, touch) = (cell(record, "clean_s", None), cell(record, "touch_s", None));
            times.put(&record.peer, &files, format!("{clean} / {touch}"));
            peaks.put(&record.peer, &files, cell(record, "peak_kb", None));
            sizes.put(&record.peer, &files, cell(record, "over_empty", None));
        }
        write!(text, "\n{times}\n{peaks}")?;
        if profile == "release" {
            write!(text, "\n{sizes}")?;
        }
    }
    Ok(())
}
