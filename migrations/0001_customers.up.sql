-- Who buys. An address is unique whatever its case, because people write it as they like.
CREATE TABLE customers (
    id bigint PRIMARY KEY,
    name text NOT NULL CHECK (length(name) > 0),
    email text NOT NULL,
    created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE UNIQUE INDEX customers_email ON customers (lower(email));
