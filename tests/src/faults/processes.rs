//! Many processes at once, and processes that are killed.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use gapless::Locking;

use super::{Row, assert_undisturbed, dump, random, sets};
use crate::cluster::{Database, cluster};

/// Runs `faults child URL SET LOCKING`: one boot of an application.
pub fn child(arguments: &[String]) -> i32 {
    let [url, name, locking] = arguments else { panic!("URL SET LOCKING") };
    let locking = match locking.as_str() {
        "session" => Locking::Session,
        "transaction" => Locking::Transaction,
        _ => Locking::None,
    };
    let Ok(mut client) = postgres::Client::connect(url, postgres::NoTls) else { return 3 };
    let patience = Duration::from_secs(30);
    match sets::named(name).runner().locking(locking).lock_wait(patience).run(&mut client) {
        Ok(report) => {
            println!("{}", report.applied().len());
            0
        }
        Err(error) => {
            eprintln!("{error}");
            if error.is_pooler() { 4 } else { 2 }
        }
    }
}

/// Starts one boot.
pub fn boot(program: &Path, url: &str, set: &str, locking: &str) -> Child {
    let mut command = Command::new(program);
    command.args(["child", url, set, locking]).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("the child starts")
}

/// Boots so many at once; how many migrations they applied together.
pub fn boot_all(program: &Path, count: usize, database: &Database, set: &str, locking: &str) -> usize {
    let children: Vec<_> = (0..count).map(|_| boot(program, &database.url(), set, locking)).collect();
    let applied = children.into_iter().map(|child| {
        let output = child.wait_with_output().expect("the child ends");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().parse::<usize>().expect("a number")
    });
    applied.sum()
}

pub fn cold_starts(program: &Path, rounds: usize) -> Row {
    for _ in 0..rounds {
        let database = cluster().database();
        assert_eq!(boot_all(program, 16, &database, "counting", "session"), 20);
        let counted: i64 = database.connect().query_one("SELECT n FROM counter", &[]).unwrap().get(0);
        assert_eq!(counted, sets::COUNTED);
    }
    Row {
        what: "16 processes cold-start on an empty database",
        times: format!("{rounds} rounds"),
        held: "every process succeeds; each of 20 migrations is applied once".to_owned(),
    }
}

pub fn concurrent_index(program: &Path, rounds: usize) -> Row {
    for _ in 0..rounds {
        let database = cluster().database();
        let mut client = database.connect();
        client.batch_execute("CREATE TABLE other (id int)").unwrap();
        assert_eq!(boot_all(program, 8, &database, "index", "session"), 2);
        let valid = "SELECT count(*) FROM pg_index WHERE indexrelid = 'big_id'::regclass AND indisvalid";
        assert_eq!(client.query_one(valid, &[]).unwrap().get::<_, i64>(0), 1);
    }
    Row {
        what: "8 processes start with a pending `CREATE INDEX CONCURRENTLY`",
        times: format!("{rounds} rounds"),
        held: "all succeed; no deadlock, no invalid index".to_owned(),
    }
}

/// Schema and data after an undisturbed run of the mixed set, and how long it took.
pub fn reference(program: &Path, database: &Database) -> (Vec<String>, Duration) {
    let begun = Instant::now();
    assert_eq!(boot_all(program, 1, database, "mixed", "session"), 200);
    (dump(database), begun.elapsed())
}

pub fn killed_processes(program: &Path, kills: usize) -> Row {
    let (reference, undisturbed) = reference(program, &cluster().database());
    let (mut killed, mut databases) = (0, 0);
    while killed < kills {
        let database = cluster().database();
        databases += 1;
        loop {
            let mut child = boot(program, &database.url(), "mixed", "session");
            thread::sleep(random(undisturbed / 3));
            let ended = child.try_wait().expect("the child can be asked");
            if ended.is_none() && killed < kills {
                child.kill().expect("the child is killed");
                killed += 1;
            }
            let output = child.wait_with_output().expect("the child ends");
            if output.status.success() {
                break;
            }
            assert!(output.status.code().is_none(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        assert_undisturbed(&database, &reference, 200);
    }
    Row {
        what: "the process is killed (SIGKILL) at random in a run of 200 migrations, with data changes and steps outside of transactions",
        times: format!("{killed} kills, {databases} databases"),
        held: "after the last start, schema and data are those of an undisturbed run".to_owned(),
    }
}
