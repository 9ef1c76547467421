use gapless::{MigrationSet, embed_migrations};

static MIGRATIONS: MigrationSet = embed_migrations!("migrations");

fn main() {
    println!("{}", MIGRATIONS.migrations().len());
}
