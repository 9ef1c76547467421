//! Draws the charts of `docs/benchmark.md` from `bench/results.json`, into `docs/charts`.

use std::fs;
use std::path::Path;

use bench::chart::{Curve, bars, log_log};
use bench::record::{Record, Results};
use bench::table::cell;

fn main() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let results = Results::read(&here.join("results.json"));
    let directory = here.join("../docs/charts");
    fs::create_dir_all(&directory).expect("a directory is made");
    let charts = [
        ("boot.svg", growth(&results, "boot", "A boot with nothing to do")),
        ("apply.svg", growth(&results, "apply", "Applying all to an empty database")),
        ("builds.svg", builds(&results, "release", "Building the crate that embeds, release")),
        ("trips.svg", trips(&results)),
        ("distance.svg", distance(&results)),
    ];
    for (name, chart) in charts {
        let Some(svg) = chart else {
            eprintln!("{name}: no figures yet");
            continue;
        };
        fs::write(directory.join(name), svg).expect("a chart is written");
        eprintln!("{name}");
    }
}

fn growth(results: &Results, case: &str, title: &str) -> Option<String> {
    let records = results.part("growth").filter(|record| record.case == case);
    chart(&curves(records, "migrate_ms"), title, "ms, the migrating part")
}

fn builds(results: &Results, profile: &str, title: &str) -> Option<String> {
    let records = results.part("builds").filter(|record| record.case == profile && record.size > 1);
    // The same crate with a driver is no other curve.
    let records = records.filter(|record| record.peer != "gapless");
    chart(&curves(records, "clean_s"), title, "s, dependencies are there")
}

fn chart(curves: &[Curve], title: &str, y_axis: &str) -> Option<String> {
    (!curves.is_empty()).then(|| log_log(title, "migrations", y_axis, curves))
}

fn curves<'a>(records: impl Iterator<Item = &'a Record>, figure: &str) -> Vec<Curve> {
    let mut curves: Vec<Curve> = Vec::new();
    for record in records {
        let Some(value) = record.value(figure) else { continue };
        let point = (record.size as f64, value);
        match curves.iter_mut().find(|(name, _)| *name == record.peer) {
            Some((_, points)) => points.push(point),
            None => curves.push((record.peer.clone(), vec![point])),
        }
    }
    curves
}

fn trips(results: &Results) -> Option<String> {
    let records = results.part("trips").filter(|record| record.case.ends_with("empty database"));
    let all: Vec<_> = records.collect();
    let title = format!("Round trips, {}", all.first()?.case);
    Some(bars(&title, &bar_of_each(&all, "turns", "")))
}

fn distance(results: &Results) -> Option<String> {
    let records: Vec<_> =
        results.part("walls").filter(|record| record.case.ends_with("empty database")).collect();
    let furthest = records.iter().map(|record| record.rtt_ms).max()?;
    let all: Vec<_> = records.into_iter().filter(|record| record.rtt_ms == furthest).collect();
    let title = format!("{}, a server {furthest} ms away: whole process", all.first()?.case);
    Some(bars(&title, &bar_of_each(&all, "process_ms", " ms")))
}

fn bar_of_each(records: &[&Record], figure: &str, unit: &str) -> Vec<(String, f64, String)> {
    let bar = |record: &&Record| {
        let value = record.value(figure)?;
        Some((record.peer.clone(), value, format!("{}{unit}", cell(record, figure, None))))
    };
    records.iter().filter_map(bar).collect()
}
