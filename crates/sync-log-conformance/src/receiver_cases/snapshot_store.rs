//! What a snapshot reads and moves (`B1`).

use sync_log_core::Hlc;
use sync_log_core::receive::{ReceiverStore as _, SnapshotStore as _};

use crate::receiver::Receiver;
use crate::records_harness::RecordsHarness;
use crate::records_sample::{cursor, stamp};
use crate::sample::peer;

/// Each device of which there is one, once.
pub async fn all_watermarks_are_listed<H: RecordsHarness>(receiver: Receiver<H>) {
    let moved = [(1, 5), (3, 2), (2, 9), (1, 6)];
    for (origin, ms) in moved {
        receiver
            .commit(async |store| {
                store
                    .move_watermark(peer(origin).into(), cursor(origin, ms))
                    .await
            })
            .await;
    }
    let listed = receiver.commit(async |store| store.watermarks().await);
    let mut listed = listed.await;
    listed.sort();
    let expected = [(1, 6), (2, 9), (3, 2)];
    let expected = expected.map(|(origin, ms)| (peer(origin).into(), cursor(origin, ms)));
    assert_eq!(listed, expected, "B1");
}

/// It is zero at first, and no lower stamp takes it back.
pub async fn the_mark_of_what_was_forgotten_only_rises<H: RecordsHarness>(receiver: Receiver<H>) {
    assert_eq!(receiver.kept().await.forgotten, Hlc::ZERO, "B1");
    let mut expected = Hlc::ZERO;
    for ms in [4, 9, 5] {
        expected = expected.max(stamp(1, ms));
        receiver
            .commit(async |store| store.raise_forgotten(stamp(1, ms)).await)
            .await;
        assert_eq!(receiver.kept().await.forgotten, expected, "B1");
    }
    let receiver = receiver.reopened().await;
    receiver
        .commit(async |store| store.raise_forgotten(Hlc::ZERO).await)
        .await;
    assert_eq!(receiver.kept().await.forgotten, expected, "B1");
}

/// A snapshot of such a device is refused, until it has taken one itself.
pub async fn own_changes_are_missing_until_they_have_versions<H: RecordsHarness>(
    receiver: Receiver<H>,
) {
    assert_eq!(receiver.kept().await.unversioned, Hlc::ZERO, "B1");
    let up_to = stamp(1, 5);
    receiver.harness().set_unversioned(up_to).await;
    assert_eq!(receiver.kept().await.unversioned, up_to, "B1");
    receiver
        .commit(async |store| store.set_versioned().await)
        .await;
    let receiver = receiver.reopened().await;
    assert_eq!(receiver.kept().await.unversioned, Hlc::ZERO, "B1");
}
