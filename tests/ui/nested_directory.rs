use gapless::{MigrationSet, embed_migrations};

static MIGRATIONS: MigrationSet = embed_migrations!("ui/nested_directory");

fn main() {
    MIGRATIONS.assert_current();
}
