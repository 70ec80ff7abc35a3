//! What the simulated world needs of a device with an app, and what it gets to see of one.
//!
//! The devices of the simulator are in memory. Another package can run the same fleet on devices of its
//! own.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use sync_log_core::receive::{Applied, RecordId, Snapshot, SnapshotPage, Standing};
use sync_log_core::{
    AckAt, Change, Cursor, DeviceId, Hlc, LogError, Page, SharedChangeEntry, Uuid,
};

use super::release::{Payload, Release};
use super::step::{Edit, References, Struck};

/// The library of all devices.
pub const LIBRARY: Uuid = Uuid::from_u128(1);

/// The id of the device with this number.
pub fn id_of(number: u8) -> DeviceId {
    Uuid::from_u64_pair(0xde, u64::from(number) + 1).into()
}

/// A device with an app: the app's database, a log, and a process that has both open.
///
/// An error is a fault: it ends the run.
pub trait Device {
    /// What is committed, read past the code that is tested as far as that is possible.
    fn find(&mut self) -> Result<Found>;

    /// Whether the device says of its records what was found.
    fn agrees_with(&mut self, found: &Found) -> Result<()>;

    /// Its wall clock reads this from now on.
    fn set_wall_ms(&mut self, now_ms: i64);

    /// Another device may read the log, and pages of it are to come.
    fn register(&mut self, peer: DeviceId) -> Result<()>;

    /// The cursor at the head of its log.
    fn head(&mut self) -> Result<Cursor>;

    /// The app changes its rows and records what it changed, in one transaction. A device may drain
    /// at once, or leave that to [`drain`](Self::drain), which follows.
    fn write(
        &mut self,
        edits: &[Edit],
        references: References,
        struck: Option<Struck>,
    ) -> Result<Written>;

    /// Appends to the log what was committed and is not there yet.
    fn drain(&mut self, struck: Option<Struck>) -> Result<Drained>;

    /// The cursor from which it reads the log of an origin.
    fn cursor(&mut self, origin: DeviceId) -> Result<Cursor>;

    /// Applies a page of `origin` in one transaction.
    fn receive(
        &mut self,
        origin: DeviceId,
        page: &Page,
        struck: Option<Struck>,
    ) -> Result<Received>;

    fn serve(&mut self, reader: DeviceId, after: Cursor, limit: usize) -> Result<Page, LogError>;

    fn take_ack(&mut self, reader: DeviceId, at: AckAt) -> Result<(), LogError>;

    /// Deletes from the log what every peer has acknowledged. Returns how many entries.
    fn prune(&mut self) -> Result<usize>;

    /// Forgets deletions that all others are past. Returns how many.
    fn forget(&mut self) -> Result<usize>;

    /// Gives a snapshot of its records.
    fn give_snapshot(&mut self) -> Result<Given>;

    /// Takes a whole snapshot of `donor`.
    fn take_snapshot(&mut self, donor: DeviceId, given: &Given) -> Result<Taken>;

    /// Installs the second release.
    fn upgrade(&mut self) -> Result<()>;

    /// The process is killed, at the moment at which the last call was struck if that says it was
    /// killed, and starts again.
    fn restart(&mut self) -> Result<()>;
}

/// What became of an own write.
#[derive(Debug, Clone)]
pub enum Written {
    /// The app changed nothing.
    Nothing,
    /// The database was busy: nothing was committed.
    RolledBack,
    /// The process was killed. All of the changes were committed, or none.
    Killed(Vec<Change>),
    /// The process was killed after it had committed the changes.
    KilledAfterCommit(Vec<Change>),
    /// The changes were committed.
    Committed(Vec<Change>),
}

/// What became of a drain.
#[derive(Debug, Clone, Copy)]
pub struct Drained {
    pub entries: usize,
    pub is_killed: bool,
}

/// What became of a page.
#[derive(Debug, Clone)]
pub enum Received {
    /// It was committed.
    Applied(Applied),
    /// It was refused, for a reason of this name.
    Refused(&'static str),
    /// The process was killed. It was committed, or not.
    Killed,
    /// It was committed, and may not be acknowledged yet.
    Unsynced,
}

/// A snapshot that a device gave: what it read first, and the pages of its records.
#[derive(Debug, Clone)]
pub struct Given {
    pub snapshot: Snapshot,
    pub pages: Vec<SnapshotPage>,
}

/// What became of a snapshot.
#[derive(Debug, Clone)]
pub enum Taken {
    /// It was merged. These cursors are to be acknowledged, each to its device.
    Merged(BTreeMap<DeviceId, Cursor>),
    /// A stamp of it is too far ahead.
    TooFarAhead,
}

/// What is committed on a device.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    pub id: DeviceId,
    pub release: Release,
    /// The rows of the app's tables, in the form of payloads.
    pub rows: BTreeMap<RecordId, Payload>,
    /// What a database would not have let happen to its tables.
    pub unsound: Option<String>,
    /// What became of each record that is known.
    pub standings: BTreeMap<RecordId, Standing>,
    /// The cursor up to which the log of each origin was applied.
    pub watermarks: BTreeMap<DeviceId, Cursor>,
    /// The entries of groups that wait.
    pub waiting: BTreeSet<Hlc>,
    /// The own entries that are to be appended to the log, ascending.
    pub outbox: Vec<SharedChangeEntry>,
    pub log: FoundLog,
    /// The highest stamp that was given out or received, as far as it is seen.
    pub mark: Hlc,
}

/// What is in a log.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundLog {
    pub floor: Hlc,
    pub head: Hlc,
    pub entries: Vec<SharedChangeEntry>,
    /// Up to where each peer has acknowledged.
    pub acked: BTreeMap<DeviceId, Hlc>,
}

impl Found {
    /// The cursor up to which the log of an origin was applied.
    pub fn watermark(&self, origin: DeviceId) -> Cursor {
        let watermark = self.watermarks.get(&origin);
        watermark.copied().unwrap_or(Cursor::ZERO)
    }

    /// The own entries above a stamp, in the log or on their way to it.
    pub(crate) fn own_above(&self, hlc: Hlc) -> Vec<SharedChangeEntry> {
        let head = self.log.head;
        let pending = self.outbox.iter().filter(|it| it.hlc > head);
        let own = self.log.entries.iter().chain(pending);
        own.filter(|it| it.hlc > hlc).cloned().collect()
    }
}
