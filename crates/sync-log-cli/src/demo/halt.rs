//! Why a replay ends before its history does.

use anyhow::Context as _;
use sync_log_core::LogError;

/// Why a replay ends early.
#[derive(Debug)]
pub(crate) enum Halt {
    /// A log refused what it must take: a finding, and it says no to the
    /// question that the demo asks.
    Refused(String),
    /// A file cannot be read or written, so the question stays open.
    Broken(anyhow::Error),
}

impl Halt {
    /// Tells the two apart; `call` is what was asked for.
    pub(crate) fn on(call: String) -> impl FnOnce(LogError) -> Self {
        move |error| match error {
            LogError::Store(error) => Self::Broken(anyhow::Error::new(error).context(call)),
            refusal => Self::Refused(format!("{call}: {:#}", anyhow::Error::new(refusal))),
        }
    }
}

impl From<rusqlite::Error> for Halt {
    fn from(error: rusqlite::Error) -> Self {
        let read = Err::<(), _>(error).context("failed to use a database of the demo");
        Self::Broken(read.unwrap_err())
    }
}

impl From<anyhow::Error> for Halt {
    fn from(error: anyhow::Error) -> Self {
        Self::Broken(error)
    }
}

#[cfg(test)]
mod tests {
    use sync_log_core::{StoreError, StoreErrorKind};

    use super::*;

    #[test]
    fn a_refusal_is_a_finding_and_a_full_disk_is_not() {
        let halt = Halt::on("device 0 was to read".to_owned())(LogError::ZeroLimit);
        let Halt::Refused(call) = halt else {
            panic!("{halt:?}");
        };
        assert!(call.starts_with("device 0 was to read: failed to read with"));
        let full = StoreError::new(StoreErrorKind::Full, "write");
        let halt = Halt::on(String::new())(LogError::Store(full));
        assert!(matches!(halt, Halt::Broken(_)), "{halt:?}");
    }
}
