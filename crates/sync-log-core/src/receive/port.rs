//! What a backend provides to a receiver.

use hlc::Hlc;

use crate::error::StoreError;
use crate::model::{Cursor, DeviceId, SharedChangeEntry};

use super::moves::{Move, RecordWrite};
use super::record::RecordId;
use super::seen::{Found, Wanted};
use super::standing::Record;

/// The receiver's tables and the app's tables, inside one transaction of the app's database.
///
/// The caller begins the transaction, acquires the write lock and defers foreign keys before it calls
/// core. It commits if every call was `Ok`, and rolls back otherwise. Core never commits. The futures
/// need not be `Send`, because they stay with the transaction of the caller.
///
/// # Contract
/// - A lookup returns what was written before it in the transaction.
/// - A failure of the database, such as a lock or a full disk, is an error and never a refusal:
///   what is shown must not depend on it (`X6`).
#[allow(async_fn_in_trait, reason = "a transaction stays with its caller")]
pub trait RecordStore {
    /// Looks up the wanted records, and all records that the wanted ties tie.
    ///
    /// # Errors
    /// [`StoreError`]: roll back.
    async fn look_up(&mut self, wanted: &Wanted) -> Result<Found, StoreError>;

    /// Writes records, and what ties them.
    ///
    /// # Errors
    /// [`StoreError`]: roll back.
    async fn write(&mut self, records: &[RecordWrite]) -> Result<(), StoreError>;

    /// Changes the app's tables, step by step. Returns the records that the app cannot show, and why.
    /// If there are such records, the tables are as they were before the call.
    ///
    /// # Errors
    /// [`StoreError`]: roll back.
    async fn change(&mut self, steps: &[Move]) -> Result<Vec<(RecordId, String)>, StoreError>;
}

/// What a receiver keeps of the devices that it reads, in the transaction of [`RecordStore`].
#[allow(async_fn_in_trait, reason = "a transaction stays with its caller")]
pub trait ReceiverStore: RecordStore {
    /// Returns the records after this one, with their versions and standings, ascending and at most
    /// `limit`.
    ///
    /// # Errors
    /// [`StoreError`]: roll back.
    async fn records(
        &mut self,
        after: Option<&RecordId>,
        limit: usize,
    ) -> Result<Vec<(RecordId, Record)>, StoreError>;

    /// Whether a live record is not shown because the app does not know its model, or not yet the version
    /// of the model.
    ///
    /// # Errors
    /// [`StoreError`]: roll back.
    async fn has_unreadable(&mut self) -> Result<bool, StoreError>;

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

    /// The deleted records whose highest change is at or below `up_to`, each with the stamp of that
    /// change, ascending by stamp and then by record, those after `after` and at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`]: roll back.
    async fn deleted(
        &mut self,
        after: Option<&(RecordId, Hlc)>,
        up_to: Hlc,
        limit: usize,
    ) -> Result<Vec<(RecordId, Hlc)>, StoreError>;

    /// Removes deleted records and their ties. Stores the highest of their stamps if it is above that of
    /// earlier calls: a record that is unknown here may have been deleted up to that stamp.
    ///
    /// # Errors
    /// [`StoreError`]: roll back.
    async fn forget(&mut self, deleted: &[(RecordId, Hlc)]) -> Result<(), StoreError>;

    /// Raises the mark above which this device stamps its own changes from now on.
    ///
    /// # Errors
    /// [`StoreError`]: roll back.
    async fn observe(&mut self, highest: Hlc) -> Result<(), StoreError>;
}

/// What a snapshot reads and moves beside that, in the transaction of [`RecordStore`].
#[allow(async_fn_in_trait, reason = "a transaction stays with its caller")]
pub trait SnapshotStore: ReceiverStore {
    /// The watermarks of all devices of which there is one.
    ///
    /// # Errors
    /// [`StoreError`]: roll back.
    async fn watermarks(&mut self) -> Result<Vec<(DeviceId, Cursor)>, StoreError>;

    /// The highest stamp of a deleted record that was forgotten; zero if there was none.
    ///
    /// # Errors
    /// [`StoreError`]: roll back.
    async fn forgotten(&mut self) -> Result<Hlc, StoreError>;

    /// Raises the mark of [`forgotten`](Self::forgotten) to at least this stamp.
    ///
    /// # Errors
    /// [`StoreError`]: roll back.
    async fn raise_forgotten(&mut self, to: Hlc) -> Result<(), StoreError>;

    /// The stamp up to which own changes are missing from the records, because the database was
    /// restored from a backup and the log had pruned them; zero if none are missing.
    ///
    /// # Errors
    /// [`StoreError`]: roll back.
    async fn unversioned(&mut self) -> Result<Hlc, StoreError>;

    /// Stores that no own changes are missing any more.
    ///
    /// # Errors
    /// [`StoreError`]: roll back.
    async fn set_versioned(&mut self) -> Result<(), StoreError>;
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

    /// Acquires the write lock and looks up: [`mark`](Self::mark) and [`look_up`](RecordStore::look_up),
    /// which a store may ask its database together.
    ///
    /// # Errors
    /// [`StoreError`]: roll back.
    async fn mark_and_look_up(&mut self, wanted: &Wanted) -> Result<(Hlc, Found), StoreError> {
        Ok((self.mark().await?, self.look_up(wanted).await?))
    }

    /// Puts stamped entries out, for the log, and raises the mark to the last of them.
    ///
    /// # Errors
    /// [`StoreError`]: roll back.
    async fn put_out(&mut self, entries: &[SharedChangeEntry]) -> Result<(), StoreError>;

    /// Writes records, and puts out the entries that changed them: [`write`](RecordStore::write) and
    /// [`put_out`](Self::put_out), which a store may send to its database together.
    ///
    /// # Errors
    /// [`StoreError`]: roll back.
    async fn write_and_put_out(
        &mut self,
        records: &[RecordWrite],
        entries: &[SharedChangeEntry],
    ) -> Result<(), StoreError> {
        self.write(records).await?;
        self.put_out(entries).await
    }
}
