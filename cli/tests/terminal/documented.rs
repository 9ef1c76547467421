//! Parts of a document that are generated: they stand between `<!-- NAME -->` and `<!-- end -->`.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::steady;

/// A document of the repository.
pub(crate) struct Document {
    path: PathBuf,
}

impl Document {
    /// The document at this path from the top of the repository.
    pub(crate) fn open(path: &str) -> Document {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
        Document { path: root.join(path) }
    }

    /// Compares a part with what it should be, save for times and the like. With `GAPLESS_BLESS=1` it writes the part instead.
    pub(crate) fn holds(&self, name: &str, wanted: &str) {
        // Tests of one file run at once.
        static WRITING: Mutex<()> = Mutex::new(());
        let _one = WRITING.lock();
        let text = std::fs::read_to_string(&self.path).expect("the document can be read");
        let begin = format!("<!-- {name} -->\n");
        let (before, rest) = text.split_once(&begin).expect("the part is there");
        let (held, after) = rest.split_once("<!-- end -->\n").expect("the part ends");
        if steady(held) == steady(wanted) {
            return;
        }
        if std::env::var_os("GAPLESS_BLESS").is_some() {
            let text = format!("{before}{begin}{wanted}<!-- end -->\n{after}");
            std::fs::write(&self.path, text).expect("the document can be written");
            return;
        }
        assert_eq!(
            steady(held),
            steady(wanted),
            "{name} of {}: GAPLESS_BLESS=1 rewrites it",
            self.path.display()
        );
    }

    /// Compares a part with what was typed and seen.
    pub(crate) fn shows(&self, name: &str, seen: &str) {
        self.holds(name, &format!("```console\n{seen}```\n"));
    }
}
