//! Brings committed own changes from the outbox into the log (`W2`).

use sync_log_core::{Hlc, take_over};

use super::device::{self, Raised};
use super::inner::Inner;
use super::queue::OUTBOX;
use super::sync_error::SyncError;
use crate::driver::durable::sync_to_disk;
use crate::driver::{AppTransaction, Over};

impl Inner {
    /// Brings all committed own changes into the log.
    pub(super) async fn drain(&self) -> Result<(), SyncError> {
        if let Some(log) = self.log.attached() {
            // The entries were committed with their records.
            log.committed_elsewhere();
            return Ok(());
        }
        let _running = self.draining.lock().await;
        while self.drain_page().await? {
            self.log.status_changed();
        }
        Ok(())
    }

    /// Brings the first entries of the outbox into the log. Returns whether there were any.
    ///
    /// The entries leave the outbox only once the log has committed them. If the process is killed in
    /// between, the next drain finds them in both, and the log skips them.
    async fn drain_page(&self) -> Result<bool, SyncError> {
        let entries = OUTBOX.first(&Over(&self.db)).await?;
        let Some(last) = entries.last().map(|last| last.hlc) else {
            return Ok(false);
        };
        // A power cut must not take back what the log has.
        sync_to_disk(&self.db, &self.settings).await?;
        self.log
            .run(take_over(entries, self.clock.now_ms()))
            .await?;
        self.clear(last).await?;
        Ok(true)
    }

    /// Removes from the outbox the entries that the log has.
    async fn clear(&self, last: Hlc) -> Result<(), SyncError> {
        let txn = AppTransaction::write(&self.db).await?;
        let cleared = async {
            OUTBOX.remove_up_to(&txn.port(), last).await?;
            device::raise(&txn.port(), Raised::Cleared, last).await
        };
        let cleared = cleared.await;
        Ok(txn.end_with(cleared).await?)
    }
}
