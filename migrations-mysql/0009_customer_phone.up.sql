ALTER TABLE customers ADD COLUMN phone varchar(40);

-- Empty is "not given": there is one way to say it. The column is there even if this fails: DDL commits by itself.
UPDATE customers SET phone = NULL WHERE phone = '';
