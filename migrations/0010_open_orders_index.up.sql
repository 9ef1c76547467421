-- The desk asks for open orders all day, and few orders are open.
CREATE INDEX orders_open ON orders (placed_at) WHERE status = 'open';
