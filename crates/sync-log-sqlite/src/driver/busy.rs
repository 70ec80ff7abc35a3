//! How long SQLite waits for a lock.

use std::fmt;
use std::time::Duration;

use rusqlite::Connection;
use sync_log_core::StoreError;

use super::failure::failed;

/// How long an operation waits for another writer by default.
pub const DEFAULT_BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How long SQLite waits for a lock: no longer than it can.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Busy(Duration);

impl Busy {
    /// Not at all.
    pub(crate) const NOT: Self = Self(Duration::ZERO);

    /// As long as by default.
    pub(crate) const DEFAULT: Self = Self(DEFAULT_BUSY_TIMEOUT);

    /// What SQLite can wait at most: milliseconds in 31 bits, 24 days.
    const LONGEST: Duration = Duration::from_millis(i32::MAX as u64);

    /// That many milliseconds.
    pub(crate) const fn of_ms(ms: u32) -> Self {
        Self(Duration::from_millis(ms as u64))
    }

    /// That long, or as long as SQLite can.
    pub(crate) fn for_at_most(timeout: Duration) -> Self {
        Self(timeout.min(Self::LONGEST))
    }

    pub(crate) fn timeout(self) -> Duration {
        self.0
    }

    /// Makes a connection wait that long from here on.
    pub(crate) fn set(self, db: &Connection) -> Result<(), StoreError> {
        let set = db.busy_timeout(self.0);
        set.map_err(|error| failed("set the busy timeout", error))
    }
}

impl fmt::Display for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.0.as_millis())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlite_takes_the_longest_timeout() {
        let db = Connection::open_in_memory().unwrap();
        let busy = Busy::for_at_most(Duration::MAX);
        db.busy_timeout(busy.timeout()).unwrap();
        let short = Duration::from_millis(3);
        assert_eq!(Busy::for_at_most(short).timeout(), short);
    }
}
