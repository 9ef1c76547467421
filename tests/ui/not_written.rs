use gapless::{MigrationSet, embed_migrations};

static MIGRATIONS: MigrationSet = embed_migrations!("ui/not_written");

fn main() {
    MIGRATIONS.assert_current();
}
