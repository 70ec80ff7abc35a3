//! Why a replay ends before its history does.

use anyhow::{Error, anyhow};
use sync_log_core::LogError;
use sync_log_sqlite::records::{RecordsError, SyncError};

/// Why a replay ends early.
#[derive(Debug)]
pub(crate) enum Halt {
    /// A device refused what it must do: a finding, and it says no to the
    /// question that the demo asks.
    Refused(String),
    /// A file cannot be read or written, so the question stays open.
    Broken(Error),
}

impl Halt {
    /// Tells the two apart; `call` is what was asked for.
    pub(crate) fn on<E: Into<SyncError>>(call: String) -> impl FnOnce(E) -> Self {
        move |error| {
            let error = error.into();
            if is_of_storage(&error) {
                return Self::Broken(Error::new(error).context(call));
            }
            Self::Refused(format!("{call}: {:#}", Error::new(error)))
        }
    }
}

fn is_of_storage(error: &SyncError) -> bool {
    match error {
        SyncError::App(_)
        | SyncError::Store(_)
        | SyncError::Log(LogError::Store(_))
        | SyncError::Models(RecordsError::Storage(_)) => true,
        SyncError::Open(error) => matches!(error.as_log_error(), Some(LogError::Store(_))),
        _ => false,
    }
}

impl From<rusqlite::Error> for Halt {
    fn from(error: rusqlite::Error) -> Self {
        Self::Broken(Error::new(error).context("failed to read a database of the demo"))
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
        let full = || StoreError::new(StoreFault::Full, "write");
        for error in [
            SyncError::Store(full()),
            SyncError::Log(LogError::Store(full())),
        ] {
            let broken = Halt::on(String::new())(error);
            assert!(matches!(broken, Halt::Broken(_)), "{broken:?}");
        }
    }
}
