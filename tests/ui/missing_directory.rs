use gapless::{MigrationSet, embed_migrations};

static MIGRATIONS: MigrationSet = embed_migrations!("ui/missing_directory");

fn main() {
    MIGRATIONS.assert_current();
}
