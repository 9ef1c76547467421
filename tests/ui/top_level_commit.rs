use gapless::{MigrationSet, embed_migrations};

static MIGRATIONS: MigrationSet = embed_migrations!("ui/top_level_commit");

fn main() {
    MIGRATIONS.assert_current();
}
