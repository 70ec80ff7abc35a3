//! Waiting for new entries (`R3`).

use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Weak};
use std::task::Poll;

use hlc::Hlc;

use super::handles::Handles;
use super::sync_log::SyncLog;
use crate::error::{LogError, StoreError, StoreFault};
use crate::store::LogStore;

impl SyncLog {
    /// Watches for entries above `seen`, such as the [`Page::head`](crate::Page) of the last
    /// page that a reader got. With [`Hlc::ZERO`], the first entry wakes the watch.
    ///
    /// A wake-up only says that there are new entries. The reader then reads from its own cursor. So no
    /// entry is missed, even if a wake-up is late or stands for many commits.
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
            store: Arc::downgrade(&self.store),
            handles: Arc::downgrade(&self.handles),
            number: self.handles.number(),
            seen,
        }
    }
}

/// Waits for the head to move; see [`SyncLog::watch`].
///
/// A watch does not keep the log open: it ends when the last handle is dropped.
pub struct Watch {
    store: Weak<dyn LogStore>,
    handles: Weak<Handles>,
    number: u64,
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
    /// [`LogError::Store`] with [`StoreFault::Closed`](crate::StoreFault::Closed) once the log is closed, or
    /// its last handle is dropped, even if that happens while the call waits.
    #[tracing::instrument(level = "debug", name = "sync_log.watch", skip_all, fields(seen = %self.seen), err(level = "info"))]
    pub async fn changed(&mut self) -> Result<Hlc, LogError> {
        let store = self.store.upgrade().ok_or_else(dropped)?;
        let mut moved = store.head_above(self.seen);
        let head = poll_fn(|context| {
            let Some(handles) = self.handles.upgrade() else {
                return Poll::Ready(Err(dropped()));
            };
            handles.wait(self.number, context.waker());
            moved.as_mut().poll(context)
        });
        let head = head.await?;
        self.seen = head;
        Ok(head)
    }
}

/// The last handle is dropped.
pub(super) fn dropped() -> StoreError {
    StoreError::new(StoreFault::Closed, "watch")
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(handles) = self.handles.upgrade() {
            handles.forget(self.number);
        }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch")
            .field("seen", &self.seen)
            .finish_non_exhaustive()
    }
}
