INSERT INTO users VALUES ('André');
