//! The progress views of Postgres.

/// Selects what the server says of the backend with this process id (command, relation, phase, done, total, unit). A role
/// that may not see it gets a row without a phase, which is left out.
///
/// Source: PostgreSQL 18, "Progress Reporting". In each phase one of the counters counts; those of blocks are set back to
/// zero before rows are counted.
pub(super) fn server_progress(pid: i32) -> String {
    let waiting = "phase LIKE 'waiting for%'";
    let views = [
        view(
            "create_index",
            "command",
            &counted(&[
                counter(waiting, "lockers_done", "lockers_total", "lockers"),
                counter("blocks_total > 0", "blocks_done", "blocks_total", "blocks"),
                counter("true", "tuples_done", "tuples_total", "tuples"),
            ]),
            pid,
        ),
        view(
            "vacuum",
            "'VACUUM'",
            &counted(&[
                counter("phase = 'scanning heap'", "heap_blks_scanned", "heap_blks_total", "blocks"),
                counter("phase = 'vacuuming heap'", "heap_blks_vacuumed", "heap_blks_total", "blocks"),
            ]),
            pid,
        ),
        view(
            "cluster",
            "command",
            &counted(&[
                counter("phase = 'seq scanning heap'", "heap_blks_scanned", "heap_blks_total", "blocks"),
                counter("phase = 'writing new heap'", "heap_tuples_written", "heap_tuples_scanned", "tuples"),
            ]),
            pid,
        ),
        view(
            "analyze",
            "'ANALYZE'",
            &counted(&[counter("true", "sample_blks_scanned", "sample_blks_total", "blocks")]),
            pid,
        ),
    ];
    format!("{} LIMIT 1;\n", views.join(" UNION ALL "))
}

fn view(name: &str, command: &str, counts: &str, pid: i32) -> String {
    format!(
        "SELECT {command}, CASE WHEN datname = pg_catalog.current_database() THEN \
         CAST(CAST(relid AS pg_catalog.regclass) AS text) END, phase, {counts} \
         FROM pg_catalog.pg_stat_progress_{name} WHERE pid = {pid} AND phase IS NOT NULL"
    )
}

/// Counters of a view, and the condition under which they count.
struct Counter {
    when: &'static str,
    done: &'static str,
    total: &'static str,
    unit: &'static str,
}

const fn counter(when: &'static str, done: &'static str, total: &'static str, unit: &'static str) -> Counter {
    Counter { when, done, total, unit }
}

/// Selects the counters of the first condition that holds: done, total, unit.
fn counted(counters: &[Counter]) -> String {
    let case = |value: fn(&Counter) -> String| {
        let whens: String =
            counters.iter().map(|one| format!(" WHEN {} THEN {}", one.when, value(one))).collect();
        format!("CASE{whens} END")
    };
    let (done, total) = (case(|one| one.done.to_owned()), case(|one| one.total.to_owned()));
    format!("{done}, {total}, {}", case(|one| format!("'{}'", one.unit)))
}
