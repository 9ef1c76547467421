//! The program while it runs, and signals to it.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::Terminal;

/// A run that goes on.
pub(crate) struct Running {
    child: Child,
    begun: Instant,
}

impl Running {
    pub(crate) fn start(terminal: &Terminal, line: &str) -> Running {
        // Without a shell in between, which would take the signal.
        let mut command = terminal.command(&format!("exec {line}"));
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        Running { child, begun: Instant::now() }
    }

    pub(crate) fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }

    /// The exit code and both outputs. It must end soon.
    pub(crate) fn end(mut self) -> (i32, String) {
        let waiting = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("it can be asked") {
                break status;
            }
            assert!(
                waiting.elapsed() < Duration::from_secs(10),
                "it does not end, {:?}",
                self.begun.elapsed()
            );
            thread::sleep(Duration::from_millis(10));
        };
        let mut text = String::new();
        self.child.stderr.take().expect("a pipe").read_to_string(&mut text).expect("it is text");
        self.child.stdout.take().expect("a pipe").read_to_string(&mut text).expect("it is text");
        (status.code().expect("it ends by itself"), text)
    }
}

pub(crate) fn signal(pid: u32, name: &str) {
    let sent = Command::new("kill").args(["-s", name, &pid.to_string()]).status();
    assert!(sent.expect("kill starts").success());
}
