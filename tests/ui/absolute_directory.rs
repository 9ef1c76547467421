use gapless::{MigrationSet, embed_migrations};

static MIGRATIONS: MigrationSet = embed_migrations!("/var/lib/migrations");

fn main() {
    MIGRATIONS.assert_current();
}
