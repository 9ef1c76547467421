CREATE TABLE payments (
    id bigint PRIMARY KEY,
    order_id bigint NOT NULL,
    amount_cents bigint NOT NULL CHECK (amount_cents <> 0),
    received_at datetime NOT NULL DEFAULT CURRENT_TIMESTAMP,
    KEY payments_order (order_id),
    CONSTRAINT payments_order FOREIGN KEY (order_id) REFERENCES orders (id)
);
