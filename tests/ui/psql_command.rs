use gapless::{MigrationSet, embed_migrations};

static MIGRATIONS: MigrationSet = embed_migrations!("ui/psql_command");

fn main() {
    MIGRATIONS.assert_current();
}
