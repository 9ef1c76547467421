#![deny(deprecated)]

use gapless::{MigrationSet, embed_migrations};

static MIGRATIONS: MigrationSet = embed_migrations!("ui/added_files_go_unnoticed");

fn main() {
    MIGRATIONS.assert_current();
}
