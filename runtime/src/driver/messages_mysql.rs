//! Reads the answers of drivers for MySQL, in the types that they share.

/// Reads a value of the text protocol. What is no text, such as a column of bytes in a script's own rows, counts for
/// nothing.
pub(super) fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Returns true for an error with which the server ends the session: it shuts down, somebody killed the connection, or a
/// packet could not be read.
///
/// Sources: MySQL 8.4 "Server Error Message Reference", MariaDB "Error Codes".
pub(super) fn ends_session(code: u16) -> bool {
    matches!(code, 1053 | 1077..=1079 | 1152..=1161 | 1184 | 1927 | 3169 | 4031)
}
