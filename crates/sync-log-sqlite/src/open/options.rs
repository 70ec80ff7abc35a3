//! How a log in a file is opened.

use std::sync::Arc;
use std::time::Duration;

use sync_log_core::{Birth, LogOptions, PrunePolicy, UnknownPeers};
use sync_log_core::{DriftLimits, SystemClock, WallClock};

use crate::driver::Busy;
use crate::store::DEFAULT_POLL_INTERVAL;

/// The name of the log's file in its data folder.
pub const FILE_NAME: &str = "sync.db";

/// How a log in a file is opened; made by [`SyncDb::options`](crate::SyncDb::options).
#[derive(Debug, Clone)]
#[must_use = "options do nothing until they open a log"]
pub struct SyncDbOptions {
    pub(super) log: LogOptions,
    pub(super) busy: Busy,
    pub(super) poll_interval: Duration,
    pub(super) birth: Birth,
}

impl SyncDbOptions {
    pub(super) fn new() -> Self {
        Self {
            log: LogOptions::new(SystemClock),
            busy: Busy::DEFAULT,
            poll_interval: DEFAULT_POLL_INTERVAL,
            birth: Birth::Alone,
        }
    }

    /// What an ack from a peer does that was never registered. Default:
    /// [`UnknownPeers::Register`]; an app that knows its peers should refuse.
    pub fn unknown_peers(mut self, unknown_peers: UnknownPeers) -> Self {
        self.log.unknown_peers = unknown_peers;
        self
    }

    /// What stays after every peer has acknowledged it. Default: nothing.
    pub fn policy(mut self, policy: PrunePolicy) -> Self {
        self.log.policy = policy;
        self
    }

    /// How far a stamp may be ahead of the wall clock. Default: a warning beyond
    /// 5 minutes, a refusal beyond 24 hours.
    pub fn drift(mut self, drift: DriftLimits) -> Self {
        self.log.drift = drift;
        self
    }

    /// Largest `data` of own appends, in bytes. Default, and most: 1 MiB.
    pub fn max_data_bytes(mut self, max_data_bytes: usize) -> Self {
        self.log.max_data_bytes = max_data_bytes;
        self
    }

    /// Where the time comes from. Default: the operating system's clock.
    pub fn wall_clock(mut self, wall: impl WallClock + Send + Sync + 'static) -> Self {
        self.log.wall = Arc::new(wall);
        self
    }

    /// How long an operation waits for another writer before it fails with
    /// [`StoreFault::Locked`](crate::StoreFault). Default: 5 seconds; at most 24
    /// days.
    pub fn busy_timeout(mut self, busy_timeout: Duration) -> Self {
        self.busy = Busy::for_at_most(busy_timeout);
        self
    }

    /// How often a [`watch`](sync_log_core::SyncLog::watch) looks for commits that
    /// other handles made, here or in another process, while a caller waits on one. Default:
    /// 500 ms; at least 10 ms, at most a minute.
    pub fn poll_interval(mut self, poll_interval: Duration) -> Self {
        self.poll_interval = poll_interval;
        self
    }

    /// The app already has records that a new log would not hold: they are from a time without
    /// sync, or the `sync.db` that held their changes was lost. Default: there are none.
    ///
    /// Without this, a peer that starts at zero reads the new log from its first entry and never
    /// receives those records. With this, a log that is made begins with a floor: reading from
    /// zero is [`LogError::Compacted`](crate::LogError::Compacted) for every peer, which then
    /// takes a snapshot of the records first and reads on from there (`R2`).
    ///
    /// It matters only when the log is made. A log that is there is opened as it is, and a file
    /// of an earlier program is adopted, with a floor of its own.
    pub fn beside_records(mut self) -> Self {
        self.birth = Birth::BesideRecords;
        self
    }
}
