//! A clock that is ahead is never silent (`H9`). What `explain` and `status` say about it are cases of
//! the conformance suite.

use std::sync::Arc;

use sync_log_core::{LogOptions, SyncLog};
use tracing::Level;

use crate::common::events::Events;
use crate::common::values::{HOUR_MS, Log};
use crate::common::{DEVICE, LIBRARY, change};

#[tokio::test]
async fn a_clock_that_is_ahead_is_warned_of_once_per_opening() {
    let warnings = Events::at(Level::WARN);
    let log = Log::new().await;
    log.wall.advance_ms(25 * HOUR_MS);
    log.record(change()).await.unwrap();
    log.wall.advance_ms(-24 * HOUR_MS);
    log.record(change()).await.unwrap();
    assert_eq!(warnings.take(), 0, "within the limit");
    log.wall.advance_ms(-2 * HOUR_MS);
    log.record(change()).await.unwrap();
    log.record(change()).await.unwrap();
    assert_eq!(warnings.take(), 1, "once");
    let options = LogOptions::new(Arc::clone(&log.wall));
    let opened = SyncLog::open(log.values.clone(), LIBRARY, DEVICE, options).await;
    opened.unwrap().record(change()).await.unwrap();
    assert_eq!(warnings.take(), 1, "once per opening");
}
