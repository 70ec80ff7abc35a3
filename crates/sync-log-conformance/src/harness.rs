//! The functions that a backend provides to be tested.

use std::sync::Arc;

use async_trait::async_trait;
use sync_log_core::{Birth, Hlc, LogError, LogStore, Uuid};

use crate::damage::{Damage, RowDamage};

/// One storage of the backend under test, such as a file: it is made, and opened again and
/// again.
///
/// Every case makes its own. The methods panic if they fail, except
/// [`open`](Self::open), whose refusals are part of the contract.
#[async_trait]
pub trait Harness: Sized + Send + Sync + 'static {
    /// Makes a fresh storage with an empty log of that library and device, and
    /// a log id that no other storage has. Its state is
    /// [`LogState::made`](sync_log_core::LogState::made) at [`START_MS`](crate::START_MS).
    async fn create(library_id: Uuid, device_id: Uuid, birth: Birth) -> Self;

    /// Opens the storage as another process would: beside the handles that are
    /// open already, sharing nothing in memory with them that the backend does
    /// not share between processes.
    ///
    /// # Errors
    /// The refusal of the backend, if any. Core judges the ids that the backend does
    /// not judge.
    async fn open(&self, library_id: Uuid, device_id: Uuid) -> Result<Arc<dyn LogStore>, LogError>;

    /// The stamps of the retained entries, ascending, read without core and without
    /// the store's own reading code.
    async fn retained(&self) -> Vec<Hlc>;
}

/// A storage that other programs reach: they copy it, put it back, and change what is in it.
///
/// A backend whose storages nothing reaches from outside does not implement this, and is not
/// asked how it bears it.
#[async_trait]
pub trait Tampering: Harness {
    /// A copy of a storage, as a backup program makes one.
    type Backup: Send + Sync;

    /// How many random histories are compared with the reference model, which tampers too. The
    /// environment variable `CONFORMANCE_CASES` overrides it.
    const MODEL_CASES: u32;

    /// Copies the storage. All handles are closed.
    async fn backup(&self) -> Self::Backup;

    /// Puts the storage back to what it was at `backup`. All handles are closed.
    async fn restore(&self, backup: &Self::Backup);

    /// Damages the rows of that peer, as another program or a failing disk does.
    async fn damage_row(&self, peer_device_id: &str, damage: RowDamage);

    /// Damages the stored entries in the same way.
    async fn damage(&self, damage: Damage);

    /// Puts the storage into the state of an adopted file: no ack is verified, the
    /// peers are not declared, and the log is settled at its high-water. All handles are
    /// closed.
    async fn adopt(&self);
}
