use gapless::{MigrationSet, embed_migrations};

static MIGRATIONS: MigrationSet = embed_migrations!("ui/go_migration", layout = "goose");

fn main() {
    MIGRATIONS.assert_current();
}
