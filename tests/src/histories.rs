//! The histories of other tools on MySQL and MariaDB: tables as each tool creates them, and rows as it writes them.

use gapless::{Layout, Legacy, MigrationSet, Pattern, Rules, Syntax};
use mysql::Conn;
use mysql::prelude::Queryable;

use crate::mysql_server::{Database, server};

/// A tool's history in which `users` is applied, and a set in its layout in which `orders` follows.
#[derive(Debug)]
pub struct Case {
    pub legacy: Legacy,
    pub layout: Layout,
    pub files: [(&'static str, &'static str); 2],
    /// What the tool sends.
    pub history: &'static str,
    /// The tool's checksum proves the text.
    pub proven: bool,
    /// Returns the name of the tool's lock for a database.
    pub lock: Option<fn(&str) -> String>,
}

const USERS: &str = "CREATE TABLE users (id int);\n";
const ORDERS: &str = "CREATE TABLE orders (id int);\n";

/// Sources: rubenv/sql-migrate v1.8.0, migrate.go and go-gorp/gorp v3.1.0, dialect_mysql.go (sent by Debian's sql-migrate
/// too); golang-migrate/migrate v4 (2026-07), database/mysql/mysql.go; pressly/goose v3 (2026-07),
/// internal/dialects/mysql.go; amacneil/dbmate 2.36.0, pkg/driver/mysql/mysql.go (written by the program); flyway 13.0.0,
/// MySQLDatabase.java; sqlx-mysql 0.9.0, migrate.rs; diesel 2.3.14, setup_migration_table.sql; refinery-core 0.10.1,
/// traits/mod.rs; rails 8, schema_migration.rb.
#[rustfmt::skip]
pub fn cases() -> Vec<Case> {
    let case = |legacy, layout, files, history| Case { legacy, layout, files, history, proven: false, lock: None };
    let cut = |up: &'static str, [one, two]: [&'static str; 2]| -> [(&'static str, &'static str); 2] {
        [(one, format!("{up}\n{USERS}").leak()), (two, format!("{up}\n{ORDERS}").leak())]
    };
    vec![
        case(
            Legacy::sql_migrate("gorp_migrations"),
            Layout::SqlMigrate,
            cut("-- +migrate Up", ["1-users.sql", "2-orders.sql"]),
            "create table if not exists `gorp_migrations` (`id` varchar(255) not null primary key, \
             `applied_at` datetime)  engine=InnoDB charset=UTF8;\
             insert into `gorp_migrations` (`id`,`applied_at`) values ('1-users.sql','2026-11-26 04:50:40.840276')",
        ),
        Case {
            lock: Some(|name| crc32(&format!("{name}:schema_migrations")).wrapping_mul(1_486_364_155).to_string()),
            ..case(
                Legacy::golang_migrate("schema_migrations"),
                Layout::GolangMigrate,
                [("1_users.up.sql", USERS), ("2_orders.up.sql", ORDERS)],
                "CREATE TABLE `schema_migrations` (version bigint not null primary key, dirty boolean not null);\
                 INSERT INTO `schema_migrations` (version, dirty) VALUES (1, 0)",
            )
        },
        case(
            Legacy::goose("goose_db_version"),
            Layout::Goose,
            cut("-- +goose Up", ["1_users.sql", "2_orders.sql"]),
            "CREATE TABLE goose_db_version (
                id bigint(20) unsigned NOT NULL AUTO_INCREMENT,
                version_id bigint NOT NULL,
                is_applied boolean NOT NULL,
                tstamp timestamp NULL default now(),
                PRIMARY KEY(id)
             );\
             INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, 1);\
             INSERT INTO goose_db_version (version_id, is_applied) VALUES (1, 1)",
        ),
        case(
            Legacy::dbmate("schema_migrations"),
            Layout::Dbmate,
            [
                ("1_users.sql", "-- migrate:up\nCREATE TABLE users (id int);\n-- migrate:down\n"),
                ("2_orders.sql", "-- migrate:up\nCREATE TABLE orders (id int);\n-- migrate:down\n"),
            ],
            "create table if not exists `schema_migrations` (version varchar(128) primary key);\
             insert into `schema_migrations` (version) values ('1')",
        ),
        Case {
            lock: Some(|name| (2_053_462_845 * i64::from(crc32(name))).to_string()),
            ..case(
                Legacy::rails("schema_migrations"),
                Layout::Native,
                [("1_users.sql", USERS), ("2_orders.sql", ORDERS)],
                "CREATE TABLE `schema_migrations` (`version` varchar(255) NOT NULL PRIMARY KEY);\
                 INSERT INTO `schema_migrations` (version) VALUES ('1')",
            )
        },
        Case {
            proven: true,
            lock: Some(|name| format!("Flyway-{}", java_hash(&format!("`{name}`.`flyway_schema_history`")))),
            ..case(
                Legacy::flyway("flyway_schema_history"),
                Layout::Flyway,
                [("V1__users.sql", USERS), ("V2__orders.sql", ORDERS)],
                // The checksum was computed with Java's CRC32.
                "CREATE TABLE `flyway_schema_history` (
                    `installed_rank` INT NOT NULL,
                    `version` VARCHAR(50),
                    `description` VARCHAR(200) NOT NULL,
                    `type` VARCHAR(20) NOT NULL,
                    `script` VARCHAR(1000) NOT NULL,
                    `checksum` INT,
                    `installed_by` VARCHAR(100) NOT NULL,
                    `installed_on` TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
                    `execution_time` INT NOT NULL,
                    `success` BOOL NOT NULL,
                    CONSTRAINT `flyway_schema_history_pk` PRIMARY KEY (`installed_rank`)
                 );\
                 CREATE INDEX `flyway_schema_history_s_idx` ON `flyway_schema_history` (`success`);\
                 INSERT INTO `flyway_schema_history` VALUES \
                 (1, '1', 'users', 'SQL', 'V1__users.sql', 336540139, 'root', now(), 7, 1)",
            )
        },
        Case {
            proven: true,
            lock: Some(|name| format!("{:x}", 0x3d32_ad9e_i64 * i64::from(crc32(name)))),
            ..case(
                Legacy::sqlx("_sqlx_migrations"),
                Layout::Native,
                [("1_users.sql", USERS), ("2_orders.sql", ORDERS)],
                "CREATE TABLE IF NOT EXISTS _sqlx_migrations (
                    version BIGINT PRIMARY KEY,
                    description TEXT NOT NULL,
                    installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
                    success BOOLEAN NOT NULL,
                    checksum BLOB NOT NULL,
                    execution_time BIGINT NOT NULL
                 );\
                 INSERT INTO _sqlx_migrations ( version, description, success, checksum, execution_time ) VALUES \
                 ( 1, 'users', TRUE, X'6337697883ead93bde2c64aa4c89983e494facc84418dc07c69854725a0401e9abccd1b1a56f06b2871d89dd25d29d40', 7 )",
            )
        },
        case(
            Legacy::diesel("__diesel_schema_migrations"),
            Layout::Diesel,
            [("1_users/up.sql", USERS), ("2_orders/up.sql", ORDERS)],
            "CREATE TABLE IF NOT EXISTS __diesel_schema_migrations (
                version VARCHAR(50) PRIMARY KEY NOT NULL,
                run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
             );\
             INSERT INTO __diesel_schema_migrations (version) VALUES ('1')",
        ),
        Case {
            proven: true,
            ..case(
                Legacy::refinery("refinery_schema_history"),
                Layout::Refinery,
                [("V1__users.sql", USERS), ("V2__orders.sql", ORDERS)],
                "CREATE TABLE IF NOT EXISTS refinery_schema_history(
                    version int4 PRIMARY KEY,
                    name VARCHAR(255),
                    applied_on VARCHAR(255),
                    checksum VARCHAR(255));\
                 INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES \
                 (1, 'users', '2026-11-26T04:50:40Z', '10915038114215788890')",
            )
        },
    ]
}

