//! Measures, prints a document, and keeps the figures.
//!
//! ```sh
//! cargo run --release -p bench                    # all of it
//! cargo run --release -p bench -- trips walls     # some parts; the others' figures stay
//! cargo run --release -p bench -- document        # nothing new: the document of what is there
//! cargo run --release -p bench -- --short         # few migrations, and the counts are checked
//! ```
//!
//! `--runs N`, `--largest N` and `--peers NAME,NAME` measure less. It needs the programs of a Postgres server,
//! and libpq's headers for diesel.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use bench::record::Results;
use bench::settings::Settings;
use bench::stage::Stage;
use bench::{builds, document, fsyncs, growth, mysql, replicas, short, tree, trips, walls};

fn main() -> ExitCode {
    let settings = match Settings::parse(std::env::args().skip(1)) {
        Ok(settings) => settings,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let (parts, is_short) = (settings.parts.clone(), settings.short);
    let path = path(is_short);
    let earlier = if is_short { Results::default() } else { Results::read(&path) };
    if parts == ["document"] {
        print!("{}", document::document(&earlier, &bench::settings::PARTS.map(str::to_owned)));
        return ExitCode::SUCCESS;
    }
    let results = measure(settings, earlier, &path);
    print!("{}", document::document(&results, &parts));
    let broken = if is_short { short::broken(&results) } else { Vec::new() };
    for promise in &broken {
        eprintln!("{promise}");
    }
    if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn measure(settings: Settings, earlier: Results, path: &Path) -> Results {
    let parts = settings.parts.clone();
    let mut stage = Stage::new(settings, earlier);
    environment(&mut stage);
    for part in &parts {
        eprintln!("{part}");
        let begun = Instant::now();
        stage.results.clear(part);
        match part.as_str() {
            "tree" => tree::measure(&mut stage),
            "trips" => trips::measure(&mut stage),
            "walls" => walls::measure(&mut stage),
            "fsyncs" => fsyncs::measure(&mut stage),
            "replicas" => replicas::measure(&mut stage),
            "growth" => growth::measure(&mut stage),
            "mysql" => mysql::measure(&mut stage),
            _ => builds::measure(&mut stage),
        }
        stage.results.write(path);
        eprintln!("{part}: {} s", begun.elapsed().as_secs());
    }
    stage.results
}

/// The short run's figures are of no use to anyone else.
fn path(is_short: bool) -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    if is_short { std::env::temp_dir().join("gapless-bench-short.json") } else { here.join("results.json") }
}

fn environment(stage: &mut Stage) {
    let rustc = Command::new("rustc").arg("--version").output().map(|output| output.stdout);
    let rustc = String::from_utf8_lossy(&rustc.unwrap_or_default()).trim().replace("rustc ", "");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let date: String = {
        let mut client = stage.server.connect("postgres");
        client.query_one("SELECT current_date::text", &[]).expect("the server has a date").get(0)
    };
    let postgres = stage.server.setting("server_version");
    let environment = &mut stage.results.environment;
    let facts = [("date", date), ("PostgreSQL", postgres), ("rustc", rustc), ("cores", cores.to_string())];
    environment.extend(facts.map(|(name, value)| (name.to_owned(), value)));
}
