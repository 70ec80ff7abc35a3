//! What a write leaves in the log. How stores keep it is the conformance suite's.

use sync_log_core::SharedChangeEntry;

use crate::common::values::{HOUR_MS, Log};
use crate::common::{DEVICE, PEER, change};

#[tokio::test]
async fn a_stamp_is_the_high_water_before_it_is_returned() {
    let log = Log::new().await;
    let stamp = log.tick().await.unwrap();
    assert_eq!(log.contents().state.high_water, stamp);
}

#[tokio::test]
async fn changes_are_one_group_or_a_group_each() {
    let log = Log::new().await;
    log.record_many(vec![change(); 2]).await.unwrap();
    log.record_each(vec![change(); 2]).await.unwrap();
    let entries = log.contents().entries.into_values();
    let ends: Vec<bool> = entries.map(|stored| stored.entry.group_end).collect();
    assert_eq!(ends, [false, true, true, true]);
}

#[tokio::test]
async fn an_own_stamp_that_the_log_holds_may_come_back() {
    let log = Log::new().await;
    let stamp = log.record(change()).await.unwrap();
    assert_eq!(stamp.device_id, DEVICE);
    assert_eq!(log.observe_all(&[stamp]).await.unwrap(), Some(stamp));
}

/// What the log gave out is not judged by a wall clock that was set back since (`H5`).
#[tokio::test]
async fn the_newest_stamp_is_appended_after_the_wall_clock_was_set_back() {
    let log = Log::new().await;
    let stamp = log.tick().await.unwrap();
    log.wall.advance_ms(-48 * HOUR_MS);
    let entry: SharedChangeEntry = change().stamped(stamp);
    assert_eq!(log.append(entry).await.unwrap(), stamp);
}

#[tokio::test]
async fn a_retired_peer_is_admitted_under_the_next_number() {
    let log = Log::new().await;
    log.register_peer(PEER).await.unwrap();
    log.retire(PEER).await.unwrap();
    assert_eq!(log.admit(PEER).await.unwrap(), 2);
    assert_eq!(log.admit(PEER).await.unwrap(), 2, "it is active");
}
