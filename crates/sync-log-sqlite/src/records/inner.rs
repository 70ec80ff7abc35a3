//! What a handle on shared records holds.

use sea_orm::{DatabaseConnection, DatabaseTransaction};
use sync_log_core::{Clock, Hlc, SharedWallClock};
use tokio::sync::Mutex;

use super::drift::AcceptedDrift;
use super::in_transaction::{InTransaction, Whose};
use super::last_pages::LastPages;
use super::registered::RegisteredModels;
use super::showing::Showing;
use crate::driver::durable::Settings;
use crate::open::SyncDb;
use crate::store::AttachedStore;

/// What a handle on shared records holds.
pub(super) struct Inner {
    pub(super) db: DatabaseConnection,
    pub(super) models: RegisteredModels,
    /// How the models read payloads.
    pub(super) fingerprint: String,
    pub(super) log: SyncDb,
    pub(super) own: Whose,
    pub(super) clock: Clock<SharedWallClock>,
    pub(super) accepted: AcceptedDrift,
    pub(super) last_pages: LastPages,
    pub(super) showing: Showing,
    /// The settings with which the database was opened.
    pub(super) settings: Settings,
    /// One drain at a time. Another process may drain at the same time: the log skips entries that it has.
    pub(super) draining: Mutex<()>,
}

impl Inner {
    pub(super) fn in_transaction<'a>(&'a self, txn: &'a DatabaseTransaction) -> InTransaction<'a> {
        let log = self.log.attached().map(AttachedStore::anchor);
        let now_ms = self.clock.now_ms();
        let store = InTransaction::new(txn, &self.models, self.own, &self.fingerprint, log, now_ms);
        store.of_handle(&self.showing)
    }

    /// How long ago this device drew a stamp, in ms.
    pub(super) fn age_ms(&self, hlc: Hlc) -> u64 {
        let now_ms = u64::try_from(self.clock.now_ms()).unwrap_or_default();
        now_ms.saturating_sub(hlc.timestamp)
    }
}
