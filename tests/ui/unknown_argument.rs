use gapless::{MigrationSet, embed_migrations};

static MIGRATIONS: MigrationSet = embed_migrations!("ui/unknown_argument", lock = "x", dialect = "oracle", 7);

fn main() {
    MIGRATIONS.assert_current();
}
