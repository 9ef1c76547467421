//! `hide_values`: no value of a row reaches an error, an event or the journal.

use gapless::Code;
use gapless_tests::cluster::cluster;
use gapless_tests::set::set;

#[test]
fn hide_values_leaves_out_what_a_failed_statement_quotes() {
    let database = cluster().database();
    let mut client = database.connect();
    let cases = [
        "CREATE TABLE a (mail text UNIQUE);\nINSERT INTO a VALUES ('SECRET'), ('SECRET');",
        "CREATE TABLE a (mail text NOT NULL, x int NOT NULL);\nINSERT INTO a SELECT 'SECRET', NULL;",
        "CREATE TABLE a (mail text);\nINSERT INTO a VALUES ('SEC' || 'RET');\nALTER TABLE a ALTER mail TYPE int USING mail::int;",
        "DO $$BEGIN RAISE EXCEPTION 'bad row %', 'SEC' || 'RET' USING HINT = 'SEC' || 'RET'; END$$;",
    ];
    for sql in cases {
        // Text of the file itself is not a value of a row.
        let sql = sql.replace("'SECRET'", "'SEC' || 'RET'");
        let all = set(&[("1_a.sql", &sql)]);
        let shown = all.runner().run(&mut client).unwrap_err();
        assert!(format!("{shown:?}").contains("SECRET"), "{shown}");
        client.batch_execute("TRUNCATE applied_migrations_journal").unwrap();
        let mut events = String::new();
        let hidden = all
            .runner()
            .hide_values()
            .on_event(|event| events += &event.to_string())
            .run(&mut client)
            .unwrap_err();
        let failure = format!("{hidden:?} {:?} {:?}", hidden.database_error(), hidden.failure());
        assert!(!failure.contains("SECRET") && !events.contains("SECRET"), "{failure}");
        assert_eq!(hidden.database_error().unwrap().code, shown.database_error().unwrap().code);
        let journal: i64 = client
            .query_one("SELECT count(*) FROM applied_migrations_journal WHERE detail LIKE '%SECRET%'", &[])
            .unwrap()
            .get(0);
        assert_eq!(journal, 0);
    }
}

#[test]
fn hide_values_leaves_out_the_words_of_code() {
    let failing = || Code::postgres_no_transaction(|_| Err("SECRET".into()));
    for (directives, code) in [
        ("", Code::postgres(|_| Err("SECRET".into()))),
        (
            "",
            Code::postgres(|transaction| {
                transaction.batch_execute("COMMIT")?;
                Err("SECRET".into())
            }),
        ),
        ("-- gapless: no-transaction\n", failing()),
        ("-- gapless: no-transaction\n-- gapless: rerunnable\n", failing()),
    ] {
        let mut client = cluster().database().connect();
        let all = set(&[("1_a.sql", &format!("-- gapless: rust\n{directives}"))]);
        let runner = all.runner().hide_values().code(all.migrations()[0].version(), code);
        let error = runner.run(&mut client).unwrap_err();
        let words = format!("{error} {:?} {:?}", error.database_error(), error.failure());
        assert!(!words.contains("SECRET") && error.failure().is_some(), "{directives}: {words}");
        let journal: String = client
            .query_one("SELECT string_agg(j::text, ' ') FROM applied_migrations_journal j", &[])
            .unwrap()
            .get(0);
        assert!(!journal.contains("SECRET"), "{directives}: {journal}");
    }
}
