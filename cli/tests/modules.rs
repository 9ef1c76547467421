//! The move of a product in modules from sql-migrate on MySQL, as `docs/moving/modules.md` tells it.

#![cfg(all(unix, feature = "lint", feature = "mysql", feature = "postgres", feature = "sqlite"))]

mod terminal;

use gapless_tests::mysql_server::server;
use mysql::Conn;
use mysql::prelude::Queryable;
use terminal::Terminal;
use terminal::documented::Document;

const CONFIGURATION: &str = "\
dir = [\"modules/*/sql\"]
layout = \"sql-migrate\"
dialect = \"mysql\"
";

const NUMBER: &str = r#"n=0
ls modules/*/sql/*.sql | awk -F/ '{ print $NF, $0 }' | LC_ALL=C sort | while read -r name path; do
    n=$((n + 1))
    new=$(printf '%04d-%s' "$n" "$name")
    mv "$path" "${path%/*}/$new"
    echo "${name%.sql} -> ${new%.sql}" >> "${path%/*}/renames.txt"
done
"#;

/// A file of a module.
struct File {
    path: &'static str,
    up: &'static [&'static str],
    rest: &'static str,
    state: State,
}

/// What production has of a file.
#[derive(Clone, Copy, PartialEq)]
enum State {
    Applied,
    /// Its tables came with a dump; its row did not.
    Unrecorded,
    Pending,
}

const FILES: [File; 6] = [
    File {
        path: "billing/sql/billing-20210105-01.sql",
        up: &["CREATE TABLE invoices (id bigint PRIMARY KEY, total decimal(10, 2) NOT NULL)"],
        rest: "-- +migrate Down\nDROP TABLE invoices;\n",
        state: State::Applied,
    },
    File {
        path: "billing/sql/billing-20230601-01.sql",
        up: &["ALTER TABLE invoices ADD COLUMN due date", "CREATE INDEX invoices_due ON invoices (due)"],
        rest: "-- -- +migrate Down\n-- ALTER TABLE invoices DROP COLUMN due;\n",
        state: State::Pending,
    },
    File {
        path: "chat/sql/chat-20220310-01.sql",
        up: &["CREATE TABLE messages (id bigint PRIMARY KEY, body text)"],
        rest: "",
        state: State::Applied,
    },
    File {
        path: "poll/sql/poll-20220701-01.sql",
        up: &["CREATE TABLE polls (id bigint PRIMARY KEY)"],
        rest: "",
        state: State::Applied,
    },
    File {
        path: "report/sql/report-20220101-01.sql",
        up: &["CREATE TABLE reports (id bigint PRIMARY KEY, reason text)"],
        rest: "",
        state: State::Unrecorded,
    },
    File {
        path: "user/sql/user-20210101-01.sql",
        up: &[
            "CREATE TABLE users (id bigint PRIMARY KEY, name varchar(40))",
            "INSERT INTO users VALUES (1, 'root')",
        ],
        rest: "",
        state: State::Applied,
    },
];

/// The product and its production, before the move.
fn product() -> Terminal {
    let terminal = Terminal::mysql();
    let mut client = terminal.mysql_client();
    let mut run = |statement: &str| client.query_drop(statement).expect(statement);
    run("CREATE TABLE gorp_migrations (id varchar(255) NOT NULL PRIMARY KEY, applied_at datetime)");
    for File { path, up, rest, state } in FILES {
        terminal.file(&format!("modules/{path}"), &format!("-- +migrate Up\n{};\n{rest}", up.join(";\n")));
        if state != State::Pending {
            up.iter().copied().for_each(&mut run);
        }
        if state == State::Applied {
            let name = path.rsplit('/').next().expect("a name");
            run(&format!("INSERT INTO gorp_migrations VALUES ('{name}', now())"));
        }
    }
    // A branch had the file under this name once, and this database has seen both.
    run("INSERT INTO gorp_migrations VALUES ('chat-20220310.sql', now())");
    terminal
}

/// The definitions of the product's tables, but those of the module that has gone.
fn tables(client: &mut Conn) -> Vec<String> {
    let query = "SELECT table_name FROM information_schema.tables WHERE table_schema = database() \
                 AND table_name NOT IN ('polls', 'gorp_migrations') AND table_name NOT LIKE 'applied%' ORDER BY 1";
    let names: Vec<String> = client.query(query).expect("the server answers");
    let made = names.iter().map(|name| {
        let shown: Option<(String, String)> =
            client.query_first(format!("SHOW CREATE TABLE {name}")).expect("the table is there");
        shown.expect("one row").1
    });
    made.collect()
}

#[test]
fn the_guide() {
    let guide = Document::open("docs/moving/modules.md");
    guide.holds("configuration", &format!("```toml\n# gapless.toml\n{CONFIGURATION}```\n"));
    guide.holds("script", &format!("```sh\n{NUMBER}```\n"));
    let mut terminal = product();
    terminal.output("rm -r modules/poll");
    terminal.file("number.sh", NUMBER).file("gapless.toml", CONFIGURATION);
    terminal.run("sh number.sh");
    terminal.run("gapless check");
    terminal.run("cat modules/billing/sql/renames.txt");
    guide.shows("numbers", &terminal.seen_here());

    terminal.run("gapless adopt sql-migrate");
    guide.shows("refused", &terminal.seen_here());
    terminal.run("echo 'chat-20220310 -> 0003-chat-20220310-01' >> modules/chat/sql/renames.txt");
    terminal.run("mkdir -p modules/retired/sql");
    terminal
        .run("echo '-- The module poll is gone.' > modules/retired/sql/0006-poll-20220701-01.tombstone.sql");
    terminal.run("echo 'poll-20220701-01 -> 0006-poll-20220701-01' >> modules/retired/sql/renames.txt");
    terminal.run("gapless adopt sql-migrate --yes");
    guide.shows("adopted", &terminal.seen_here());

    terminal.run("gapless plan");
    terminal.run("gapless reconcile --versions 4 --tables reports --yes");
    terminal.run("gapless up");
    terminal.run("gapless status");
    guide.shows("reconciled", &terminal.seen_here());

    terminal.run("gapless new --into modules/user/sql emails");
    guide.shows("next", &terminal.seen_here());
    terminal.remove("modules/user/sql/0007-emails.sql");
    let empty = server().database();
    let line = format!("gapless up --database-url '{}'", empty.url());
    assert!(terminal.output(&line).contains("5 applied"), "{}", terminal.output(&line));
    assert_eq!(tables(&mut empty.connect()), tables(&mut terminal.mysql_client()));
}
