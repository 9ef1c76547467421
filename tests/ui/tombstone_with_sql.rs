use gapless::{MigrationSet, embed_migrations};

static MIGRATIONS: MigrationSet = embed_migrations!("ui/tombstone_with_sql");

fn main() {
    MIGRATIONS.assert_current();
}
