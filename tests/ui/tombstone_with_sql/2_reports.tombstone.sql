-- Gone.
DROP TABLE reports;
