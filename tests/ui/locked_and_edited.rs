use gapless::{MigrationSet, embed_migrations};

static MIGRATIONS: MigrationSet = embed_migrations!("ui/locked_and_edited");

fn main() {
    MIGRATIONS.assert_current();
}
