use gapless::{MigrationSet, embed_migrations};

static MIGRATIONS: MigrationSet = embed_migrations!("ui/merge_conflict");

fn main() {
    MIGRATIONS.assert_current();
}
