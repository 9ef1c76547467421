//! The program `gapless`.

fn main() -> gapless_cli::Exit {
    gapless_cli::main()
}
