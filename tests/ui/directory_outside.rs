use gapless::{MigrationSet, embed_migrations};

static MIGRATIONS: MigrationSet = embed_migrations!("../../../../../../../../../../../../outside");

fn main() {
    MIGRATIONS.assert_current();
}
