//! What a backend provides to a receiver.

use hlc::Hlc;

use crate::error::StoreError;
use crate::model::{Cursor, DeviceId, SharedChangeEntry};

use super::facts::Tie;
use super::moves::{Move, RecordWrite};
use super::record::RecordId;
use super::seen::Wanted;
use super::standing::Record;

/// The receiver's tables and the app's tables, inside one transaction of the app's database.
///
/// Whoever hands it to core has begun the transaction, with the write lock and with foreign keys
/// deferred, and commits it if all calls were `Ok`. Nothing here commits. Futures need not be `Send`:
/// a caller that spawns one keeps it with its transaction.
///
/// # Contract
/// - What was written is what is looked up next.
/// - A failure of the database, such as a lock or a full disk, is an error and never a refusal:
///   what is shown must not depend on it (`X6`).
#[allow(async_fn_in_trait, reason = "a transaction stays with its caller")]
pub trait RecordStore {
    /// Looks up records, and all records that are tied by some ties.
    ///
    /// # Errors
    /// [`StoreError`]: roll back.
    async fn look_up(&mut self, wanted: &Wanted) -> Result<Found, StoreError>;

    /// Writes records, and what ties them.
    ///
    /// # Errors
    /// [`StoreError`]: roll back.
    async fn write(&mut self, records: &[RecordWrite]) -> Result<(), StoreError>;

    /// Changes the app's tables, step by step. Returns what the app cannot show, and why. If there is
    /// anything, the tables are as they were before the call.
    ///
    /// # Errors
    /// [`StoreError`]: roll back.
    async fn change(&mut self, steps: &[Move]) -> Result<Vec<(RecordId, String)>, StoreError>;
}

/// What was looked up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// The records that are stored.
    pub records: Vec<(RecordId, Record)>,
    /// The records that are tied.
    pub tied: Vec<(Tie, RecordId)>,
}

/// What a receiver keeps of the devices that it reads, in the transaction of [`RecordStore`].
#[allow(async_fn_in_trait, reason = "a transaction stays with its caller")]
pub trait ReceiverStore: RecordStore {
    /// The cursor up to which the log of `origin` was applied; [`Cursor::ZERO`] at first.
    ///
    /// # Errors
    /// [`StoreError`]: roll back.
    async fn watermark(&mut self, origin: DeviceId) -> Result<Cursor, StoreError>;

    /// Moves the watermark of `origin`. A watermark is never forgotten.
    ///
    /// # Errors
    /// [`StoreError`]: roll back.
    async fn move_watermark(&mut self, origin: DeviceId, to: Cursor) -> Result<(), StoreError>;

    /// The entries of all groups that wait, ascending.
    ///
    /// # Errors
    /// [`StoreError`]: roll back.
    async fn waiting(&mut self) -> Result<Vec<SharedChangeEntry>, StoreError>;

    /// Makes the entries of whole groups wait.
    ///
    /// # Errors
    /// [`StoreError`]: roll back.
    async fn set_aside(&mut self, entries: &[SharedChangeEntry]) -> Result<(), StoreError>;

    /// Removes entries that waited.
    ///
    /// # Errors
    /// [`StoreError`]: roll back.
    async fn take_back(&mut self, entries: &[SharedChangeEntry]) -> Result<(), StoreError>;

    /// Raises the mark above which this device stamps its own changes from now on.
    ///
    /// # Errors
    /// [`StoreError`]: roll back.
    async fn observe(&mut self, highest: Hlc) -> Result<(), StoreError>;
}

/// Where own changes go, in the transaction of [`RecordStore`].
#[allow(async_fn_in_trait, reason = "a transaction stays with its caller")]
pub trait OwnStore: RecordStore {
    /// Acquires the write lock of the database, if the transaction has none yet, and returns the
    /// highest stamp that this device has given out or received.
    ///
    /// # Errors
    /// [`StoreError`]: roll back.
    async fn mark(&mut self) -> Result<Hlc, StoreError>;

    /// Puts stamped entries out, for the log, and raises the mark to the last of them.
    ///
    /// # Errors
    /// [`StoreError`]: roll back.
    async fn put_out(&mut self, entries: &[SharedChangeEntry]) -> Result<(), StoreError>;
}
