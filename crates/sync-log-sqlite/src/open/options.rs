//! The options with which a log is opened.

use std::sync::Arc;
use std::time::Duration;

use sync_log_core::{Birth, LogOptions, PrunePolicy, UnknownPeers};
use sync_log_core::{DriftLimits, SystemClock, WallClock};

use crate::adopt::RowsAhead;
use crate::driver::Busy;
use crate::store::DEFAULT_POLL_INTERVAL;

/// The name of the log's file in its data folder.
pub const FILE_NAME: &str = "sync.db";

/// The options with which a log is opened; [`SyncDb::options`](crate::SyncDb::options) returns the
/// defaults.
#[derive(Debug, Clone)]
#[must_use = "options do nothing until they open a log"]
pub struct SyncDbOptions {
    pub(super) log: LogOptions,
    pub(super) busy: Busy,
    pub(super) poll_interval: Duration,
    pub(super) birth: Birth,
    pub(super) existing_only: bool,
    pub(super) rows_ahead: RowsAhead,
}

impl SyncDbOptions {
    pub(super) fn new() -> Self {
        Self {
            log: LogOptions::new(SystemClock),
            busy: Busy::DEFAULT,
            poll_interval: DEFAULT_POLL_INTERVAL,
            birth: Birth::Alone,
            existing_only: false,
            rows_ahead: RowsAhead::GoAside,
        }
    }

    /// Sets what the ack of a peer that was never registered does. Default:
    /// [`UnknownPeers::Register`]. An app that knows its peers should choose
    /// [`UnknownPeers::Refuse`].
    pub fn unknown_peers(mut self, unknown_peers: UnknownPeers) -> Self {
        self.log.unknown_peers = unknown_peers;
        self
    }

    /// Sets which entries stay after every peer has acknowledged them. Default: none.
    pub fn policy(mut self, policy: PrunePolicy) -> Self {
        self.log.policy = policy;
        self
    }

    /// Sets how far a stamp may be ahead of the wall clock. Default: a warning beyond 5 minutes, a
    /// refusal beyond 24 hours.
    pub fn drift(mut self, drift: DriftLimits) -> Self {
        self.log.drift = drift;
        self
    }

    /// Sets the largest `data` of own appends, in bytes. Default: 1 MiB, which is also the largest
    /// possible value.
    pub fn max_data_bytes(mut self, max_data_bytes: usize) -> Self {
        self.log.max_data_bytes = max_data_bytes;
        self
    }

    /// Sets the clock that gives the time. Default: the operating system's clock.
    pub fn wall_clock(mut self, wall: impl WallClock + Send + Sync + 'static) -> Self {
        self.log.wall = Arc::new(wall);
        self
    }

    /// Sets how long an operation waits for another writer before it fails with
    /// [`StoreFault::Locked`](crate::StoreFault). Default: 5 seconds; at most 24 days.
    pub fn busy_timeout(mut self, busy_timeout: Duration) -> Self {
        self.busy = Busy::for_at_most(busy_timeout);
        self
    }

    /// Sets how often a [`watch`](sync_log_core::SyncLog::watch) looks for commits of other
    /// handles, in this process or another, while a caller waits. Default: 500 ms; at least 10 ms,
    /// at most a minute.
    pub fn poll_interval(mut self, poll_interval: Duration) -> Self {
        self.poll_interval = poll_interval;
        self
    }

    /// Takes own rows of an adopted file that are dated further ahead of the wall clock than 24 hours
    /// as entries. Default: they go aside (`H9`).
    ///
    /// Set this if the clock of the device was wrong while another program wrote those rows, and they
    /// are changes that no other device has. The clock of the log continues above them, so this
    /// device stamps ahead from then on, and [`explain`](sync_log_core::SyncLog::explain) names it. A
    /// row that is dated beyond [`CEILING_MS`](crate::CEILING_MS) goes aside in any case.
    ///
    /// The option matters only when a file is adopted.
    pub fn adopt_rows_ahead(mut self) -> Self {
        self.rows_ahead = RowsAhead::Taken;
        self
    }

    /// Declares that the app already has records that a new log would not hold: they are from a
    /// time without sync, or the `sync.db` with their changes was lost. Default: there are none.
    ///
    /// Without this option, a peer that starts at zero reads the new log from its first entry and
    /// never receives those records. With it, a new log begins with a floor: a read from zero fails
    /// with [`LogError::Compacted`](crate::LogError::Compacted), so every peer first takes a
    /// snapshot of the records, and reads from there (`R2`).
    ///
    /// The option matters only when the log is made. An existing log is opened as it is, and a
    /// Spacedrive-style `sync.db` is adopted, with a floor of its own.
    pub fn beside_records(mut self) -> Self {
        self.birth = Birth::BesideRecords;
        self
    }

    /// How the log behaves.
    pub(crate) const fn log_options(&self) -> &LogOptions {
        &self.log
    }

    /// Sets how a log begins that is made.
    pub(crate) const fn born(mut self, birth: Birth) -> Self {
        self.birth = birth;
        self
    }

    /// Opens a log only if there is one; else the opening fails with
    /// [`OpenError::Missing`](crate::OpenError::Missing). Default: a log that is missing is made.
    ///
    /// An app that has opened the log of a library before sets this. If `sync.db` was deleted or
    /// moved since, a new log would not hold the changes that were pending, and a peer that was not
    /// connected since would never receive them. The app then makes the log again with
    /// [`beside_records`](Self::beside_records).
    ///
    /// A file of another program is adopted even so.
    pub fn existing_only(mut self) -> Self {
        self.existing_only = true;
        self
    }
}
