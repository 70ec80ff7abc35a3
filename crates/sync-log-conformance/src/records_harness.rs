//! The functions that a store of records provides to be tested.

use std::collections::BTreeMap;

use sync_log_core::receive::{OwnStore, SnapshotStore};
use sync_log_core::{Hlc, SharedChangeEntry, Uuid};

/// How a transaction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// What was written is kept.
    Commit,
    /// What was written is undone.
    RollBack,
}

/// One database of the backend under test: an app's tables, and what a receiver keeps beside them.
///
/// Every case makes its own. The methods panic if they fail.
#[allow(async_fn_in_trait, reason = "a transaction stays with its caller")]
pub trait RecordsHarness: Sized + 'static {
    /// The ports, in a transaction.
    type Store<'t>: OwnStore + SnapshotStore;

    /// Makes a database of the device [`DEVICE`](crate::DEVICE), in which no record was ever written.
    ///
    /// The app has one model, `tag`, with one member, `name`, which is a text. No two rows may have one
    /// name, and the table refuses the name `?`.
    async fn create() -> Self;

    /// Closes the database, and opens it as after a restart of the app.
    async fn reopen(self) -> Self;

    /// Runs `work` in a transaction that has the write lock and defers foreign keys, and ends it.
    ///
    /// Transactions may be begun at the same time. Each one uses a handle of its own, as another process
    /// would, if the backend has such handles.
    async fn transaction<T>(
        &self,
        end: End,
        work: impl AsyncFnOnce(&mut Self::Store<'_>) -> T,
    ) -> T;

    /// The name that each row of the app's table has, by the id of its record. They are read without the
    /// store's own code.
    async fn rows(&self) -> BTreeMap<Uuid, String>;

    /// Brings the entries that were put out into the log, where they leave an outbox. Returns everything
    /// that the log has.
    async fn drain(&self) -> Vec<SharedChangeEntry>;

    /// Stores that own changes up to this stamp are missing from the records, as the opening of a database
    /// that was restored from a backup does.
    async fn set_unversioned(&self, up_to: Hlc);
}
