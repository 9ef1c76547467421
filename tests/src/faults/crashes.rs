//! The server is killed.

use std::path::Path;
use std::thread;

use super::processes::{boot, reference};
use super::{Row, assert_undisturbed, random};
use crate::server::Server;

pub fn killed_servers(program: &Path, kills: usize) -> Row {
    let server = Server::start_new();
    let (reference, undisturbed) = reference(program, &server.database("undisturbed", true));
    let (mut killed, mut databases) = (0, 0);
    while killed < kills {
        databases += 1;
        let database = server.database(&format!("crash_{databases}"), true);
        loop {
            let mut child = boot(program, &database.url(), "mixed", "session");
            thread::sleep(random(undisturbed / 2));
            let running = child.try_wait().expect("the child can be asked").is_none();
            let crash = running && killed < kills;
            if crash {
                if killed % 2 == 0 {
                    server.kill()
                } else {
                    server.stop_immediately()
                }
                killed += 1;
            }
            let output = child.wait_with_output().expect("the child ends");
            if crash {
                server.start();
            }
            if output.status.success() {
                break;
            }
            assert!(crash, "{}", String::from_utf8_lossy(&output.stderr));
        }
        assert_undisturbed(&database, &reference, 200);
    }
    Row {
        what: "the server is killed (SIGKILL of the postmaster, immediate shutdown, in turn) during such runs",
        times: format!("{killed} kills, {databases} databases"),
        held: "after the last start, schema and data are those of an undisturbed run".to_owned(),
    }
}
