use gapless::{MigrationSet, embed_migrations};

static MIGRATIONS: MigrationSet = embed_migrations!("ui/down_without_its_dot");

fn main() {
    MIGRATIONS.assert_current();
}
