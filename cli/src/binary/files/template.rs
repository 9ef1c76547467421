//! The names and texts of a new migration's files, in each layout.
//!
//! The texts hold comments only, and a line by which the build refuses them until they are written.

use gapless::Layout;

/// What a new migration is to be.
#[derive(Clone, Debug)]
pub(super) struct Blueprint {
    pub(super) layout: Layout,
    /// The version as the directory writes it.
    pub(super) version: String,
    pub(super) name: String,
    pub(super) down: bool,
    pub(super) work: Work,
    pub(super) no_transaction: bool,
    /// The ending of up files in a native layout.
    pub(super) ending: &'static str,
}

/// What a migration's work is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Work {
    Sql,
    Rust,
}

/// A file to create.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NewFile {
    /// Relative to the directory of migrations.
    pub(super) path: String,
    pub(super) text: String,
}

impl Blueprint {
    /// The name of the up file or, where migrations are directories, of the directory.
    pub(super) fn entry(&self) -> String {
        let Blueprint { version, name, ending, .. } = self;
        match self.layout {
            Layout::Native | Layout::GolangMigrate => format!("{version}_{name}{ending}"),
            Layout::SqlMigrate => format!("{version}-{name}.sql"),
            Layout::Flyway | Layout::Refinery => format!("V{version}__{name}.sql"),
            Layout::Diesel => format!("{version}_{name}"),
            _ => format!("{version}_{name}.sql"),
        }
    }

    pub(super) fn files(&self) -> Vec<NewFile> {
        let entry = self.entry();
        let (up, down) = (self.up(), self.down.then(|| self.undo()));
        let file = |path: String, text: String| NewFile { path, text };
        let mut files = match self.layout {
            Layout::Goose | Layout::SqlMigrate | Layout::Dbmate | Layout::Tern => {
                return vec![file(entry, self.sections(&up, down.as_deref()))];
            }
            Layout::Diesel => vec![file(format!("{entry}/up.sql"), up)],
            _ => vec![file(entry.clone(), up)],
        };
        let beside = match self.layout {
            Layout::Diesel => format!("{entry}/down.sql"),
            Layout::Flyway => format!("U{}", entry.trim_start_matches('V')),
            _ => format!("{}_{}.down.sql", self.version, self.name),
        };
        files.extend(down.map(|text| file(beside, text)));
        let settings = match self.layout {
            Layout::Diesel => Some((format!("{entry}/metadata.toml"), "run_in_transaction = false\n")),
            Layout::Flyway => Some((format!("{entry}.conf"), "executeInTransaction=false\n")),
            _ => None,
        };
        files
            .extend(settings.filter(|_| self.no_transaction).map(|(path, text)| file(path, text.to_owned())));
        files
    }

    fn up(&self) -> String {
        let mut text = String::new();
        // The layouts with settings of their own put this elsewhere.
        if self.no_transaction
            && matches!(self.layout, Layout::Native | Layout::GolangMigrate | Layout::Refinery)
        {
            text += "-- gapless: no-transaction\n";
        }
        match self.work {
            Work::Rust => {
                text + "-- gapless: rust\n-- gapless: todo\n\
                        -- Say here what the code does, and why SQL cannot do it. Then remove the line above.\n"
            }
            Work::Sql => text + "-- gapless: todo\n-- Write the SQL here, and remove these two lines.\n",
        }
    }

    fn undo(&self) -> String {
        "-- gapless: todo\n-- Write the SQL here that undoes it, and remove these two lines.\n".to_owned()
    }

    /// One file with both directions.
    fn sections(&self, up: &str, down: Option<&str>) -> String {
        let outside = |line: &'static str| if self.no_transaction { line } else { "" };
        match self.layout {
            Layout::Goose => {
                let down = down.map(|down| format!("\n-- +goose Down\n{down}")).unwrap_or_default();
                format!("{}-- +goose Up\n{up}{down}", outside("-- +goose NO TRANSACTION\n"))
            }
            Layout::SqlMigrate => {
                let option = outside(" notransaction");
                let down = down.map(|down| format!("\n-- +migrate Down{option}\n{down}")).unwrap_or_default();
                format!("-- +migrate Up{option}\n{up}{down}")
            }
            // It wants the line even if there is nothing below it.
            Layout::Dbmate => {
                let option = outside(" transaction:false");
                let down = down.unwrap_or_default();
                format!("-- migrate:up{option}\n{up}\n-- migrate:down{option}\n{down}")
            }
            _ => {
                let down = down
                    .map(|down| format!("\n---- create above / drop below ----\n\n{down}"))
                    .unwrap_or_default();
                format!("{}{up}{down}", outside("---- tern: disable-tx ----\n"))
            }
        }
    }
}
