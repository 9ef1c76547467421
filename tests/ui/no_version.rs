use gapless::{MigrationSet, embed_migrations};

static MIGRATIONS: MigrationSet = embed_migrations!("ui/no_version");

fn main() {
    MIGRATIONS.assert_current();
}
