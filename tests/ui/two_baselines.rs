use gapless::{MigrationSet, embed_migrations};

static MIGRATIONS: MigrationSet = embed_migrations!("ui/two_baselines");

fn main() {
    MIGRATIONS.assert_current();
}
