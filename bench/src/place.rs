//! A server whose databases the runs are measured in.

/// A server, and what the stage does with its databases.
pub trait Place {
    /// The port that it listens on.
    fn port(&self) -> u16;

    /// Where a database is, on the server or on a proxy before it.
    fn url(&self, port: u16, database: &str) -> String;

    /// Creates a database, empty or as a copy of another that is not in use.
    fn create(&self, name: &str, template: Option<&str>);

    /// Drops a database.
    fn drop(&self, name: &str);

    /// How many of the benchmark's tables a database has.
    fn tables(&self, database: &str) -> u64;
}
