use gapless::{MigrationSet, embed_migrations};

static MIGRATIONS: MigrationSet = embed_migrations!("ui/unterminated_dollar_quote");

fn main() {
    MIGRATIONS.assert_current();
}
