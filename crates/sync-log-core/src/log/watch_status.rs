//! Waiting for a change of what a screen shows: not only of the head, but of acks and peers as well (`R3`).

use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Weak};
use std::task::Poll;

use hlc::Hlc;

use super::handles::Handles;
use super::sync_log::{SyncLog, read_state};
use super::watch::dropped;
use crate::error::LogError;
use crate::store::LogStore;

impl SyncLog {
    /// Watches for changes of the [`status`](Self::status), from now on: entries, acks, peers and prunes.
    ///
    /// Make the watch before you read what it watches, so that no change is missed in between.
    ///
    /// ```
    /// use sync_log_core::{LogError, SyncLog};
    ///
    /// async fn show_the_status(log: &SyncLog) -> Result<(), LogError> {
    ///     let mut watch = log.watch_status().await?;
    ///     loop {
    ///         println!("{} entries are pending", log.status().await?.pending_entries);
    ///         watch.changed().await?;
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    /// [`LogError::Store`].
    #[tracing::instrument(
        level = "debug",
        name = "sync_log.watch_status",
        skip_all,
        err(level = "info")
    )]
    pub async fn watch_status(&self) -> Result<StatusWatch, LogError> {
        let changes = self.handles.changes();
        let head = read_state(&*self.store).await?.head.hlc;
        Ok(StatusWatch {
            store: Arc::downgrade(&self.store),
            handles: Arc::downgrade(&self.handles),
            number: self.handles.number(),
            changes,
            head,
        })
    }

    /// Wakes the watches that [`watch_status`](Self::watch_status) made. A receiver calls this function after
    /// a commit that changes what it shows beside the log, such as a page that was applied.
    pub fn status_changed(&self) {
        self.handles.changed();
    }
}

/// Waits for the status to change; see [`SyncLog::watch_status`].
///
/// A watch does not keep the log open: it ends when the last handle is dropped.
pub struct StatusWatch {
    store: Weak<dyn LogStore>,
    handles: Weak<Handles>,
    number: u64,
    /// How many changes there were when this watch last woke.
    changes: u64,
    /// The head at that time.
    head: Hlc,
}

impl StatusWatch {
    /// Waits until something has changed since the watch was made, or since this call last returned.
    ///
    /// A commit through this handle or its clones wakes the watch at once. A commit of another handle or
    /// process wakes the watch if it moves the head, once the store notices that commit. Wake-ups may be late,
    /// never early: the change is committed. One wake-up may stand for many changes. A change of a call whose
    /// future was dropped may be noticed with the next change only.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing: the next call compares with what was seen last.
    ///
    /// # Errors
    /// [`LogError::Store`] with [`StoreFault::Closed`](crate::StoreFault::Closed) once the log is closed, or
    /// its last handle is dropped, even if that happens while the call waits.
    #[tracing::instrument(level = "debug", name = "sync_log.status_watch", skip_all, fields(seen = %self.head), err(level = "info"))]
    pub async fn changed(&mut self) -> Result<(), LogError> {
        let store = self.store.upgrade().ok_or_else(dropped)?;
        let mut moved = store.head_above(self.head);
        let changes = poll_fn(|context| {
            let Some(handles) = self.handles.upgrade() else {
                return Poll::Ready(Err(dropped()));
            };
            let changes = handles.wait(self.number, context.waker());
            if changes > self.changes {
                return Poll::Ready(Ok(changes));
            }
            moved.as_mut().poll(context).map_ok(|_| changes)
        });
        let changes = changes.await?;
        // The caller sees all of this head, so that it need not wake the watch again.
        self.head = read_state(&*store).await?.head.hlc;
        self.changes = changes;
        Ok(())
    }
}

impl Drop for StatusWatch {
    fn drop(&mut self) {
        if let Some(handles) = self.handles.upgrade() {
            handles.forget(self.number);
        }
    }
}

impl fmt::Debug for StatusWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StatusWatch")
            .field("head", &self.head)
            .finish_non_exhaustive()
    }
}
