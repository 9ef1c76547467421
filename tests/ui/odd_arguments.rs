use gapless::{MigrationSet, embed_migrations};

static SUFFIX: MigrationSet = embed_migrations!("ui/added_files_go_unnoticed"suffix);
static NO_PATH: MigrationSet = embed_migrations!("ui/added_files_go_unnoticed", crate =);
static STRING: MigrationSet = embed_migrations!("ui/added_files_go_unnoticed", crate = "gapless");
static TWICE: MigrationSet = embed_migrations!("ui/added_files_go_unnoticed", dialect = "mysql", dialect = "sqlite");
static LAYOUTS: MigrationSet = embed_migrations!("ui/added_files_go_unnoticed", layout = "native", layout = "goose");

fn main() {}
