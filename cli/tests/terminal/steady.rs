//! The one place where what differs from run to run is taken out of snapshots: times, durations, ports, databases,
//! process ids, entries of the journal.

use std::sync::OnceLock;

use regex::Regex;

/// Patterns and their replacements. A directive's `2s` is none. Behind a time or a duration, the padding of a table's column differs as well.
const PATTERNS: [(&str, &str); 13] = [
    // Seen by chance, from beside a run.
    (r"(?m)^waiting for a lock of .*\n", ""),
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|\+\d\d(:?\d\d)?)?( {2,})", "TIME  "),
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|\+\d\d(:?\d\d)?)?", "TIME"),
    (r"(<|\b(under )?)(\d+(\.\d+)? (ns|µs|ms|s|min)|\d+(\.\d+)?(ns|µs|ms)|\d+\.\d+s)( {2,})", "DURATION  "),
    (r"(<|\b(under )?)(\d+(\.\d+)? (ns|µs|ms|s|min)|\d+(\.\d+)?(ns|µs|ms)|\d+\.\d+s)\b", "DURATION"),
    (r"(at \(UTC\)|took) {2,}", "$1  "),
    (r"([^\s|]) {20,}", "$1  "),
    (r#""(\w+_ms)": ?\d+(\.\d+)?"#, r#""$1": 0"#),
    (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
    (r"\b\d\d:\d\d:\d\d\b", "CLOCK"),
    (r"\b(pid |process |backend |pg_terminate_backend\()\d+\b", "${1}PID"),
    (r"--seen \d+", "--seen ENTRY"),
    (r#""(pid|backend_pid)": ?\d+"#, r#""$1": 0"#),
];

/// Returns the text without what differs from run to run.
pub(crate) fn steady(text: &str) -> String {
    static COMPILED: OnceLock<Vec<Regex>> = OnceLock::new();
    let compiled = COMPILED.get_or_init(|| {
        PATTERNS.iter().map(|(pattern, _)| Regex::new(pattern).expect("a pattern is sound")).collect()
    });
    let patterns = compiled.iter().zip(PATTERNS);
    patterns.fold(text.to_owned(), |text, (pattern, (_, replacement))| {
        pattern.replace_all(&text, replacement).into_owned()
    })
}

#[test]
fn times_durations_ports_and_process_ids_are_taken_out() {
    let seen =
        "1  a  2026-01-31T12:00:00.1Z   12.5ms    me\n9 applied (3 round trips, under 1 ms) 127.0.0.1:5432";
    let steady = steady(seen);
    assert_eq!(steady, "1  a  TIME  DURATION  me\n9 applied (3 round trips, DURATION) 127.0.0.1:PORT");
}
