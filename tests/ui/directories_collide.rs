use gapless::{MigrationSet, embed_migrations};

static MIGRATIONS: MigrationSet = embed_migrations!("ui/directories_collide/*");

fn main() {
    MIGRATIONS.assert_current();
}
