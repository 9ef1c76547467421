DROP INDEX orders_open ON orders;
