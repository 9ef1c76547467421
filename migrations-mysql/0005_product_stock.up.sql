-- This one was written on a branch beside 0006 and merged after it: databases that already had 0006
-- got it late, and none skipped it.
ALTER TABLE products ADD COLUMN stock integer NOT NULL DEFAULT 0;
