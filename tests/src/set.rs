//! Sets of migrations from text, read as the macro reads them.

use gapless::{Layout, MigrationSet, Pattern, Problems, Rules, Syntax};

/// The set of a directory with these files.
pub fn set(files: &[(&str, &str)]) -> MigrationSet {
    set_of(Layout::Native, files).unwrap_or_else(|problems| panic!("{problems}"))
}

/// The set of a directory with these files, for MySQL and MariaDB alone.
pub fn mysql_set(files: &[(&str, &str)]) -> MigrationSet {
    read(Rules::new(Syntax::Mysql, Layout::Native), files).unwrap_or_else(|problems| panic!("{problems}"))
}

/// The set of a directory with these files, laid out as a tool does it, or what is wrong with it.
pub fn set_of(layout: Layout, files: &[(&str, &str)]) -> Result<MigrationSet, Problems> {
    read(Rules::new(Syntax::Shared, layout), files)
}

fn read(rules: Rules, files: &[(&str, &str)]) -> Result<MigrationSet, Problems> {
    if files.is_empty() {
        // A directory without migrations is refused.
        return Ok(MigrationSet::new(Vec::new()).expect("nothing collides"));
    }
    let root = tempfile::tempdir().expect("a directory is made");
    let directory = root.path().join("migrations");
    std::fs::create_dir(&directory).expect("a directory is made");
    for (file, sql) in files {
        let path = directory.join(file);
        std::fs::create_dir_all(path.parent().expect("it is below a directory"))
            .expect("a directory is made");
        std::fs::write(path, sql).expect("a file is written");
    }
    let pattern = Pattern::new("migrations").expect("a pattern");
    MigrationSet::scan(root.path(), &[pattern], rules)
}

/// `count` migrations, each with a table of its own: `1_t1`, `2_t2`, ...
pub fn tables(count: usize) -> MigrationSet {
    let files: Vec<_> = (1..=count)
        .map(|number| (format!("{number}_t{number}.sql"), format!("CREATE TABLE t{number} (id int);")))
        .collect();
    let files: Vec<_> = files.iter().map(|(file, sql)| (file.as_str(), sql.as_str())).collect();
    set(&files)
}
