//! A log that is made where records already are begins with a floor, and no log vouches for
//! stamps from before it was made (`R2`, `A1`, `H7`).

use sync_log_core::receive::arrival;
use sync_log_core::{
    Ack, AckOutcome, Birth, Cursor, Hlc, LogError, LogState, Mark, ReadLimits, Tag,
};

use crate::harness::Harness;
use crate::refusals::compacted;
use crate::rig::{Log, Rig};
use crate::sample::{DEVICE, START_MS, change, entry, grouped, just_below, own_after, peer};

const BIRTHS: [Birth; 2] = [Birth::Alone, Birth::BesideRecords];

/// The stamp right before the first millisecond of the log.
fn settled() -> Hlc {
    Hlc::new((START_MS - 1).cast_unsigned(), 0, DEVICE)
}

async fn beside_records<H: Harness>() -> (Rig<H>, Log) {
    let rig = Rig::<H>::born(Birth::BesideRecords).await;
    let log = rig.open_with_peers(1).await;
    (rig, log)
}

/// Identity, floor, head and high-water of a new log, at once and after a restart.
pub async fn a_new_log_is_settled_before_its_first_stamp<H: Harness>() {
    for birth in BIRTHS {
        let rig = Rig::<H>::born(birth).await;
        let log = rig.open().await;
        let expected = LogState::made(log.identity(), START_MS, birth);
        assert_eq!(expected.settled, settled(), "R2");
        assert_eq!(log.snapshot().await.state, expected, "R2: {birth:?}");
        let log = rig.reopen(log).await;
        assert_eq!(log.snapshot().await.state, expected, "R2: {birth:?}");
        assert!(log.record(change(0)).await.unwrap() > settled(), "R2");
    }
}

/// Records that are in no log would be missed by a reader that starts at zero.
pub async fn beside_records_no_reader_starts_at_zero<H: Harness>() {
    let (rig, log) = beside_records::<H>().await;
    let mut head = settled();
    for number in 0..2 {
        let refused = compacted(Hlc::ZERO, settled(), head);
        log.refuses_to_read("R2", peer(1), Cursor::ZERO, refused)
            .await;
        head = log.record(change(number)).await.unwrap();
    }
    let log = rig.reopen(log).await;
    let read = log.read_for(peer(1), Cursor::ZERO, ReadLimits::default());
    assert!(read.await.is_err(), "R2: after a restart");
    assert_eq!(log.verdicts().await, [], "R2: no sign of anything");
}

/// The cursor for a snapshot of the records: a reader continues from it, and acknowledges it.
pub async fn beside_records_a_snapshot_is_read_on_from<H: Harness>() {
    let (rig, log) = beside_records::<H>().await;
    let begin = log.floor_cursor().await.unwrap();
    let mark = Mark {
        hlc: settled(),
        tag: Tag::ZERO,
    };
    assert_eq!((begin.hlc(), begin.tag()), (mark.hlc, mark.tag), "R2");
    assert_eq!(begin.log_id(), log.identity().log_id, "R2");
    assert_eq!(log.head_cursor().await.unwrap(), begin, "R2");
    assert!(log.page(peer(1), begin).await.entries.is_empty(), "R2");
    let acked = log.acknowledge(Ack::new(peer(1), begin)).await.unwrap();
    assert_eq!(acked, AckOutcome::Advanced, "R2");
    let stamps = log.record_one_by_one(2).await;
    let log = rig.reopen(log).await;
    let page = log.page(peer(1), begin).await;
    let read: Vec<Hlc> = page.entries.iter().map(|entry| entry.hlc).collect();
    assert_eq!(read, stamps, "R2");
    arrival(log.identity().device_id, begin, &page).expect("R4: the chain begins at the floor");
    log.acknowledge(Ack::new(peer(1), page.next)).await.unwrap();
    assert_eq!(log.prune_acked().await.unwrap(), 2, "R2");
}

/// An earlier log of this device may have given the stamp to an entry that readers have.
pub async fn an_append_from_before_the_log_was_made_is_refused<H: Harness>() {
    for birth in BIRTHS {
        let rig = Rig::<H>::born(birth).await;
        let mut log = rig.open().await;
        for number in 0..2 {
            for hlc in [just_below(settled()), settled()] {
                let below = || LogError::BelowFloor {
                    hlc,
                    floor: settled(),
                };
                log.refuses("A1", below(), log.append(entry(hlc, 7))).await;
                let batch = grouped(vec![entry(hlc, 7), entry(own_after(hlc, 9_000), 8)]);
                log.refuses("A1", below(), log.append_many(batch)).await;
            }
            log = rig.reopen(log).await;
            log.record(change(number)).await.unwrap();
        }
        let tick = log.tick().await.unwrap();
        assert_eq!(log.append(entry(tick, 9)).await.unwrap(), tick, "A1");
    }
}

/// Stamps up to the one at which the log was settled may be of an earlier log of this device. Above
/// it the log knows its own stamps.
pub async fn own_stamps_from_before_the_log_was_made_are_no_sign<H: Harness>() {
    for birth in BIRTHS {
        let rig = Rig::<H>::born(birth).await;
        let log = rig.open().await;
        let first = log.record(change(0)).await.unwrap();
        let log = rig.reopen(log).await;
        let before = [just_below(settled()), settled(), first];
        assert_eq!(log.observe_all(&before).await.unwrap(), Some(first), "H7");
        assert_eq!(log.verdicts().await, [], "H7");
    }
}
