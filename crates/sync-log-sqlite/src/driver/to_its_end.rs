//! Work that comes to its end even if the caller drops its future.

use sync_log_core::StoreError;
use tokio::runtime::Handle;
use tracing::Instrument as _;
use tracing::instrument::WithSubscriber as _;

use super::failure::{closed, panicked};

/// Runs work as a task, which logs to the subscriber and in the span of the caller. Statements that belong
/// together are all run then, even if the caller drops the future between two of them.
///
/// A driver that needs no tokio runtime may be used outside of one. The work is then run in place.
pub(crate) async fn to_its_end<T: Send + 'static>(
    doing: &'static str,
    work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
) -> Result<T, StoreError> {
    let Ok(runtime) = Handle::try_current() else {
        return work.await;
    };
    on(&runtime, doing, work).await
}

/// The same on a runtime.
pub(crate) async fn on<T: Send + 'static>(
    runtime: &Handle,
    doing: &'static str,
    work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
) -> Result<T, StoreError> {
    match runtime
        .spawn(work.in_current_span().with_current_subscriber())
        .await
    {
        Ok(outcome) => outcome,
        Err(error) if error.is_panic() => Err(panicked(doing)),
        // The runtime ended first.
        Err(_) => Err(closed(doing)),
    }
}
