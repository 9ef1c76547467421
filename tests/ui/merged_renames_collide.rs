use gapless::{MigrationSet, embed_migrations, merge_migrations};

#[allow(deprecated, reason = "nothing is added while this is built")]
static USERS: MigrationSet = embed_migrations!("ui/merged_renames_collide/a");
#[allow(deprecated, reason = "nothing is added while this is built")]
static ORDERS: MigrationSet = embed_migrations!("ui/merged_renames_collide/b");

static MIGRATIONS: MigrationSet = merge_migrations!(USERS, ORDERS);

fn main() {
    MIGRATIONS.runner();
}
