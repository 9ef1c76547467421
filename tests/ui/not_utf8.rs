use gapless::{MigrationSet, embed_migrations};

static MIGRATIONS: MigrationSet = embed_migrations!("ui/not_utf8");

fn main() {
    MIGRATIONS.assert_current();
}
