CREATE TABLE payments (
    id bigint PRIMARY KEY,
    order_id bigint NOT NULL REFERENCES orders (id),
    amount_cents bigint NOT NULL CHECK (amount_cents <> 0),
    received_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE INDEX payments_order ON payments (order_id);
