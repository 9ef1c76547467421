//! The fault suite with its full counts, as a Markdown table, or those rows of it that are named; `child` is one
//! boot of an application.

use std::io::Write;
use std::time::Duration;

use gapless_tests::faults::{crashes, locks, network, pooler, processes, standby};

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == "child") {
        std::process::exit(processes::child(&arguments[1..]));
    }
    let program = std::env::current_exe().expect("this program has a path");
    println!("| fault | how often | result |\n|---|---|---|");
    let rows: [(&str, &dyn Fn() -> gapless_tests::faults::Row); 8] = [
        ("cold", &|| processes::cold_starts(&program, 20)),
        ("index", &|| processes::concurrent_index(&program, 20)),
        ("processes", &|| processes::killed_processes(&program, 200)),
        ("servers", &|| crashes::killed_servers(&program, 30)),
        ("cuts", &network::cut_connections),
        ("pooler", &|| pooler::transaction_pooler(&program, 10)),
        ("standby", &|| standby::standby_and_promotion(3)),
        ("locks", &|| locks::locked_table(Duration::from_secs(5))),
    ];
    for (name, row) in rows {
        if !arguments.is_empty() && !arguments.iter().any(|argument| argument == name) {
            continue;
        }
        println!("{}", row());
        std::io::stdout().flush().expect("a line is written");
    }
}
