ALTER TABLE customers ADD COLUMN phone text;

-- Empty is "not given": there is one way to say it.
UPDATE customers SET phone = NULL WHERE phone = '';
