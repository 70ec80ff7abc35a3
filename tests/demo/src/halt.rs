//! Why a replay ends before its history does.

use std::path::Path;

use anyhow::{Error, anyhow};
use sync_log_core::LogError;
use sync_log_sqlite::OpenError;

/// Why a replay ends early.
#[derive(Debug)]
pub(crate) enum Halt {
    /// A log refused what it must take: a finding, and it says no to the
    /// question that the demo asks.
    Refused(String),
    /// A file cannot be read or written, so the question stays open.
    Broken(Error),
}

impl Halt {
    /// Tells the two apart; `call` is what was asked for.
    pub(crate) fn on(call: String) -> impl FnOnce(LogError) -> Self {
        move |error| match error {
            LogError::Store(_) => Self::Broken(Error::new(error).context(call)),
            refusal => Self::Refused(format!("{call}: {:#}", Error::new(refusal))),
        }
    }

    /// The same for a log that does not open.
    pub(crate) fn on_open(error: OpenError) -> Self {
        match error.as_log_error() {
            Some(LogError::Store(_)) => Self::Broken(Error::new(error)),
            _ => Self::Refused(format!("{:#}", Error::new(error))),
        }
    }

    /// A database of the demo that does not open.
    pub(crate) fn on_database(path: &Path) -> impl FnOnce(rusqlite::Error) -> Self {
        let failed = format!("failed to open {}", path.display());
        |error| Self::Broken(Error::new(error).context(failed))
    }
}

impl From<rusqlite::Error> for Halt {
    fn from(error: rusqlite::Error) -> Self {
        Self::Broken(Error::new(error).context("failed to use a database of the demo"))
    }
}

/// Before the replay begins, a refusal answers nothing either.
impl From<Halt> for Error {
    fn from(halt: Halt) -> Self {
        match halt {
            Halt::Refused(call) => anyhow!(call),
            Halt::Broken(error) => error,
        }
    }
}

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        Self::Broken(error)
    }
}

#[cfg(test)]
mod tests {
    use sync_log_core::{StoreError, StoreFault};

    use super::*;

    #[test]
    fn a_refusal_is_a_finding_and_a_full_disk_is_not() {
        let halt = Halt::on("device 0 was to read".to_owned())(LogError::ZeroLimit);
        let Halt::Refused(call) = halt else {
            panic!("{halt:?}");
        };
        assert!(call.starts_with("device 0 was to read: failed to read with"));
        let full = StoreError::new(StoreFault::Full, "write");
        let broken = Halt::on(String::new())(LogError::Store(full));
        assert!(matches!(broken, Halt::Broken(_)), "{broken:?}");
    }
}
