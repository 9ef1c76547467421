use gapless::{MigrationSet, embed_migrations};

static MIGRATIONS: MigrationSet = embed_migrations!("ui/unknown_directive");

fn main() {
    MIGRATIONS.assert_current();
}
