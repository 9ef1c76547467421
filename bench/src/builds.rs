//! Building the crate that embeds, its dependencies being there: time, memory, and the program's size.

use crate::crates::{Build, Crate};
use crate::peers::Family;
use crate::record::Record;
use crate::runs::median;
use crate::stage::Stage;

/// Records `clean_s`, `touch_s`, `peak_kb` of the largest rustc, and in release `binary` and `over_empty`.
pub fn measure(stage: &mut Stage) {
    let empty = stage.settings.profiles.contains(&"release").then(|| stage.workshop.empty_size());
    for family in stage.settings.families.clone() {
        for profile in stage.settings.profiles.clone() {
            // With one file, the dependencies are built, and the program's size without migrations is known.
            let sizes = [1].into_iter().chain(stage.settings.built.clone());
            for size in sizes {
                eprintln!("  {} {profile} {size}", family.name);
                let written = stage.workshop.write(family, size);
                let record = Record::new("builds", family.name, profile, size);
                let Some(mut record) = one(stage, family, &written, profile, record) else { continue };
                if profile == "release" && record.value("clean_s").is_some() {
                    let bytes = written.size(&stage.workshop.target(family.name), profile);
                    record = record.number("binary", bytes as f64);
                    record = record.number("over_empty", bytes.abs_diff(empty.unwrap_or(0)) as f64);
                }
                stage.keep(record);
            }
        }
    }
}

fn one(stage: &Stage, family: &Family, written: &Crate, profile: &str, record: Record) -> Option<Record> {
    let target = stage.workshop.target(family.name);
    let limit = stage.settings.limit;
    if record.size == 1 && !written.build(&target, profile, limit * 3).finished {
        return None;
    }
    let over = format!("over {}", limit.as_secs());
    let clean = repeat(stage, || {
        written.clean(&target, profile);
        written.build(&target, profile, limit)
    });
    let over = if clean.failed { "fails".to_owned() } else { over };
    if !clean.finished {
        return Some(
            record.text("clean_s", &over).text("touch_s", "-").number("peak_kb", clean.peak_kb as f64),
        );
    }
    let touch = repeat(stage, || {
        written.touch(family.layout);
        written.build(&target, profile, limit)
    });
    assert!(!touch.finished || !touch.compiled.is_empty(), "an edited migration was not noticed");
    let record = record.number("clean_s", clean.elapsed.as_secs_f64());
    let record = record.number("touch_s", touch.elapsed.as_secs_f64());
    Some(record.number("peak_kb", clean.peak_kb.max(touch.peak_kb) as f64))
}

/// Quick builds are repeated, for ten seconds in all; slow ones say enough.
fn repeat(stage: &Stage, build: impl Fn() -> Build) -> Build {
    let mut last = build();
    let mut times = vec![last.elapsed.as_secs_f64()];
    while last.finished && times.len() < stage.settings.runs && times.iter().sum::<f64>() < 10.0 {
        last = build();
        times.push(last.elapsed.as_secs_f64());
    }
    if let Some(median) = median(times) {
        last.elapsed = std::time::Duration::from_secs_f64(median);
    }
    last
}
