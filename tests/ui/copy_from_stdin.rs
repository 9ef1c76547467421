use gapless::{MigrationSet, embed_migrations};

static MIGRATIONS: MigrationSet = embed_migrations!("ui/copy_from_stdin");

fn main() {
    MIGRATIONS.assert_current();
}
