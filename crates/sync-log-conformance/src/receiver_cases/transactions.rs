//! All that one transaction writes is committed, or nothing (`X2`).

use sync_log_core::receive::{Move, OwnStore, SnapshotStore, Wanted};
use sync_log_core::{Hlc, StoreError};

use crate::receiver::{Kept, Receiver};
use crate::records_harness::RecordsHarness;
use crate::records_sample::{
    cursor, deletion, id, key, own_above, received, rows, show, stamp, tied, written,
};
use crate::runtime::give_way;
use crate::sample::{entry, peer};

/// Something of everything that a receiver keeps. `number` tells one call from another.
async fn write_everything(
    store: &mut (impl OwnStore + SnapshotStore),
    number: usize,
) -> Result<(), StoreError> {
    let ms = number as u64;
    let red = key("name", &number.to_string());
    let shown = tied(written(&received(ms, number)), [red.clone()]);
    let deleted = deletion(ms, number + 1);
    store.write(&[written(&deleted)]).await?;
    let wanted = Wanted {
        records: [id(number), id(number + 1)].into(),
        ties: [red].into(),
    };
    let (mark, found) = store.mark_and_look_up(&wanted).await?;
    assert_eq!(store.mark().await?, mark, "W2");
    let there: Vec<_> = found.records.into_iter().map(|(id, _)| id).collect();
    assert_eq!((there, found.tied), (vec![id(number + 1)], vec![]), "X2");
    let hidden = id(number - 2);
    let steps = [Move::Hide(hidden), show(number, &number.to_string())];
    assert_eq!(store.change(&steps).await?, []);
    let put_out = [entry(own_above(mark, 1), number)];
    store.write_and_put_out(&[shown], &put_out).await?;
    store.observe(own_above(mark, 2)).await?;
    store.move_watermark(peer(1).into(), cursor(1, ms)).await?;
    store.set_aside(&[received(ms, number + 1)]).await?;
    store.forget(&[(id(number + 1), deleted.hlc)]).await?;
    store.raise_forgotten(stamp(1, ms)).await?;
    store.set_versioned().await
}

async fn written_once<H: RecordsHarness>(receiver: &Receiver<H>) -> Kept {
    receiver.harness().set_unversioned(stamp(2, 1)).await;
    receiver
        .commit(async |store| write_everything(store, 3).await)
        .await;
    receiver.kept().await
}

/// Everything, and once.
pub async fn what_was_committed_is_there_after_a_restart<H: RecordsHarness>(receiver: Receiver<H>) {
    let before = written_once(&receiver).await;
    assert_eq!(before.rows, rows([(3, "3")]), "X2");
    let found = (before.records.len(), before.waiting.len(), before.log.len());
    assert_eq!(found, (1, 1, 1), "X2");
    assert_eq!(before.forgotten, stamp(1, 3), "X2");
    assert_eq!(before.unversioned, Hlc::ZERO, "X2");
    assert!(
        before.mark > before.log[0].hlc,
        "X2: the mark is what was received"
    );
    let receiver = receiver.reopened().await;
    assert_eq!(receiver.kept().await, before, "X2");
}

/// No version, row, tie, watermark, entry or mark.
pub async fn a_rollback_leaves_nothing<H: RecordsHarness>(receiver: Receiver<H>) {
    written_once(&receiver).await;
    receiver.harness().set_unversioned(stamp(2, 1)).await;
    let before = receiver.kept().await;
    receiver
        .roll_back(async |store| write_everything(store, 5).await)
        .await;
    assert_eq!(receiver.kept().await, before, "X2");
    let tied = receiver.tied([key("name", "5")]).await;
    assert_eq!(tied, [], "X2");
    let receiver = receiver.reopened().await;
    assert_eq!(receiver.kept().await, before, "X2: after a restart");
}

/// Each one draws its stamp above those of all that were committed before.
pub async fn of_two_transactions_one_waits_for_the_other<H: RecordsHarness>(receiver: Receiver<H>) {
    const EACH: usize = 10;
    let draw = async || {
        for number in 0..EACH {
            receiver
                .commit(async |store| {
                    let mark = store.mark().await?;
                    give_way(3).await;
                    store.put_out(&[entry(own_above(mark, 1), number)]).await
                })
                .await;
        }
    };
    tokio::join!(draw(), draw());
    let log = receiver.harness().drain().await;
    assert_eq!(log.len(), 2 * EACH, "W2");
    assert!(
        log.is_sorted_by(|one, next| one.hlc < next.hlc),
        "W2: {log:?}"
    );
}
