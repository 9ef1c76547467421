use gapless::{MigrationSet, embed_migrations};

static MIGRATIONS: MigrationSet = embed_migrations!("ui/upper_case_suffix");

fn main() {
    MIGRATIONS.assert_current();
}
