//! Makes cargo notice added migrations.

fn main() {
    gapless_build::track(["../migrations", "../migrations-mysql"]);
}
