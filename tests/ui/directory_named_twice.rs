use gapless::{MigrationSet, embed_migrations};

static MIGRATIONS: MigrationSet = embed_migrations!("ui/directory_named_twice", "./ui/directory_named_twice/");

fn main() {
    MIGRATIONS.assert_current();
}
