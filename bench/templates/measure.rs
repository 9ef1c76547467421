// Shared by every measured program, which prints its figures on one line.

use std::time::Instant;

pub fn url() -> String {
    std::env::var("DATABASE_URL").expect("DATABASE_URL names the database")
}

/// Returns true if this run only connects.
#[allow(dead_code)]
pub fn connects_only() -> bool {
    std::env::var_os("BENCH_CONNECT_ONLY").is_some()
}

pub struct Stopwatch {
    begun: Instant,
    connected: Instant,
}

impl Stopwatch {
    pub fn start() -> Stopwatch {
        let now = Instant::now();
        Stopwatch { begun: now, connected: now }
    }

    pub fn connected(&mut self) {
        self.connected = Instant::now();
    }

    pub fn done(self) {
        let migrate = self.connected.elapsed().as_micros();
        let connect = (self.connected - self.begun).as_micros();
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak: u64 = peak.and_then(|peak| peak.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0);
        println!("{{\"connect_us\":{connect},\"migrate_us\":{migrate},\"vm_hwm_kb\":{peak}}}");
    }
}
