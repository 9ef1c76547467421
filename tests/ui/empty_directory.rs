use gapless::{MigrationSet, embed_migrations};

static MIGRATIONS: MigrationSet = embed_migrations!("ui/empty_directory");

fn main() {
    MIGRATIONS.assert_current();
}
