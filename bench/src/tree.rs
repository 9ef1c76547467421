//! The dependencies: how many crates, and how long from nothing.

use std::fs;

use crate::peers::{DRIVER, Family};
use crate::record::Record;
use crate::stage::Stage;

/// Records `crates`, and `dev_s` and `release_s` of a build with one migration and nothing built before;
/// also `without_driver`, the number of crates that gapless itself is.
pub fn measure(stage: &mut Stage) {
    let crates = stage.workshop.crates_without_driver();
    stage.keep(Record::new("tree", "gapless", "without a driver", 0).number("crates", crates as f64));
    if stage.settings.short {
        return;
    }
    let families: Vec<&Family> = [&DRIVER].into_iter().chain(stage.settings.families.clone()).collect();
    for family in families {
        eprintln!("  {}", family.name);
        let target = stage.workshop.target(family.name);
        let written = stage.workshop.write(family, 1);
        let mut record = Record::new("tree", family.name, "cold", 1);
        // Missing crates are downloaded before the clock runs.
        written.fetch();
        if target.exists() {
            fs::remove_dir_all(&target).expect("what was built is removed");
        }
        for profile in ["dev", "release"] {
            let build = written.build(&target, profile, stage.settings.limit * 3);
            if !build.finished {
                record = record.text(&format!("{profile}_s"), "fails");
                continue;
            }
            // Without the program itself.
            record = record.number("crates", build.compiled.len() as f64 - 1.0);
            record = record.number(&format!("{profile}_s"), build.elapsed.as_secs_f64());
        }
        stage.keep(record);
    }
}
