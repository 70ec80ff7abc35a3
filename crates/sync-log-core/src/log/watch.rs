//! Waiting for what comes (`R3`).

use std::fmt;
use std::sync::Arc;

use hlc::Hlc;

use super::SyncLog;
use crate::error::LogError;
use crate::store::LogStore;

impl SyncLog {
    /// Watches for entries above `seen`, such as [`Page::head`](crate::Page) of the page
    /// that a reader was given last; [`Hlc::ZERO`] is told of the first one at once.
    ///
    /// It tells that there is something to read. What, the reader reads from its own
    /// place, so a watch may be late, or be told once of many commits, and nothing is
    /// lost by that.
    ///
    /// ```
    /// use sync_log_core::{Hlc, LogError, SyncLog};
    ///
    /// async fn serve_whenever_there_is_something(log: &SyncLog) -> Result<(), LogError> {
    ///     let mut watch = log.watch(Hlc::ZERO);
    ///     loop {
    ///         let head = watch.changed().await?;
    ///         println!("tell the peers that there are entries up to {head}");
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

/// Waits for the head to move, see [`SyncLog::watch`].
pub struct Watch {
    store: Arc<dyn LogStore>,
    seen: Hlc,
}

impl Watch {
    /// Waits until the head is above all that this watch has told, and tells it. What is
    /// told is committed, and goes up only. Commits through this handle and its clones are
    /// told at once, all others, in this process or another, when the store finds out.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing: the next call goes on from what was told.
    ///
    /// # Errors
    /// [`LogError::Store`]: it is [`Closed`](crate::StoreErrorKind::Closed) as soon as the
    /// log is, also while this waits.
    #[tracing::instrument(level = "debug", name = "sync_log.watch", skip_all, fields(seen = %self.seen))]
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
