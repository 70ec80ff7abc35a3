//! Where own changes go, and above which stamp the next one is drawn (`W2`).

use sync_log_core::receive::{OwnStore as _, ReceiverStore as _};
use sync_log_core::{Hlc, SharedChangeEntry};

use crate::receiver::Receiver;
use crate::records_harness::RecordsHarness;
use crate::records_sample::{own_above, stamp};
use crate::sample::{entry, grouped};

async fn mark<H: RecordsHarness>(receiver: &Receiver<H>) -> Hlc {
    receiver.commit(async |store| store.mark().await).await
}

async fn put_out<H: RecordsHarness>(receiver: &Receiver<H>, entries: &[SharedChangeEntry]) {
    receiver
        .commit(async |store| store.put_out(entries).await)
        .await;
}

/// Group by group, and entry by entry as they were put out.
pub async fn entries_reach_the_log_as_they_were_put_out<H: RecordsHarness>(receiver: Receiver<H>) {
    let from = mark(&receiver).await;
    let group = |from_ms: u64| {
        let numbered = (from_ms..from_ms + 3).zip(1..);
        let entries = numbered.map(|(ms, number)| entry(own_above(from, ms), number));
        grouped(entries.collect())
    };
    put_out(&receiver, &group(1)).await;
    put_out(&receiver, &group(4)).await;
    let receiver = receiver.reopened().await;
    let mut expected = [group(1), group(4)].concat();
    assert_eq!(receiver.harness().drain().await, expected, "W2");
    put_out(&receiver, &group(7)).await;
    expected.extend(group(7));
    assert_eq!(receiver.harness().drain().await, expected, "W2");
}

/// It is the last stamp, in the transaction itself and after the entries have reached the log.
pub async fn what_was_put_out_raises_the_mark<H: RecordsHarness>(receiver: Receiver<H>) {
    let from = mark(&receiver).await;
    let entries = [1, 2].map(|ms| entry(own_above(from, ms as u64), ms));
    let last = entries[1].hlc;
    let raised = receiver.commit(async |store| {
        store.mark().await?;
        store.put_out(&entries).await?;
        store.mark().await
    });
    assert_eq!(raised.await, last, "W2: in its transaction");
    assert_eq!(receiver.harness().drain().await, entries, "W2");
    assert_eq!(mark(&receiver).await, last, "W2: the log has them");
    put_out(&receiver, &[]).await;
    let receiver = receiver.reopened().await;
    assert_eq!(mark(&receiver).await, last, "W2: after a restart");
}

/// It is above what was given out before, and a lower stamp does not take it back.
pub async fn what_was_received_raises_the_mark<H: RecordsHarness>(receiver: Receiver<H>) {
    let from = mark(&receiver).await;
    let own = entry(own_above(from, 5), 1);
    put_out(&receiver, std::slice::from_ref(&own)).await;
    let received = |ms: u64| Hlc {
        timestamp: own_above(from, ms).timestamp,
        ..stamp(1, 0)
    };
    let mut expected = own.hlc;
    for ms in [3, 8, 6] {
        expected = expected.max(received(ms));
        receiver
            .commit(async |store| store.observe(received(ms)).await)
            .await;
        assert_eq!(mark(&receiver).await, expected, "X2");
    }
    let receiver = receiver.reopened().await;
    assert_eq!(mark(&receiver).await, expected, "X2: after a restart");
}
