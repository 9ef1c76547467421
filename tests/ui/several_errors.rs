use gapless::{MigrationSet, embed_migrations};

static MIGRATIONS: MigrationSet = embed_migrations!("ui/several_errors", "ui/gone");

fn main() {
    MIGRATIONS.assert_current();
}
