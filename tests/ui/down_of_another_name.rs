use gapless::{MigrationSet, embed_migrations};

static MIGRATIONS: MigrationSet = embed_migrations!("ui/down_of_another_name");

fn main() {
    MIGRATIONS.assert_current();
}
