//! A cluster of Galera on one machine. Its nodes begin with copies of the same data, so that none has to send its own to
//! another, which takes as long as everything else together.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use mysql::prelude::Queryable;

use super::{Database, Flavour, Programs, Server, programs};
use crate::cluster::free_port;

/// The server calls it for a node's first data: they are there.
const SCRIPT: &str = r#"#!/bin/sh
while [ $# -gt 0 ]; do
    case $1 in
        --role) role=$2 ;;
        --bypass) bypass=1 ;;
        --gtid) gtid=$2 ;;
        --datadir) data=$2 ;;
    esac
    shift
done
if [ "$role" = joiner ]; then
    echo "ready copied"
    cat "$data/copied"
elif [ -n "$bypass" ]; then
    echo continue
    echo "done $gtid 0"
else
    exit 22
fi
"#;

const PROVIDERS: [&str; 3] = [
    "/usr/lib/galera/libgalera_smm.so",
    "/usr/lib64/galera-4/libgalera_smm.so",
    "/usr/lib/galera-4/libgalera_smm.so",
];

/// Nodes that replicate each other.
#[derive(Debug)]
pub struct Galera {
    pub nodes: Vec<Server>,
}

/// The cluster of this process, started at the first call.
pub fn cluster() -> Option<&'static Galera> {
    static CLUSTER: OnceLock<Option<Galera>> = OnceLock::new();
    CLUSTER.get_or_init(Galera::start).as_ref()
}

/// The library, where it and a MariaDB are installed.
fn provider() -> Option<PathBuf> {
    let named = std::env::var_os("GAPLESS_GALERA").map(PathBuf::from);
    let places = named.into_iter().chain(PROVIDERS.map(PathBuf::from));
    places.into_iter().find(|place| place.exists()).filter(|_| programs().flavour == Flavour::MariaDb)
}

impl Galera {
    /// A cluster of three; `None`, and a line that says so, where it cannot be had.
    pub fn start() -> Option<Galera> {
        let Some(provider) = provider() else {
            eprintln!("SKIPPED: Galera's library is not here, or the server is no MariaDB");
            return None;
        };
        let (programs, template) = (programs(), template(&provider));
        let ports: Vec<_> = (0..3).map(|_| free_port()).collect();
        let members: Vec<_> = ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
        let address = format!("gcomm://{}", members.join(","));
        let start = |(index, port): (usize, &u16)| {
            let mut options = options(&provider, *port, &address);
            options.extend((index == 0).then(|| "--wsrep-new-cluster".to_owned()));
            node(&programs, template, &options)
        };
        let nodes: Vec<_> = ports.iter().enumerate().map(start).collect();
        let cluster = Galera { nodes };
        cluster.await_size(3);
        Some(cluster)
    }

    /// Waits until each of its nodes sees this number of nodes, and takes writes.
    fn await_size(&self, size: usize) {
        for node in &self.nodes {
            loop {
                let status = "SELECT count(*) FROM information_schema.GLOBAL_STATUS WHERE (VARIABLE_NAME, VARIABLE_VALUE) IN \
                              (('WSREP_CLUSTER_SIZE', ?), ('WSREP_READY', 'ON'))";
                if node.connect().exec_first(status, (size.to_string(),)).ok().flatten() == Some(2) {
                    break;
                }
                assert!(node.is_running(), "{}", node.log());
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
        }
    }

    /// A new, empty database, as each of the nodes has it.
    pub fn database(&self) -> Vec<Database> {
        let Database { name, .. } = self.nodes[0].database();
        self.nodes.iter().map(|node| Database { port: node.port, name: name.clone() }).collect()
    }
}

fn options(provider: &Path, port: u16, address: &str) -> Vec<String> {
    let receiver = free_port();
    vec![
        "--wsrep-on=ON".to_owned(),
        format!("--wsrep-provider={}", provider.display()),
        format!("--wsrep-cluster-address={address}"),
        format!("--wsrep-node-address=127.0.0.1:{port}"),
        format!(
            "--wsrep-provider-options=base_port={port};gmcast.listen_addr=tcp://127.0.0.1:{port};\
             ist.recv_addr=127.0.0.1:{receiver};gcache.size=16M"
        ),
        "--wsrep-sst-method=copied".to_owned(),
        "--binlog-format=ROW".to_owned(),
        "--innodb-autoinc-lock-mode=2".to_owned(),
    ]
}

fn node(programs: &Programs, template: &Path, options: &[String]) -> Server {
    let options: Vec<_> = options.iter().map(String::as_str).collect();
    let mut server = Server::with_data(programs, template, &options);
    let scripts = server.directory().join("scripts");
    fs::create_dir(&scripts).expect("a directory is made");
    let script = scripts.join("wsrep_sst_copied");
    fs::write(&script, SCRIPT).expect("a file is written");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("it may be run");
    server.scripts = Some(scripts);
    server.start();
    server
}

/// The data of a node that has been in a cluster, and its state, made once for the process.
fn template(provider: &Path) -> &'static Path {
    static TEMPLATE: OnceLock<tempfile::TempDir> = OnceLock::new();
    let directory = TEMPLATE.get_or_init(|| {
        let programs = programs();
        let mut options = options(provider, free_port(), "gcomm://");
        options.push("--wsrep-new-cluster".to_owned());
        let server = node(&programs, &programs.template(), &options);
        server.connect().query_drop("CREATE DATABASE first").expect("it takes writes");
        server.connect().query_drop("DROP DATABASE first").expect("it takes writes");
        server.shut_down();
        let own = tempfile::tempdir().expect("a directory is made");
        let data = own.path().join("data");
        let copy = std::process::Command::new("cp")
            .arg("-a")
            .arg(server.directory().join("data"))
            .arg(&data)
            .status();
        assert!(copy.is_ok_and(|status| status.success()), "the data are copied");
        let state = fs::read_to_string(data.join("grastate.dat")).expect("it has a state");
        let value = |name: &str| {
            let line = state.lines().find_map(|line| line.strip_prefix(name)).expect("the state has it");
            line.trim().to_owned()
        };
        fs::write(data.join("copied"), format!("{}:{} 0\n", value("uuid:"), value("seqno:")))
            .expect("it is written");
        let bootstrap = state.replace("safe_to_bootstrap: 0", "safe_to_bootstrap: 1");
        fs::write(data.join("grastate.dat"), bootstrap).expect("it is written");
        fs::remove_file(data.join("galera.cache")).expect("it is removed");
        own
    });
    static DATA: OnceLock<PathBuf> = OnceLock::new();
    DATA.get_or_init(|| directory.path().join("data"))
}
