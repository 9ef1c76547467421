use gapless::{MigrationSet, embed_migrations};

static MIGRATIONS: MigrationSet = embed_migrations!("ui/rust_with_sql");

fn main() {
    MIGRATIONS.assert_current();
}
