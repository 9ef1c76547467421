use gapless::{MigrationSet, embed_migrations};

static MIGRATIONS: MigrationSet = embed_migrations!("ui/dash_after_version");

fn main() {
    MIGRATIONS.assert_current();
}
