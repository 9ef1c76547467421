use gapless::{MigrationSet, embed_migrations};

static MIGRATIONS: MigrationSet = embed_migrations!("ui/version_too_large");

fn main() {
    MIGRATIONS.assert_current();
}
