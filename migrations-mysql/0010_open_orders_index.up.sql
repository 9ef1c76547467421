-- The desk asks for open orders all day.
CREATE INDEX orders_open ON orders (status, placed_at);
