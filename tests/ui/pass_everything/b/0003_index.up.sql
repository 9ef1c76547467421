-- gapless: no-transaction
-- gapless: lock-timeout 2s
CREATE INDEX CONCURRENTLY i ON users (id);
