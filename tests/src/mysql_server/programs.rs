//! The programs of a server of MariaDB or MySQL, and the data that it begins with.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::cluster::is_root;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    MariaDb,
    MySql,
}

/// The programs of a server.
#[derive(Clone, Debug)]
pub struct Programs {
    pub flavour: Flavour,
    /// As the server states it: `10.11.14-MariaDB-0+deb12u2`, `9.7.4`.
    pub version: String,
    pub server: PathBuf,
}

/// The programs in `GAPLESS_MYSQL_BIN`, in Debian's usual places, or in the search path.
pub fn programs() -> Programs {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<_> = std::env::var_os("GAPLESS_MYSQL_BIN").into_iter().map(PathBuf::from).collect();
    if places.is_empty() {
        places.extend(["/usr/sbin", "/usr/bin"].map(PathBuf::from));
        places.extend(std::env::split_paths(&path));
    }
    places.iter().find_map(|place| Programs::at(place)).expect(
        "the tests need the programs of a MariaDB server: run ./test, or name their directory in GAPLESS_MYSQL_BIN",
    )
}

impl Programs {
    /// The programs in a directory.
    pub fn at(directory: &Path) -> Option<Programs> {
        let of = |name: &str| Some(directory.join(name)).filter(|program| program.exists());
        let server = of("mariadbd").or_else(|| of("mysqld"))?;
        let output = Command::new(&server).args(["--no-defaults", "--version"]).output().ok()?;
        // mysqld  Ver 10.11.14-MariaDB-0+deb12u2 for debian-linux-gnu on x86_64 (Debian 12)
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let version = said.split_once("Ver ")?.1.split(' ').next()?.to_owned();
        let flavour = if version.contains("MariaDB") { Flavour::MariaDb } else { Flavour::MySql };
        Some(Programs { flavour, version, server })
    }

    /// The options that every start needs.
    pub(super) fn options(&self) -> Vec<String> {
        let mut options = self.place();
        let own: &[&str] = match self.flavour {
            Flavour::MariaDb => &["--innodb-log-file-size=16M"],
            Flavour::MySql => &["--innodb-redo-log-capacity=16M", "--mysqlx=OFF", "--innodb-doublewrite=OFF"],
        };
        let both = [
            "--bind-address=127.0.0.1",
            "--secure-file-priv=",
            // Written at each commit: a server that is killed keeps what it has said is committed.
            "--innodb-flush-log-at-trx-commit=2",
            "--innodb-buffer-pool-size=32M",
            "--performance-schema=OFF",
            "--skip-log-bin",
            "--max-connections=300",
        ];
        options.extend(both.iter().chain(own).map(|option| (*option).to_owned()));
        options
    }

    /// Where its files are, and who runs it.
    fn place(&self) -> Vec<String> {
        let mut options = vec!["--no-defaults".to_owned()];
        let base = self.server.parent().and_then(Path::parent);
        options.extend(base.map(|base| format!("--basedir={}", base.display())));
        options.extend(is_root().then(|| "--user=root".to_owned()));
        options
    }

    /// A directory of data as a new server has them, made once on each machine: that takes MySQL seven seconds.
    pub(super) fn template(&self) -> PathBuf {
        let user = fs::metadata("/proc/self").map(|process| std::os::unix::fs::MetadataExt::uid(&process));
        let name = format!("gapless-mysql-{}-{}", self.version, user.unwrap_or_default());
        let template = std::env::temp_dir().join(name);
        if template.exists() {
            return template;
        }
        let own = tempfile::tempdir().expect("a directory is made");
        let data = own.path().join("data");
        let output = self.initialize(&data);
        let said = || String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned();
        assert!(output.status.success(), "the server's data are made:\n{}", said());
        // A server draws its identity at its first start.
        let _ = fs::remove_file(data.join("auto.cnf"));
        // Another process may have been faster.
        let moved = fs::rename(&data, &template);
        assert!(moved.is_ok() || template.exists(), "{moved:?}");
        template
    }

    /// Makes the data of a server whose superuser has no password.
    fn initialize(&self, data: &Path) -> Output {
        let mut command = match self.flavour {
            Flavour::MySql => Command::new(&self.server),
            Flavour::MariaDb => Command::new(self.beside("mariadb-install-db")),
        };
        command.args(self.options()).arg(format!("--datadir={}", data.display()));
        match self.flavour {
            Flavour::MySql => command.arg("--initialize-insecure"),
            Flavour::MariaDb => command.args(["--auth-root-authentication-method=normal", "--skip-test-db"]),
        };
        command.current_dir("/").output().expect("the program starts")
    }

    /// A program of the same package, which Debian keeps in `bin` beside `sbin`.
    fn beside(&self, name: &str) -> PathBuf {
        let here = self.server.with_file_name(name);
        let base = self.server.parent().and_then(Path::parent).unwrap_or(Path::new("/usr"));
        if here.exists() { here } else { base.join("bin").join(name) }
    }
}
