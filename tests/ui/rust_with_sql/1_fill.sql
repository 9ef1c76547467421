-- gapless: rust
SELECT 1;
