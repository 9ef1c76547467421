//! The connection is cut.

use super::{Row, assert_undisturbed, dump, sets};
use crate::cluster::{Database, cluster};
use crate::proxy::{Cut, Proxy};

/// After each message in turn, before and after the server has seen it, until a run needs no more messages.
pub fn cut_connections() -> Row {
    let all = sets::named("short");
    let undisturbed = cluster().database();
    all.runner().run(&mut undisturbed.connect()).unwrap();
    let reference = dump(&undisturbed);
    let mut cuts = 0;
    for after in [false, true] {
        for turn in 1.. {
            let database = cluster().database();
            let proxy = Proxy::cutting(database.port, Cut { turn, after });
            let through = Database { port: proxy.port(), ..database.clone() };
            let url = through.url();
            let Ok(mut client) = postgres::Client::connect(&url, postgres::NoTls) else { continue };
            let result = all.runner().run(&mut client);
            drop(client);
            if result.is_ok() && !proxy.has_cut() {
                break;
            }
            cuts += 1;
            if let Err(error) = result {
                assert!(error.is_connection(), "{error}");
            }
            all.runner()
                .run(&mut database.connect())
                .unwrap_or_else(|error| panic!("{turn} {after}: {error}"));
            assert_undisturbed(&database, &reference, 30);
        }
    }
    Row {
        what: "the connection is cut at message n, for every n, before and after the server saw it (30 migrations)",
        times: format!("{cuts} cuts"),
        held: "the next run leaves the same as an undisturbed one".to_owned(),
    }
}
