CREATE TABLE users (id bigint PRIMARY KEY);
COPY users (id) FROM STDIN;
1
2
\.
