-- What is sold. Prices are whole cents: sums of fractions do not add up.
CREATE TABLE products (
    id bigint PRIMARY KEY,
    sku text NOT NULL UNIQUE,
    title text NOT NULL,
    price_cents bigint NOT NULL CHECK (price_cents >= 0)
);
