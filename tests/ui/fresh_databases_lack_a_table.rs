#![deny(deprecated)]

use gapless::{MigrationSet, embed_migrations};

static MIGRATIONS: MigrationSet =
    embed_migrations!("ui/fresh_databases_lack_a_table", layout = "diesel");

fn main() {
    MIGRATIONS.assert_current();
}
