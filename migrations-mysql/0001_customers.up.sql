-- Who buys. An address is unique whatever its case, because people write it as they like: the collation compares it so.
CREATE TABLE customers (
    id bigint PRIMARY KEY,
    name varchar(200) NOT NULL CHECK (char_length(name) > 0),
    email varchar(255) NOT NULL,
    created_at datetime NOT NULL DEFAULT CURRENT_TIMESTAMP,
    UNIQUE KEY customers_email (email)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
