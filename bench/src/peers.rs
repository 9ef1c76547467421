//! The peers: gapless, other crates, and a program that stands for having neither.

/// How a peer wants its migrations named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// `0001_t1.sql`
    Numbered,
    /// `V1__t1.sql`
    Refinery,
    /// `0001_t1/up.sql`, with a `down.sql` beside it
    Diesel,
    /// It has none.
    Absent,
}

/// A crate that embeds migrations, from a template.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// The name of its crates, before the number of migrations.
    pub name: &'static str,
    /// Its dependencies, as `Cargo.toml` has them; `../gapless` is this workspace.
    pub dependencies: &'static str,
    /// Its `src/main.rs`.
    pub main: &'static str,
    /// Where its migrations are.
    pub layout: Layout,
}

/// A way to run a family's crate.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// Its name in the tables.
    pub name: &'static str,
    /// Whose crate it runs.
    pub family: &'static Family,
    /// Peers of one history read each other's databases.
    pub history: &'static str,
    /// A variable that is set for the process.
    pub variable: Option<&'static str>,
}

impl Family {
    /// Returns true if this is gapless.
    pub fn is_ours(&self) -> bool {
        self.name.starts_with("gapless")
    }
}

/// The measured programs. The first is what the others are compared with.
pub const PEERS: &[Peer] = &[
    peer("gapless (postgres)", &GAPLESS_POSTGRES, "gapless"),
    peer("gapless (tokio-postgres)", &GAPLESS_TOKIO, "gapless"),
    peer("refinery (postgres)", &REFINERY_POSTGRES, "refinery"),
    Peer {
        variable: Some("BENCH_GROUPED"),
        ..peer("refinery (postgres), grouped", &REFINERY_POSTGRES, "refinery")
    },
    peer("refinery (tokio-postgres)", &REFINERY_TOKIO, "refinery"),
    peer("sqlx", &SQLX, "sqlx"),
    peer("diesel", &DIESEL, "diesel"),
    peer("diesel-async", &DIESEL_ASYNC, "diesel"),
];

/// The measured programs on MariaDB.
pub const MYSQL_PEERS: &[Peer] = &[
    peer("gapless (mysql)", &GAPLESS_MYSQL, "gapless_mysql"),
    peer("refinery (mysql)", &REFINERY_MYSQL, "refinery_mysql"),
    peer("sqlx (mysql)", &SQLX_MYSQL, "sqlx_mysql"),
    peer("diesel (mysql)", &DIESEL_MYSQL, "diesel_mysql"),
];

/// Whose crates are built against the clock; the asynchronous drivers add nothing to what is seen there.
pub const BUILT: &[&Family] = &[&GAPLESS, &GAPLESS_POSTGRES, &REFINERY_POSTGRES, &SQLX, &DIESEL];

/// No tool at all: what the rows themselves take that gapless compares with its own.
pub const SELECT: Peer = peer("a SELECT of the rows", &SELECTING, "gapless");

const fn peer(name: &'static str, family: &'static Family, history: &'static str) -> Peer {
    Peer { name, family, history, variable: None }
}

/// A program that does nothing.
pub const EMPTY: Family = Family {
    name: "empty",
    dependencies: "",
    main: include_str!("../templates/empty.rs"),
    layout: Layout::Absent,
};

/// The driver without migrations.
pub const DRIVER: Family = Family {
    name: "driver",
    dependencies: "postgres = \"=0.19.14\"\n",
    main: include_str!("../templates/driver_postgres.rs"),
    layout: Layout::Absent,
};

const SELECTING: Family = Family {
    name: "select",
    dependencies: "postgres = \"=0.19.14\"\n",
    main: include_str!("../templates/select.rs"),
    layout: Layout::Absent,
};

/// gapless without a driver.
pub const GAPLESS: Family = Family {
    name: "gapless",
    dependencies: "gapless = { path = \"../gapless/runtime\" }\n",
    main: include_str!("../templates/gapless.rs"),
    layout: Layout::Numbered,
};

const GAPLESS_POSTGRES: Family = Family {
    name: "gapless-postgres",
    dependencies: "gapless = { path = \"../gapless/runtime\", features = [\"postgres\"] }\n\
                   postgres = \"0.19\"\n",
    main: include_str!("../templates/gapless_postgres.rs"),
    layout: Layout::Numbered,
};

