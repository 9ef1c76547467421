SELECT '"\u{e9}';
SELECT 2;
