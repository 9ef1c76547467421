use gapless::{MigrationSet, embed_migrations};

static MIGRATIONS: MigrationSet = embed_migrations!("ui/concurrently_in_transaction");

fn main() {
    MIGRATIONS.assert_current();
}