/// Bit by bit, apart from the code under test.
fn crc32(text: &str) -> u32 {
    !text.bytes().fold(!0, |crc, byte| {
        let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
        (0..8).fold(crc ^ u32::from(byte), step)
    })
}

fn java_hash(text: &str) -> i32 {
    text.bytes().fold(0, |hash: i32, byte| hash.wrapping_mul(31).wrapping_add(byte.into()))
}

/// The set of a directory with these files in this layout, for MySQL and MariaDB alone.
pub fn read(layout: Layout, files: &[(&str, &str)]) -> MigrationSet {
    let root = tempfile::tempdir().unwrap();
    for (file, text) in files {
        let path = root.path().join("migrations").join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let patterns = [Pattern::new("migrations").unwrap()];
    MigrationSet::scan(root.path(), &patterns, Rules::new(Syntax::Mysql, layout))
        .unwrap_or_else(|problems| panic!("{problems}"))
}

/// Sends statements, each of which ends before a semicolon.
pub fn send(client: &mut Conn, sql: &str) {
    for statement in sql.split(';') {
        client.query_drop(statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
}

pub fn column(client: &mut Conn, sql: &str) -> Vec<String> {
    client.query(sql).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

/// Another tool's history at version 1, and the table of that version.
pub fn history(case: &Case) -> Database {
    let database = server().database();
    let mut client = database.connect();
    send(&mut client, case.history);
    send(&mut client, USERS.trim_end().trim_end_matches(';'));
    database
}
