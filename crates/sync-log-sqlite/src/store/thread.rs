//! Threads of our own: SQLite waits for the disk and for locks, which must not
//! hold up the caller's executor.

use std::thread::Builder;

use sync_log_core::{StoreError, StoreErrorKind};
use tokio::sync::oneshot;

/// Starts a thread.
pub(super) fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), StoreError> {
    let started = Builder::new().name(name.to_owned()).spawn(run);
    started
        .map(drop)
        .map_err(|error| StoreError::new(StoreErrorKind::Io, "start a thread").with_source(error))
}

/// Runs `work` on a thread of its own. Dropping the future does not stop it.
pub(super) async fn run<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, StoreError> {
    let (answer, answered) = oneshot::channel();
    spawn(name, move || {
        // Nobody listens if the caller has dropped its future.
        let _ = answer.send(work());
    })?;
    answered
        .await
        .map_err(|_| StoreError::new(StoreErrorKind::Io, "wait for a thread that has panicked"))
}
