CREATE TABLE users (
<<<<<<< HEAD
    id bigint PRIMARY KEY
=======
    id uuid PRIMARY KEY
>>>>>>> other
);
