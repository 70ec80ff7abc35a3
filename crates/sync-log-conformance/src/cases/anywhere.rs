//! Races that must be safe wherever they fall: another handle acts before the
//! first step of a call, before the second, and so on until there are no more;
//! or while a step of the store is under way.
//!
//! How many steps a call makes is core's business, and how often the store lets
//! others act meanwhile is the store's. These cases do not rely on it.

use std::sync::{Arc, Mutex};

use sync_log_core::{Hlc, LogError, ReadLimits};

use crate::harness::Harness;
use crate::interpose::Interposed;
use crate::rig::{Log, Rig};
use crate::runtime::give_way;
use crate::sample::{DEVICE, LIBRARY, change, peer};

/// No call makes so many steps.
const STEPS_MAX: usize = 20;

/// A log in front of whose steps something can be put.
async fn raced<H: Harness>(rig: &Rig<H>) -> (Arc<Interposed>, Log) {
    let raced = Interposed::new(rig.storage.open(LIBRARY, DEVICE).await.unwrap());
    let log = Log::on(raced.clone(), rig.options()).await;
    (raced, log)
}

/// Four entries, three of which peer 1 has, and another handle.
async fn set_up<H: Harness>(rig: &Rig<H>) -> (Log, Vec<Hlc>) {
    let rival = rig.open().await;
    rival.register_peer(peer(1)).await.unwrap();
    let stamps = rival.record_one_by_one(4).await;
    rival.record_ack(peer(1), stamps[2]).await.unwrap();
    (rival, stamps)
}

/// From the moment that a registration is committed, a prune that is under way
/// deletes nothing more.
pub async fn a_registration_at_any_step_of_a_prune_counts<H: Harness>() {
    for steps in 0..STEPS_MAX {
        let rig = Rig::<H>::new().await;
        let (rival, _) = set_up(&rig).await;
        let (raced, log) = raced(&rig).await;
        let at_registration = Arc::new(Mutex::new(None));
        let (seen, registering) = (Arc::clone(&at_registration), rival.clone());
        raced.after_calls(steps, async move {
            registering.register_peer(peer(2)).await.unwrap();
            let stamps = registering.snapshot().await.stamps();
            *seen.lock().unwrap() = Some(stamps);
        });
        log.prune_acked().await.unwrap();
        let Some(expected) = at_registration.lock().unwrap().take() else {
            assert!(steps > 0, "P4: the race never came");
            return;
        };
        let left = rig.storage.retained().await;
        assert_eq!(left, expected, "P4: registered after {steps} steps");
    }
    panic!("P4: a prune makes more than {STEPS_MAX} steps");
}

/// The same, while the store is at work on the prune.
pub async fn a_registration_while_a_prune_is_under_way_counts<H: Harness>() {
    for times in 0..STEPS_MAX {
        let rig = Rig::<H>::new().await;
        let (rival, _) = set_up(&rig).await;
        let log = rig.open().await;
        let registering = async {
            give_way(times).await;
            rival.register_peer(peer(2)).await.unwrap();
            rig.storage.retained().await
        };
        // In this order at every turn, or every other turn would be left out.
        let (pruned, expected) = tokio::join!(biased; log.prune_acked(), registering);
        pruned.unwrap();
        let left = rig.storage.retained().await;
        assert_eq!(left, expected, "P4: registered after {times} turns");
    }
}

/// Two handles record at once: no stamp comes twice, the head is the higher one,
/// and a reader that has read one never finds the other below it.
pub async fn a_record_while_a_record_is_under_way_keeps_the_order<H: Harness>() {
    for times in 0..STEPS_MAX {
        let rig = Rig::<H>::new().await;
        let (rival, stamps) = set_up(&rig).await;
        let log = rig.open().await;
        let recording = async {
            give_way(times).await;
            rival.record(change(8)).await.unwrap();
            rig.storage.retained().await
        };
        let (stamp, seen) = tokio::join!(biased; log.record(change(9)), recording);
        let stamp = stamp.unwrap();
        let newest = *seen.last().unwrap();
        assert!(
            seen.contains(&stamp) || stamp > newest,
            "A1: {stamp} came in below {newest} after {times} turns"
        );
        let snapshot = rival.snapshot().await;
        assert_eq!(snapshot.entries.len(), stamps.len() + 2, "A1: none lost");
        let head = snapshot.stamps().last().copied();
        assert_eq!(
            head,
            Some(snapshot.state.head.hlc),
            "A1: the head is the last"
        );
    }
}

/// Another writer gets in at any step of a record: stamps ascend as committed.
pub async fn a_write_at_any_step_of_a_record_keeps_the_order<H: Harness>() {
    for steps in 0..STEPS_MAX {
        let rig = Rig::<H>::new().await;
        let (rival, _) = set_up(&rig).await;
        let (raced, log) = raced(&rig).await;
        let writing = rival.clone();
        raced.after_calls(steps, async move {
            writing.record_group(3).await;
        });
        let before = rival.head().await.unwrap();
        let stamp = log.record(change(9)).await.unwrap();
        let came = raced.is_done();
        let stamps = rival.snapshot().await.stamps();
        assert!(stamp > before, "A1: above the head");
        assert_eq!(stamps.len(), if came { 8 } else { 5 }, "A1: none lost");
        assert_eq!(stamps.last(), Some(&stamp), "A1: after {steps} steps");
        if !came {
            assert!(steps > 0, "A1: the race never came");
            return;
        }
    }
    panic!("A1: a record makes more than {STEPS_MAX} steps");
}

/// A prune gets in at any step of a read that begins below the own ack: the
/// peer gets every entry after its cursor, or an error.
pub async fn a_prune_at_any_step_of_a_rewound_read_leaves_no_hole<H: Harness>() {
    for steps in 0..STEPS_MAX {
        let rig = Rig::<H>::new().await;
        let (rival, stamps) = set_up(&rig).await;
        let cursor = rival.cursor_at(stamps[0]).await;
        let (raced, log) = raced(&rig).await;
        let pruning = rival.clone();
        raced.after_calls(steps, async move {
            pruning.prune_acked().await.unwrap();
        });
        let read = log.read_for(peer(1), cursor, ReadLimits::default()).await;
        let came = raced.is_done();
        match read {
            Ok(page) => {
                let got: Vec<Hlc> = page.entries.iter().map(|e| e.hlc).collect();
                assert_eq!(got, stamps[1..], "K2: after {steps} steps");
                // What the peer lacks since its restore is kept from here on.
                rival.prune_acked().await.unwrap();
                assert_eq!(rig.storage.retained().await, stamps[1..], "K2");
            }
            Err(LogError::Compacted { requested, .. }) => {
                assert_eq!(requested, stamps[0], "R2: after {steps} steps");
            }
            Err(other) => panic!("R2: {other} after {steps} steps"),
        }
        if !came {
            assert!(steps > 0, "K2: the race never came");
            return;
        }
    }
    panic!("K2: a read makes more than {STEPS_MAX} steps");
}
