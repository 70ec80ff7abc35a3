//! Waiting for new entries (`R3`).

use std::fmt;
use std::sync::Arc;

use hlc::Hlc;

use super::sync_log::SyncLog;
use crate::error::LogError;
use crate::store::LogStore;

impl SyncLog {
    /// Watches for entries above `seen`, such as the [`Page::head`](crate::Page) of the last
    /// page that a reader got. With [`Hlc::ZERO`], the first entry wakes the watch.
    ///
    /// A wake-up only says that there are new entries. The reader then reads from its own cursor,
    /// so a wake-up may be late or stand for many commits, and no entry is missed.
    ///
    /// ```
    /// use sync_log_core::{Hlc, LogError, SyncLog};
    ///
    /// async fn serve_whenever_there_is_something(log: &SyncLog) -> Result<(), LogError> {
    ///     let mut watch = log.watch(Hlc::ZERO);
    ///     loop {
    ///         let head = watch.changed().await?;
    ///         println!("there are entries up to {head}");
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn watch(&self, seen: Hlc) -> Watch {
        Watch {
            store: Arc::clone(&self.store),
            seen,
        }
    }
}

/// Waits for the head to move; see [`SyncLog::watch`].
pub struct Watch {
    store: Arc<dyn LogStore>,
    seen: Hlc,
}

impl Watch {
    /// Waits until the head is above the last one that this watch returned, and returns it. A head
    /// that is returned is committed, and is above the one before. A commit through this handle or
    /// its clones wakes the watch at once. Any other commit, of this process or another, wakes it
    /// when the store notices that commit.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing: the next call compares with the last head returned.
    ///
    /// # Errors
    /// [`LogError::Store`]: of kind [`Closed`](crate::StoreFault::Closed) once the log is
    /// closed, even if that happens while this waits.
    #[tracing::instrument(level = "debug", name = "sync_log.watch", skip_all, fields(seen = %self.seen), err(level = "info"))]
    pub async fn changed(&mut self) -> Result<Hlc, LogError> {
        let head = self.store.head_above(self.seen).await?;
        self.seen = head;
        Ok(head)
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch")
            .field("seen", &self.seen)
            .finish_non_exhaustive()
    }
}
