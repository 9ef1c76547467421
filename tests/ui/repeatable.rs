use gapless::{MigrationSet, embed_migrations};

static MIGRATIONS: MigrationSet = embed_migrations!("ui/repeatable", layout = "flyway");

fn main() {
    MIGRATIONS.assert_current();
}
