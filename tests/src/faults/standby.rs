//! A streaming standby, and its promotion.

use std::thread;
use std::time::Duration;

use super::{Row, sets};
use crate::server::Server;
use crate::set::tables;

pub fn standby_and_promotion(rounds: usize) -> Row {
    for _ in 0..rounds {
        let primary = Server::start_new();
        let database = primary.database("app", true);
        tables(3).runner().run(&mut database.connect()).unwrap();
        let standby = primary.standby();
        let replica = standby.database("app", false);
        // Everything is applied: it boots there too.
        assert_eq!(tables(3).runner().run(&mut replica.connect()).unwrap().round_trips(), 1);
        let error = tables(4).runner().run(&mut replica.connect()).unwrap_err();
        assert!(error.is_read_only() && error.to_string().contains("is a standby"), "{error}");
        let fresh = sets::named("counting");
        let error = fresh.runner().schema("elsewhere").run(&mut replica.connect()).unwrap_err();
        assert!(error.is_read_only(), "{error}");
        thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                // As a supervisor does that starts the application again until it is up.
                loop {
                    match tables(4).runner().run(&mut replica.connect()) {
                        Ok(report) => return report.applied().len(),
                        Err(error) => assert!(error.is_read_only(), "{error}"),
                    }
                    thread::sleep(Duration::from_millis(20));
                }
            });
            thread::sleep(Duration::from_millis(200));
            primary.stop_immediately();
            standby.promote();
            assert_eq!(waiting.join().unwrap(), 1);
        });
    }
    Row {
        what: "boots on a streaming standby, which is promoted while they go on",
        times: format!("{rounds} rounds"),
        held: "with nothing pending, one round trip; with something pending, a typed error; the first start after the promotion applies it"
            .to_owned(),
    }
}
