//! Settings made by an expression in a definition must not reach the next migration.

use gapless_tests::cluster::cluster;
use gapless_tests::set::set;
use postgres::Client;

/// `g` says that it is harmless, and is not.
const PRELUDE: &str = "
CREATE SCHEMA other;
CREATE FUNCTION g(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN
    PERFORM set_config('search_path', 'other, public', false); RETURN $1; END $$;
CREATE DOMAIN filled AS int DEFAULT g(1);
CREATE DOMAIN checked AS int CHECK (public.g(0) = 0);
CREATE TYPE pair AS (a int);
CREATE TABLE typed OF pair;
INSERT INTO typed VALUES (1);
CREATE TABLE parted (a int, b int) PARTITION BY RANGE (a);
CREATE TABLE keyed (a int) PARTITION BY LIST (public.g(a));
CREATE TABLE rest PARTITION OF keyed DEFAULT;
INSERT INTO keyed VALUES (1);
CREATE TABLE public.part (a int);
INSERT INTO public.part VALUES (2);
CREATE TABLE public.t (a int, c int CHECK (c IS NOT NULL));
INSERT INTO public.t VALUES (1, 1);
ALTER TABLE public.t ADD CONSTRAINT late CHECK (public.g(a) = 1) NOT VALID;
CREATE INDEX expression ON public.t (public.g(a));
RESET search_path;
";

/// Definitions, some of which run `g` on one version of the server or another.
const DEFINITIONS: &[&str] = &[
    "CREATE TABLE x PARTITION OF public.parted FOR VALUES FROM (public.g(1)) TO (public.g(9))",
    "CREATE TABLE x PARTITION OF public.keyed FOR VALUES IN (5)",
    "ALTER TABLE keyed ATTACH PARTITION part FOR VALUES IN (2)",
    "ALTER TABLE t VALIDATE CONSTRAINT late",
    "ALTER TABLE t ADD COLUMN x filled",
    "ALTER TABLE t ADD COLUMN x checked",
    "ALTER TABLE t ADD COLUMN x int DEFAULT g(1)",
    "ALTER TABLE t ADD COLUMN x int GENERATED ALWAYS AS (g(1)) STORED",
    "ALTER TABLE t ADD CHECK (g(a) = 1)",
    "ALTER TABLE t ADD COLUMN x int CHECK (g(1) = 1)",
    "ALTER TABLE t ALTER c TYPE bigint",
    "ALTER TABLE t ALTER a SET NOT NULL",
    "ALTER TABLE t SET UNLOGGED",
    "ALTER TYPE pair ADD ATTRIBUTE x filled CASCADE",
    "ALTER TYPE pair ADD ATTRIBUTE x checked CASCADE",
    "ALTER DOMAIN checked ADD CHECK (g(1) = 1)",
    "CREATE INDEX x ON t (g(a))",
    "CREATE INDEX x ON t (a) WHERE g(a) = 1",
    "CREATE INDEX x ON t (a)",
    "CREATE TABLE x AS SELECT g(1)",
    "CREATE TABLE x (a) AS SELECT g(1)",
    "CREATE MATERIALIZED VIEW x AS SELECT g(1)",
    "CREATE TABLE x (a int, EXCLUDE USING btree (g(a) WITH =))",
    "CREATE TABLE x (a int) PARTITION BY RANGE (g(a), (g(a) + g(1)))",
    "CREATE TABLE x (LIKE t INCLUDING ALL)",
    "CREATE TABLE x (a int DEFAULT g(1), b filled, c checked, CHECK (g(1) = 1), d int GENERATED ALWAYS AS (g(1)) STORED)",
    "CREATE TABLE x (a int DEFAULT g(1), b filled DEFAULT 5, c checked, CHECK (g(1) = 1), d int GENERATED ALWAYS AS IDENTITY)",
    "CREATE VIEW x AS SELECT g(1), 1::checked",
    "CREATE DOMAIN x AS checked DEFAULT 1 CHECK (g(1) = 1)",
    "CREATE FUNCTION x(a int DEFAULT g(1)) RETURNS checked LANGUAGE sql AS 'SELECT g(1)'",
    "CREATE FUNCTION x() RETURNS int LANGUAGE plpgsql AS 'DECLARE a int := g(1); BEGIN RETURN g(1); END'",
    "CREATE TRIGGER x BEFORE UPDATE ON t FOR EACH ROW WHEN (g(1) = 1) EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "CREATE POLICY x ON t USING (g(1) = 1)",
    "CREATE TYPE x AS (a checked)",
    "COMMENT ON TABLE t IS 'x'",
    "ALTER TABLE t ADD COLUMN x int, ADD COLUMN y text NOT NULL DEFAULT 'a', DROP COLUMN c",
    "ALTER TABLE t ADD COLUMN x int, DROP COLUMN c",
    "DROP TABLE rest",
];

fn value(client: &mut Client, sql: &str) -> String {
    client.query_one(sql, &[]).unwrap().get(0)
}

#[test]
fn settings_made_by_a_definition_do_not_reach_the_next_migration() {
    let mut evaluating = 0;
    for definition in DEFINITIONS {
        let database = cluster().database();
        let mut client = database.connect();
        client.batch_execute(PRELUDE).unwrap();
        client.batch_execute("BEGIN").unwrap();
        client.batch_execute(definition).unwrap_or_else(|error| panic!("{definition}: {error:?}"));
        evaluating +=
            usize::from(value(&mut client, "SELECT current_setting('search_path')") == "other, public");
        client.batch_execute("ROLLBACK").unwrap();
        let files = [("1_define.sql", *definition), ("2_land.sql", "CREATE TABLE landed (id int)")];
        let mut client = database.connect();
        set(&files).runner().run(&mut client).unwrap_or_else(|error| panic!("{definition}: {error}"));
        let landed = "SELECT relnamespace::regnamespace::text FROM pg_class WHERE relname = 'landed'";
        assert_eq!(value(&mut client, landed), "public", "{definition}");
    }
    assert!(evaluating >= 10, "{evaluating} of the definitions ran the function");
}
