//! What the app's tables show (`X6`).

use sync_log_core::receive::{Move, RecordStore as _};

use crate::receiver::Receiver;
use crate::records_harness::RecordsHarness;
use crate::records_sample::{id, received, rows, show, written};

/// A row is removed before another one takes its unique name, and a row that is there is changed.
pub async fn steps_are_taken_in_their_order<H: RecordsHarness>(receiver: Receiver<H>) {
    let first = [show(1, "red"), show(2, "blue"), show(3, "green")];
    let second = [
        Move::Hide(id(1)),
        show(4, "red"),
        show(2, "violet"),
        show(5, "blue"),
        Move::Hide(id(3)),
        show(1, "green"),
    ];
    for steps in [&first[..], &second] {
        let refused = receiver.commit(async |store| store.change(steps).await);
        assert_eq!(refused.await, [], "X6");
    }
    let receiver = receiver.reopened().await;
    let expected = rows([(1, "green"), (2, "violet"), (4, "red"), (5, "blue")]);
    assert_eq!(receiver.harness().rows().await, expected, "X6");
}

/// A refusal is an answer: it names each record, changes no row, and leaves the transaction usable.
pub async fn a_row_that_is_refused_is_an_answer<H: RecordsHarness>(receiver: Receiver<H>) {
    let red = [show(1, "red")];
    let _ = receiver
        .commit(async |store| store.change(&red).await)
        .await;
    let bad = [
        Move::Hide(id(1)),
        show(2, "?"),
        show(3, "blue"),
        show(4, "?"),
    ];
    let before = [written(&received(1, 1))];
    let after = [written(&received(1, 2))];
    let refused = receiver.commit(async |store| {
        store.write(&before).await?;
        let refused = store.change(&bad).await?;
        store.write(&after).await?;
        assert_eq!(store.change(&[show(3, "green")]).await?, [], "X6");
        Ok(refused)
    });
    let refused = refused.await;
    assert!(
        refused.iter().all(|(_, why)| !why.is_empty()),
        "X6: {refused:?}"
    );
    let mut refused: Vec<_> = refused.into_iter().map(|(id, _)| id).collect();
    refused.sort();
    assert_eq!(refused, [id(2), id(4)], "X6: each of them, and no other");

    let kept = receiver.kept().await;
    assert_eq!(kept.rows, rows([(1, "red"), (3, "green")]), "X6");
    let records: Vec<_> = kept.records.into_iter().map(|(id, _)| id).collect();
    assert_eq!(records, [id(1), id(2)], "X6: what was written stays");
}
