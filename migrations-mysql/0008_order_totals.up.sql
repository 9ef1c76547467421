CREATE VIEW order_totals AS
SELECT o.id AS order_id,
       o.customer_id,
       o.status,
       sum(l.quantity * l.price_cents) AS total_cents,
       CASE WHEN o.status = 'cancelled' THEN 0 ELSE sum(l.quantity) END AS items
FROM orders o
JOIN order_lines l ON l.order_id = o.id
GROUP BY o.id, o.customer_id, o.status;