const GAPLESS_TOKIO: Family = Family {
    name: "gapless-tokio",
    dependencies: "gapless = { path = \"../gapless/runtime\", features = [\"tokio-postgres\"] }\n\
                   tokio-postgres = \"0.7\"\n\
                   tokio = { version = \"1\", features = [\"macros\", \"rt-multi-thread\"] }\n",
    main: include_str!("../templates/gapless_tokio.rs"),
    layout: Layout::Numbered,
};

const REFINERY_POSTGRES: Family = Family {
    name: "refinery-postgres",
    dependencies: "refinery = { version = \"=0.10.0\", features = [\"postgres\"] }\n\
                   postgres = \"=0.19.14\"\n",
    main: include_str!("../templates/refinery_postgres.rs"),
    layout: Layout::Refinery,
};

const REFINERY_TOKIO: Family = Family {
    name: "refinery-tokio",
    dependencies: "refinery = { version = \"=0.10.0\", features = [\"tokio-postgres\"] }\n\
                   tokio-postgres = \"=0.7.18\"\n\
                   tokio = { version = \"1\", features = [\"macros\", \"rt-multi-thread\"] }\n",
    main: include_str!("../templates/refinery_tokio.rs"),
    layout: Layout::Refinery,
};

const SQLX: Family = Family {
    name: "sqlx",
    dependencies: "sqlx = { version = \"=0.9.0\", default-features = false, \
                   features = [\"postgres\", \"runtime-tokio\", \"macros\", \"migrate\"] }\n\
                   tokio = { version = \"1\", features = [\"macros\", \"rt-multi-thread\"] }\n",
    main: include_str!("../templates/sqlx.rs"),
    layout: Layout::Numbered,
};

const DIESEL: Family = Family {
    name: "diesel",
    dependencies: "diesel = { version = \"=2.3.14\", default-features = false, features = [\"postgres\"] }\n\
                   diesel_migrations = \"=2.3.2\"\n",
    main: include_str!("../templates/diesel.rs"),
    layout: Layout::Diesel,
};

const DIESEL_ASYNC: Family = Family {
    name: "diesel-async",
    dependencies: "diesel-async = { version = \"=0.9.2\", features = [\"postgres\", \"migrations\"] }\n\
                   diesel_migrations = \"=2.3.2\"\n\
                   tokio = { version = \"1\", features = [\"macros\", \"rt-multi-thread\"] }\n",
    main: include_str!("../templates/diesel_async.rs"),
    layout: Layout::Diesel,
};

const GAPLESS_MYSQL: Family = Family {
    name: "gapless-mysql",
    dependencies: "gapless = { path = \"../gapless/runtime\", features = [\"mysql\"] }\n\
                   mysql = { version = \"28\", default-features = false, features = [\"minimal-rust\"] }\n",
    main: include_str!("../templates/gapless_mysql.rs"),
    layout: Layout::Numbered,
};

const REFINERY_MYSQL: Family = Family {
    name: "refinery-mysql",
    dependencies: "refinery = { version = \"=0.10.0\", features = [\"mysql\"] }\n\
                   mysql = { version = \"*\", default-features = false, features = [\"minimal-rust\"] }\n",
    main: include_str!("../templates/refinery_mysql.rs"),
    layout: Layout::Refinery,
};

const SQLX_MYSQL: Family = Family {
    name: "sqlx-mysql",
    dependencies: "sqlx = { version = \"=0.9.0\", default-features = false, \
                   features = [\"mysql\", \"runtime-tokio\", \"macros\", \"migrate\"] }\n\
                   tokio = { version = \"1\", features = [\"macros\", \"rt-multi-thread\"] }\n",
    main: include_str!("../templates/sqlx_mysql.rs"),
    layout: Layout::Numbered,
};

const DIESEL_MYSQL: Family = Family {
    name: "diesel-mysql",
    dependencies: "diesel = { version = \"=2.3.14\", default-features = false, features = [\"mysql\"] }\n\
                   diesel_migrations = \"=2.3.2\"\n",
    main: include_str!("../templates/diesel_mysql.rs"),
    layout: Layout::Diesel,
};
