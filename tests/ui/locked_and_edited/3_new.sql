CREATE TABLE new (id int);
