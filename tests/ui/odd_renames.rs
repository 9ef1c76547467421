use gapless::{MigrationSet, embed_migrations};

static MIGRATIONS: MigrationSet = embed_migrations!("ui/odd_renames");

fn main() {
    MIGRATIONS.assert_current();
}
