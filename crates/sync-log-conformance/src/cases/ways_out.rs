//! The calls about a peer work despite any fault in the peer's rows, and write the rows again
//! (`P5`).

use sync_log_core::{Ack, AckOutcome, Cursor, Hlc, Registration};

use crate::harness::Tampering;
use crate::refusals::other_admission;
use crate::row_faults::{Counts, Faulty};
use crate::sample::peer;

/// The rows are sound, for every handle, and after a restart; the peer is at `position`, and
/// `prunable` entries are deleted by the next prune.
async fn is_got_over<H: Tampering>(faulty: Faulty<H>, position: Hlc, prunable: usize) {
    let Faulty { rig, log, case, .. } = faulty;
    let other = rig.open().await;
    assert_eq!(log.snapshot().await, other.snapshot().await, "P5: {case:?}");
    let log = rig.reopen(log).await;
    let row = log.snapshot().await.sound_peer(peer(2));
    assert_eq!(row.position(), position, "P5: {case:?}");
    assert_eq!(row.facts.admission, case.admission(), "P5: {case:?}");
    let mirror = log.snapshot().await.peer(peer(2)).unwrap().mirror.clone();
    assert_eq!(mirror, Some(row.acked.to_string()), "P5: {case:?}");
    assert_eq!(
        log.status().await.unwrap().untrusted_rows,
        0,
        "P5: {case:?}"
    );
    assert_eq!(log.prune_acked().await.unwrap(), prunable, "P5: {case:?}");
}

/// A peer without a registration gets one, with an ack of nothing; a registered peer keeps the ack
/// of its own row.
pub async fn registering_a_peer_writes_its_rows_again<H: Tampering>() {
    Faulty::<H>::each_of_a_peer(async |faulty| {
        let Faulty { log, case, .. } = &faulty;
        let expected = if case.has_own_row() {
            Registration::Known
        } else {
            Registration::New
        };
        let registered = log.register_peer(peer(2)).await.unwrap();
        assert_eq!(registered, expected, "P5: {case:?}");
        let again = log.register_peer(peer(2));
        log.changes_nothing("K1", Registration::Known, again).await;
        let (position, prunable) = (case.position(&faulty.stamps), case.prunable());
        is_got_over(faulty, position, prunable).await;
    })
    .await;
}

/// The peer no longer counts.
pub async fn retiring_a_peer_writes_its_rows_again<H: Tampering>() {
    Faulty::<H>::each_of_a_peer(async |faulty| {
        let Faulty { log, case, .. } = &faulty;
        log.retire(peer(2)).await.unwrap();
        let again = log.retire(peer(2));
        log.changes_nothing("K6", (), again).await;
        let retired = log.snapshot().await.sound_peer(peer(2));
        assert!(!retired.is_active(), "P5: {case:?}");
        let position = case.position(&faulty.stamps);
        is_got_over(faulty, position, 3).await;
    })
    .await;
}

/// Admitting an active peer keeps its admission number and returns it.
pub async fn admitting_a_peer_writes_its_rows_again<H: Tampering>() {
    Faulty::<H>::each_of_a_peer(async |faulty| {
        let Faulty { log, case, .. } = &faulty;
        // Of one that was never registered there is no number yet.
        if !case.has_own_row() {
            log.register_peer(peer(2)).await.unwrap();
        }
        let admission = log.admit(peer(2)).await.unwrap();
        assert_eq!(admission, case.admission(), "P5: {case:?}");
        let (position, prunable) = (case.position(&faulty.stamps), case.prunable());
        is_got_over(faulty, position, prunable).await;
    })
    .await;
}

/// An ack counts from then on, whatever the rows claimed before.
pub async fn an_ack_writes_the_rows_of_its_peer_again<H: Tampering>() {
    Faulty::<H>::each_of_a_peer(async |faulty| {
        let Faulty { log, case, .. } = &faulty;
        let ack = log.acknowledge(Ack::new(peer(2), faulty.head).under(case.admission()));
        assert_eq!(ack.await.unwrap(), AckOutcome::Advanced, "P5: {case:?}");
        let head = faulty.stamps[2];
        is_got_over(faulty, head, 3).await;
    })
    .await;
}

/// The rows are written even though the ack moves nothing.
pub async fn an_ack_that_says_nothing_writes_them_again_too<H: Tampering>() {
    Faulty::<H>::each_of_a_peer(async |faulty| {
        let Faulty { log, case, .. } = &faulty;
        let expected = match case.counts {
            Counts::OwnRow => AckOutcome::Stale,
            _ => AckOutcome::Unchanged,
        };
        let ack = log.acknowledge(Ack::new(peer(2), Cursor::ZERO).under(case.admission()));
        assert_eq!(ack.await.unwrap(), expected, "P5: {case:?}");
        let (position, prunable) = (case.position(&faulty.stamps), case.prunable());
        is_got_over(faulty, position, prunable).await;
    })
    .await;
}

/// A hold is kept in the own row, which is written with its mirror.
pub async fn a_rewound_read_writes_them_again_too<H: Tampering>() {
    Faulty::<H>::each_of_a_peer(async |faulty| {
        if faulty.case.counts == Counts::OwnRow {
            faulty.log.page(peer(2), Cursor::ZERO).await;
            is_got_over(faulty, Hlc::ZERO, 0).await;
        }
    })
    .await;
}

/// If the number of the admission cannot be read, the peer gets a number that no ack on its way
/// carries.
pub async fn acks_of_before_the_rows_were_spoiled_are_refused<H: Tampering>() {
    Faulty::<H>::each_of_a_peer(async |faulty| {
        let Faulty { log, case, .. } = &faulty;
        if case.admission() == 1 {
            return;
        }
        for is_registered_again in [false, true] {
            if is_registered_again {
                log.register_peer(peer(2)).await.unwrap();
            }
            let refused = other_admission(peer(2), 1, case.admission());
            let old = log.acknowledge(Ack::new(peer(2), faulty.head));
            log.refuses("K6", refused, old).await;
        }
        let told = log.admit(peer(2)).await.unwrap();
        let ack = log.acknowledge(Ack::new(peer(2), faulty.head).under(told));
        assert_eq!(ack.await.unwrap(), AckOutcome::Advanced, "K6");
    })
    .await;
}
