ALTER TABLE __diesel_schema_migrations ADD COLUMN by text;
