use gapless::{MigrationSet, embed_migrations, merge_migrations};

mod users {
    #[allow(deprecated, reason = "nothing is added while this is built")]
    pub static MIGRATIONS: gapless::MigrationSet = gapless::embed_migrations!("ui/pass_merged/a");
}

#[allow(deprecated, reason = "nothing is added while this is built")]
const ORDERS: MigrationSet = embed_migrations!("ui/pass_merged/b");

#[allow(deprecated, reason = "nothing is added while this is built")]
const LINES: MigrationSet = embed_migrations!("ui/pass_merged/c");

static MIGRATIONS: MigrationSet = merge_migrations!(ORDERS, users::MIGRATIONS);

fn main() {
    let [users, orders, reports] = MIGRATIONS.migrations() else { panic!("three are merged") };
    assert!(users.file().ends_with("-tests: ui/pass_merged/a/1_users.sql"), "{}", users.file());
    assert_eq!(users.down().unwrap().sql(), "DROP TABLE users;\n");
    assert_eq!((orders.name(), orders.sql()), ("orders", "CREATE TABLE orders (id int);\n"));
    assert!(reports.is_tombstone());
    // What a tombstone's row holds is not known.
    assert_eq!((users::MIGRATIONS.digest(), MIGRATIONS.digest()), (None, None));
    let digests = [ORDERS.digest().unwrap(), LINES.digest().unwrap()];
    assert_eq!(merge_migrations!(LINES, ORDERS).digest(), Some(digests[0] ^ digests[1]));
    assert_eq!(MIGRATIONS.renames()[0].from(), "9_orders");
}
