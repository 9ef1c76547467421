-- gapless: fast
ROLLBACK;
SELECT 'open;
