use gapless::{MigrationSet, embed_migrations};

static MIGRATIONS: MigrationSet = embed_migrations!("ui/leading_zeros_collide");

fn main() {
    MIGRATIONS.assert_current();
}
