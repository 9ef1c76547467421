use gapless::{MigrationSet, embed_migrations};

#[allow(deprecated, reason = "nothing is added while this is built")]
mod sets {
    use super::*;

    pub static GOOSE: MigrationSet = embed_migrations!("ui/pass_layouts/goose", layout = "goose");
    pub static DIESEL: MigrationSet = embed_migrations!("ui/pass_layouts/diesel", layout = "diesel");
    pub static FLYWAY: MigrationSet = embed_migrations!("ui/pass_layouts/flyway", layout = "flyway");
    pub static SQUASHED: MigrationSet = embed_migrations!("ui/pass_layouts/squashed");
}

fn main() {
    for set in [&sets::GOOSE, &sets::DIESEL, &sets::FLYWAY, &sets::SQUASHED] {
        set.assert_current();
    }
    let [users] = sets::GOOSE.migrations() else { panic!("one is embedded") };
    assert_eq!(users.sql(), "-- +goose Up\nCREATE TABLE users (id int);\n");
    assert_eq!(users.down().unwrap().sql().trim_start(), "-- +goose Down\nDROP TABLE users;\n");
    let [users] = sets::DIESEL.migrations() else { panic!("one is embedded") };
    assert_eq!((users.version().number(), users.name()), (20_200_101_000_000, "users"));
    assert!(users.directives().no_transaction() && users.down().is_none());
    let [users] = sets::FLYWAY.migrations() else { panic!("one is embedded") };
    assert!(users.directives().no_transaction());
    assert_eq!(users.down().unwrap().path(), "ui/pass_layouts/flyway/U7__users.sql");
    assert_eq!(sets::SQUASHED.baseline().unwrap().name(), "all");
}
