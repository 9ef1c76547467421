use gapless::{MigrationSet, embed_migrations};

static MIGRATIONS: MigrationSet = embed_migrations!("ui/unterminated_string");

fn main() {
    MIGRATIONS.assert_current();
}
