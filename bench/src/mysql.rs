//! Round trips and times on MariaDB.

use crate::mariadb::MariaDb;
use crate::peers::MYSQL_PEERS;
use crate::record::Results;
use crate::settings::Settings;
use crate::stage::Stage;
use crate::{trips, walls};

/// Records what [`trips`] and [`walls`] do, of the peers that know MySQL.
pub fn measure(stage: &mut Stage) {
    let Some(server) = MariaDb::start() else {
        eprintln!("  the programs of a MariaDB server are not here: skipped");
        return;
    };
    let few = |sizes: &[u64]| sizes.iter().copied().filter(|size| *size <= 1000).collect();
    let own = |name: &str| stage.settings.peers.iter().any(|peer| name.starts_with(family(peer.name)));
    let settings = Settings {
        peers: MYSQL_PEERS.iter().copied().filter(|peer| own(peer.name)).collect(),
        applied: few(&stage.settings.applied),
        ..stage.settings.clone()
    };
    let version = server.version();
    let mut there = Stage::on(server, settings, Results::default());
    trips::measure(&mut there);
    walls::measure(&mut there);
    stage.results.environment.insert("MariaDB".to_owned(), version);
    for mut record in there.results.records {
        "mysql".clone_into(&mut record.part);
        stage.keep(record);
    }
}

fn family(name: &str) -> &str {
    name.split(' ').next().unwrap_or(name)
}
