CREATE TABLE customers (email text NOT NULL);
INSERT INTO customers VALUES ('Ada@Example.com');
