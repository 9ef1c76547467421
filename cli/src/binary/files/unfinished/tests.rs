//! A process that is killed anywhere, and again while it takes back what it has made.

use std::cell::Cell;
use std::collections::BTreeMap;

use super::*;

thread_local! {
    /// The number of steps after which the process is killed.
    static LEFT: Cell<usize> = const { Cell::new(usize::MAX) };
}

pub(super) fn step() -> io::Result<()> {
    let left = LEFT.with(|left| left.replace(left.get().saturating_sub(1)));
    if left == 0 { Err(io::Error::other("killed")) } else { Ok(()) }
}

/// Does some work and is killed after so many steps.
fn killed_after<T>(steps: usize, work: impl FnOnce() -> T) -> T {
    LEFT.with(|left| left.set(steps));
    let outcome = work();
    LEFT.with(|left| left.set(usize::MAX));
    outcome
}

/// Each file below a directory with its text.
fn listing(directory: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(listing(&path));
        } else {
            found.insert(path.clone(), fs::read_to_string(path).unwrap());
        }
    }
    found
}

fn fill(directory: &Path) {
    for name in ["a", "b", "c", "lock"] {
        fs::write(directory.join(name), name).unwrap();
    }
    fs::create_dir(directory.join("x")).unwrap();
    fs::write(directory.join("x/up.sql"), "up").unwrap();
}

/// Swaps two files, removes one, renames a directory, and writes texts under old and new names.
fn changes(directory: &Path) -> Vec<Change> {
    let at = |name: &str| directory.join(name);
    let write =
        |name: &str, text: &str| Change::Write { path: at(name), text: text.to_owned(), note: String::new() };
    vec![
        Change::Rename { from: at("a"), to: at("b") },
        Change::Rename { from: at("b"), to: at("a") },
        Change::Rename { from: at("x"), to: at("y") },
        Change::Remove { path: at("c") },
        write("b", "a, edited"),
        write("y/up.sql", "up, edited"),
        write("c", "a new one in its place"),
        write("lock", "edited"),
        write("new", "new"),
    ]
}

#[test]
fn a_kill_anywhere_is_taken_back_or_was_too_late() {
    let (mut begun, mut made) = (0, 0);
    for first in 0..25 {
        for second in 0..25 {
            let directory = tempfile::tempdir().unwrap();
            let at = directory.path();
            fill(at);
            let before = listing(at);
            let unfinished = Unfinished::note(at, &changes(at)).unwrap();
            let ended = killed_after(first, || unfinished.make().and_then(|()| unfinished.finish()));
            assert_eq!(ended.is_err(), at.join(UNFINISHED).exists(), "the note tells: {first}");
            if ended.is_ok() {
                break;
            }
            let is_made = Unfinished::read(at).unwrap().is_made();
            let again = killed_after(second, || Unfinished::read(at).unwrap().settle());
            if !again.is_empty() {
                assert_eq!(Unfinished::read(at).unwrap().settle(), [""; 0], "{first}, {second}");
            }
            let after = listing(at);
            if is_made {
                made += 1;
                let texts = [
                    ("a", "b"),
                    ("b", "a, edited"),
                    ("c", "a new one in its place"),
                    ("y/up.sql", "up, edited"),
                ];
                for (name, text) in texts {
                    assert_eq!(
                        after.get(&at.join(name)).map(String::as_str),
                        Some(text),
                        "{first}, {second}"
                    );
                }
                assert_eq!(after.len(), 6, "{first}, {second}: {after:?}");
            } else {
                begun += 1;
                assert_eq!(after, before, "{first}, {second}");
            }
        }
    }
    assert!(begun > 100 && made > 10, "{begun} {made}");
}

#[test]
fn a_file_that_was_edited_since_is_left_as_it_is() {
    // A part of the text is not an edit.
    for (since, settled) in
        [("by hand", "by hand"), ("edi", "lock"), ("", "lock"), ("edited", "lock"), ("lock", "lock")]
    {
        let directory = tempfile::tempdir().unwrap();
        let at = directory.path();
        fill(at);
        let write = Change::Write { path: at.join("lock"), text: "edited".to_owned(), note: String::new() };
        let unfinished = Unfinished::note(at, &[write]).unwrap();
        // The write, and not the stage after it.
        assert!(killed_after(3, || unfinished.make()).is_err());
        fs::write(at.join("lock"), since).unwrap();
        assert_eq!(Unfinished::read(at).unwrap().settle(), [""; 0]);
        assert_eq!(fs::read_to_string(at.join("lock")).unwrap(), settled);
        assert!(!at.join(UNFINISHED).exists());
    }
}

#[test]
fn a_file_that_somebody_has_removed_since_keeps_no_other_from_its_name() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    fill(at);
    let moves = [("a", "a2"), ("b", "b2")];
    let moves = moves.map(|(from, to)| Change::Rename { from: at.join(from), to: at.join(to) });
    let unfinished = Unfinished::note(at, &moves).unwrap();
    // Both are aside, and one has its new name.
    assert!(killed_after(4, || unfinished.make()).is_err());
    fs::remove_file(at.join("a2")).unwrap();
    assert_eq!(Unfinished::read(at).unwrap().settle(), [""; 0]);
    assert!(!at.join("a").exists() && at.join("b").exists() && !at.join(UNFINISHED).exists());
}

#[test]
fn what_cannot_be_put_back_keeps_the_note() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    fill(at);
    let change = Change::Rename { from: at.join("a"), to: at.join("a2") };
    let unfinished = Unfinished::note(at, &[change]).unwrap();
    // It is aside.
    assert!(killed_after(1, || unfinished.make()).is_err());
    fs::write(at.join("a"), "another").unwrap();
    let left = Unfinished::read(at).unwrap().settle();
    assert!(left.len() == 1 && left[0].contains("is now"), "{left:?}");
    assert!(at.join(UNFINISHED).exists());
    fs::remove_file(at.join("a")).unwrap();
    assert_eq!(Unfinished::read(at).unwrap().settle(), [""; 0]);
    assert_eq!(fs::read_to_string(at.join("a")).unwrap(), "a");
}

#[test]
fn a_note_is_of_one_place_and_one_command() {
    let directory = tempfile::tempdir().unwrap();
    let (at, other) = (directory.path().join("one"), directory.path().join("other"));
    fs::create_dir(&at).unwrap();
    fill(&at);
    Unfinished::note(&at, &changes(&at)).unwrap();
    assert!(Unfinished::note(&at, &changes(&at)).is_err(), "another command is at work");
    fs::rename(&at, &other).unwrap();
    let error = Unfinished::read(&other).unwrap_err().to_string();
    assert!(error.contains("it was written in") && error.contains("help: restore the directory"), "{error}");
    // It was cut off while it was written, before any change.
    fs::write(other.join(UNFINISHED), "{\"at\":").unwrap();
    assert_eq!(Unfinished::read(&other).unwrap().settle(), [""; 0]);
    assert!(!other.join(UNFINISHED).exists());
}
