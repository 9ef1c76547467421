-- What is sold. Prices are whole cents: sums of fractions do not add up.
CREATE TABLE products (
    id bigint PRIMARY KEY,
    sku varchar(40) NOT NULL UNIQUE,
    title varchar(200) NOT NULL,
    price_cents bigint NOT NULL CHECK (price_cents >= 0)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
