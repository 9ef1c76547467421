use gapless::{MigrationSet, embed_migrations};

static MIGRATIONS: MigrationSet = embed_migrations!("ui/layout_not_named_diesel");

fn main() {
    MIGRATIONS.assert_current();
}
