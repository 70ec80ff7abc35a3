//! Why the app's database cannot hold a log.

/// Why the app's database cannot hold a log. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unattachable {
    /// No tokio runtime is running, on which the log could do its work.
    #[error("there is no tokio runtime here")]
    NoRuntime,
    /// The connection was never made.
    #[error("it is not connected")]
    NotConnected,
    /// The database is one of another kind.
    #[error("it is {backend}, not SQLite")]
    NotSqlite {
        /// What SeaORM calls the database.
        backend: String,
    },
    /// With this setting of its connections, a crash can damage the whole database, so that nothing in
    /// it survives for sure.
    #[error("`{setting}` is {value}, with which a crash can damage the whole database")]
    UnsafeSetting {
        /// The pragma.
        setting: &'static str,
        /// What it is.
        value: String,
    },
}

impl Unattachable {
    /// Says to a person what to do next, in one sentence.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        match self {
            Self::NoRuntime => "attach the log inside a tokio runtime, the one of the app's driver",
            Self::NotConnected => "connect to the database first",
            Self::NotSqlite { .. } => {
                "use an SQLite database, or keep the log in a file of its own"
            }
            Self::UnsafeSetting { .. } => {
                "connect with `synchronous` NORMAL or more and with a journal on disk, or keep the log \
                 in a file of its own"
            }
        }
    }
}
