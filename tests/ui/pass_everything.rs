use gapless as renamed;
use renamed::{MigrationSet, embed_migrations};

#[allow(deprecated, reason = "nothing is added while this is built")]
static MIGRATIONS: MigrationSet = embed_migrations!("ui/pass_everything/*", dialect = "postgres", crate = renamed);

fn main() {
    MIGRATIONS.assert_current();
    let [users, crlf, index] = MIGRATIONS.migrations() else { panic!("three are embedded") };
    assert_eq!(users.down().unwrap().path(), "ui/pass_everything/a/0001_users.down.sql");
    assert_eq!(crlf.sql(), "SELECT '\"\\u{e9}';\nSELECT 2;\n");
    assert!(index.directives().no_transaction());
    assert_eq!(index.directives().lock_timeout(), Some(std::time::Duration::from_secs(2)));
    const _: &MigrationSet = &MIGRATIONS;
}
