//! Lists a directory that is a migration: `up.sql`, `down.sql` and a sidecar.

use super::filesystem::{is_sql, sorted_names};
use super::layout::{Named, Tool};
use super::listing::{Entry, File, Listing};
use crate::set::Part;

/// Lists the files of one migration.
pub(crate) fn list(entry: &Entry<'_>, named: &Named, tool: &Tool, listing: &mut Listing) {
    let names = match sorted_names(&entry.path) {
        Ok(names) => names,
        Err(error) => {
            let problem = entry.problem(format!("cannot read the directory: {error}"));
            return listing.problems.push(problem);
        }
    };
    let before = listing.files.len() + listing.problems.len();
    for name in names.iter().filter(|name| is_sql(name) && !name.starts_with('.')) {
        let file = Entry {
            pattern: entry.pattern,
            shown: format!("{}/{name}", entry.shown),
            name,
            path: entry.path.join(name),
        };
        match name.as_str() {
            "up.sql" => add(file, entry.name, Part::Up, named, tool, listing),
            "down.sql" => add(file, entry.name, Part::Down, named, tool, listing),
            _ => misnamed(&file, listing),
        }
    }
    if listing.files.len() + listing.problems.len() == before {
        let problem = entry.problem("a migration's directory without `up.sql`");
        listing.problems.push(problem.help("add an `up.sql`, or remove the directory"));
    }
}

fn add(file: Entry<'_>, directory: &str, part: Part, named: &Named, tool: &Tool, listing: &mut Listing) {
    let Entry { pattern, shown, name, path } = file;
    let mut file = File {
        name: Named { part, ..named.clone() },
        pattern,
        directory: listing.directories.len().saturating_sub(1),
        entry: format!("{directory}/{name}"),
        shown,
        path,
        no_transaction: false,
    };
    if let Some(sidecar) = &tool.sidecar {
        sidecar.apply(&mut file, listing);
    }
    listing.files.push(file);
}

fn misnamed(file: &Entry<'_>, listing: &mut Listing) {
    let lower = file.name.to_ascii_lowercase();
    let help = if matches!(&*lower, "up.sql" | "down.sql") {
        format!("rename it to `{lower}`")
    } else {
        "move its statements into one of them, and remove it".to_owned()
    };
    let problem = file.problem("Diesel ignores this file: a migration is `up.sql` and `down.sql`");
    listing.problems.push(problem.help(help));
}
