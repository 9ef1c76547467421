CREATE TABLE orders (
    id bigint PRIMARY KEY,
    customer_id bigint NOT NULL,
    placed_at datetime NOT NULL DEFAULT CURRENT_TIMESTAMP,
    status enum('open', 'paid', 'shipped', 'cancelled') NOT NULL DEFAULT 'open',
    KEY orders_customer (customer_id),
    CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES customers (id)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
