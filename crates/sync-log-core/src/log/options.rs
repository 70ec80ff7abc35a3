//! How a log behaves, chosen when it is opened.

use std::fmt;
use std::sync::Arc;

use hlc::{DriftLimits, WallClock};

use crate::error::LogError;
use crate::limits::{MAX_DATA_BYTES, MAX_KEPT_ENTRIES};
use crate::model::{PrunePolicy, UnknownPeers};

/// A wall clock that a log can share.
pub type SharedWallClock = Arc<dyn WallClock + Send + Sync>;

/// How a log behaves.
#[derive(Clone)]
pub struct LogOptions {
    /// What an ack from an unknown peer does.
    pub unknown_peers: UnknownPeers,
    /// Which entries stay after every peer has acknowledged them.
    pub policy: PrunePolicy,
    /// How far a stamp may be ahead of the wall clock.
    pub drift: DriftLimits,
    /// The largest `data` that this app may append, in bytes; at most
    /// [`MAX_DATA_BYTES`].
    pub max_data_bytes: usize,
    /// Where the time comes from.
    pub wall: SharedWallClock,
}

impl LogOptions {
    /// The defaults, with time from `wall`.
    pub fn new(wall: impl WallClock + Send + Sync + 'static) -> Self {
        Self {
            unknown_peers: UnknownPeers::default(),
            policy: PrunePolicy::default(),
            drift: DriftLimits::default(),
            max_data_bytes: MAX_DATA_BYTES,
            wall: Arc::new(wall),
        }
    }

    /// Checks that a log can be opened with these options.
    ///
    /// # Errors
    /// [`LogError::OptionOutOfRange`].
    pub fn validate(&self) -> Result<(), LogError> {
        if self.max_data_bytes > MAX_DATA_BYTES {
            return Err(LogError::OptionOutOfRange {
                option: "max_data_bytes",
                value: self.max_data_bytes as u64,
                limit: MAX_DATA_BYTES as u64,
            });
        }
        match self.policy {
            PrunePolicy::KeepEntries { count } if count > MAX_KEPT_ENTRIES => {
                Err(LogError::OptionOutOfRange {
                    option: "KeepEntries.count",
                    value: count as u64,
                    limit: MAX_KEPT_ENTRIES as u64,
                })
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for LogOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogOptions")
            .field("unknown_peers", &self.unknown_peers)
            .field("policy", &self.policy)
            .field("drift", &self.drift)
            .field("max_data_bytes", &self.max_data_bytes)
            .finish_non_exhaustive()
    }
}
