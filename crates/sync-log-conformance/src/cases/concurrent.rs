//! Many calls at once, in one process and as in two: in order, with no entry lost or doubled.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sync_log_core::{Ack, Cursor, Hlc, LogStore, ReadLimits, ReadRequest, Uuid};
use tokio::task::{JoinHandle, yield_now};

use crate::harness::Harness;
use crate::rig::{Log, Rig};
use crate::runtime::give_way;
use crate::sample::{change, peer};

const WRITERS: usize = 4;
const RECORDS_EACH: usize = 25;

/// Starts tasks that record one by one, in turn on each of `logs`.
fn start_writers(logs: &[Log]) -> Vec<JoinHandle<Vec<Hlc>>> {
    let write = |log: Log| async move {
        let mut stamps = Vec::new();
        for number in 0..RECORDS_EACH {
            stamps.push(log.record(change(number)).await.unwrap());
            yield_now().await;
        }
        stamps
    };
    (0..WRITERS)
        .map(|number| tokio::spawn(write(logs[number % logs.len()].clone())))
        .collect()
}

async fn join_sorted(writers: Vec<JoinHandle<Vec<Hlc>>>) -> Vec<Hlc> {
    let mut stamps = Vec::new();
    for writer in writers {
        let own = writer.await.unwrap();
        assert!(own.is_sorted_by(|a, b| a < b), "A1: in its own order");
        stamps.extend(own);
    }
    stamps.sort();
    stamps
}

/// Two handles, as two processes would have them: every stamp once, and the
/// log in their order.
pub async fn writers_on_two_handles_never_share_a_stamp<H: Harness>(rig: Rig<H>) {
    let logs = [rig.open().await, rig.open().await];
    let stamps = join_sorted(start_writers(&logs)).await;
    assert_eq!(stamps.len(), WRITERS * RECORDS_EACH);
    assert!(stamps.is_sorted_by(|a, b| a < b), "A1: unique");
    assert_eq!(rig.storage.retained().await, stamps, "A1: all there");
}

/// Ticks are unique over two handles, too.
pub async fn ticks_on_two_handles_are_unique<H: Harness>(rig: Rig<H>) {
    let logs = [rig.open().await, rig.open().await];
    let ticking: Vec<_> = logs
        .into_iter()
        .map(|log| {
            tokio::spawn(async move {
                let mut ticks = Vec::new();
                for _ in 0..RECORDS_EACH {
                    ticks.push(log.tick().await.unwrap());
                    yield_now().await;
                }
                ticks
            })
        })
        .collect();
    let ticks = join_sorted(ticking).await;
    assert!(ticks.is_sorted_by(|a, b| a < b), "A1: unique");
}

/// Reads from zero to the end as a peer does: read, apply, acknowledge.
async fn pull(log: Log, peer: Uuid, until: usize, limits: ReadLimits) -> Vec<Hlc> {
    let (mut applied, mut cursor) = (Vec::new(), Cursor::ZERO);
    while applied.len() < until {
        let page = log.read_for(peer, cursor, limits).await.unwrap();
        let stamps: Vec<Hlc> = page.entries.iter().map(|entry| entry.hlc).collect();
        if page.entries.len() < limits.max_entries {
            // Entries, head and floor are of one state.
            assert_eq!(page.next.hlc(), page.head, "R1: a short page is the end");
        }
        assert!(page.floor <= cursor.hlc(), "P1: nothing went unread");
        applied.extend(stamps);
        cursor = page.next;
        log.acknowledge(Ack::new(peer, cursor)).await.unwrap();
        yield_now().await;
    }
    applied
}

/// Writers, acknowledging readers and pruners work on two handles: each reader gets
/// every entry once, in order, and at the end the log is empty.
pub async fn readers_see_every_entry_once_while_it_is_pruned<H: Harness>(rig: Rig<H>) {
    let logs = [rig.open().await, rig.open().await];
    logs[0].register_peers(3).await;
    let total = WRITERS * RECORDS_EACH;
    let writers = start_writers(&logs);
    let readers: Vec<_> = [(1, 1), (2, 7), (3, 1000)]
        .into_iter()
        .map(|(number, size)| {
            let log = logs[number % 2].clone();
            let limits = ReadLimits::entries(size);
            tokio::spawn(pull(log, peer(number as u128), total, limits))
        })
        .collect();
    let done = Arc::new(AtomicBool::new(false));
    let pruner = tokio::spawn(prune_until(logs[1].clone(), Arc::clone(&done)));

    let stamps = join_sorted(writers).await;
    for reader in readers {
        assert_eq!(reader.await.unwrap(), stamps, "R1: once, in order");
    }
    done.store(true, Ordering::SeqCst);
    pruner.await.unwrap();
    logs[0].prune_acked().await.unwrap();
    assert_eq!(rig.storage.retained().await, [], "P1: everybody has all");
    assert_eq!(logs[0].floor().await.unwrap(), *stamps.last().unwrap());
}

async fn prune_until(log: Log, done: Arc<AtomicBool>) {
    while !done.load(Ordering::SeqCst) {
        log.prune_acked().await.unwrap();
        yield_now().await;
    }
}

/// Batches of three are written and pruned: every look shows whole batches, and a
/// head, a floor and acks that fit the entries.
pub async fn every_read_shows_one_committed_state<H: Harness>(rig: Rig<H>) {
    let log = rig.open_with_peers(1).await;
    let done = Arc::new(AtomicBool::new(false));
    let looking: Vec<_> = [log.clone(), rig.open().await]
        .into_iter()
        .map(|log| tokio::spawn(look_until(log, Arc::clone(&done))))
        .collect();
    for round in 0..60 {
        let stamps = log.record_group(3).await;
        yield_now().await;
        if round % 3 == 2 {
            log.on_ack(peer(1), stamps[2]).await.unwrap();
            yield_now().await;
        }
    }
    done.store(true, Ordering::SeqCst);
    for task in looking {
        task.await.unwrap();
    }
}

async fn look_until(log: Log, done: Arc<AtomicBool>) {
    let store = log.store();
    while !done.load(Ordering::SeqCst) {
        look_at_a_page(&*store).await;
        yield_now().await;
        look_at_a_survey(&*store).await;
        yield_now().await;
    }
}

/// The same, with an ack and a prune at every turn of a look, and a batch after
/// them or not.
pub async fn a_look_that_others_interrupt_shows_one_committed_state<H: Harness>() {
    for (times, batches) in (0..20).flat_map(|times| [(times, 0), (times, 1)]) {
        let rig = Rig::<H>::new().await;
        let (log, rival) = (rig.open().await, rig.open().await);
        rival.register_peer(peer(1)).await.unwrap();
        let last = rival.record_group(3).await[2];
        let store = log.store();
        let looking = async {
            look_at_a_page(&*store).await;
            look_at_a_survey(&*store).await;
        };
        let interrupting = async {
            give_way(times).await;
            rival.on_ack(peer(1), last).await.unwrap();
            for _ in 0..batches {
                rival.record_group(3).await;
            }
        };
        tokio::join!(biased; looking, interrupting);
    }
}

async fn look_at_a_page(store: &dyn LogStore) {
    let everything = ReadRequest {
        after: Hlc::ZERO,
        max_entries: 1000,
        max_bytes: usize::MAX,
        peer: Some(peer(1).into()),
    };
    let view = store.read(everything).await.unwrap();
    let (state, entries) = (view.state, view.entries);
    assert_eq!(entries.len() % 3, 0, "R1: whole batches");
    let end = entries
        .last()
        .map_or(state.floor.hlc, |last| last.entry.hlc);
    assert_eq!(end, state.head.hlc, "R1: the head is the last entry");
    let above = entries
        .first()
        .is_none_or(|e| e.entry.hlc > state.floor.hlc);
    assert!(above, "R1: the floor is below the first entry");
    let row = view.peer.unwrap().judge(&state).unwrap();
    assert!(row.acked >= state.floor.hlc, "R1: nothing went unacked");
}

async fn look_at_a_survey(store: &dyn LogStore) {
    let survey = store.survey(|state, _| vec![Hlc::ZERO, state.head.hlc]);
    let survey = survey.await.unwrap();
    assert_eq!(survey.extents[0].entries % 3, 0, "R1: whole batches");
    assert_eq!(survey.extents[1].entries, 0, "R1: none above the head");
    let is_empty = survey.state.floor.hlc == survey.state.head.hlc;
    assert_eq!(
        survey.extents[0].entries == 0,
        is_empty,
        "R1: all of a state"
    );
    let row = survey.peers[0].judge(&survey.state).unwrap();
    assert!(row.acked >= survey.state.floor.hlc, "R1: nothing unacked");
}

/// Peers register while another acknowledges and prunes: from the moment that
/// a registration is `Ok`, the floor stands still.
pub async fn the_floor_stands_still_once_a_registration_is_ok<H: Harness>(rig: Rig<H>) {
    let logs = [rig.open().await, rig.open().await];
    logs[0].register_peer(peer(1)).await.unwrap();
    let acking = {
        let log = logs[0].clone();
        tokio::spawn(async move {
            for number in 0..40 {
                let hlc = log.record(change(number)).await.unwrap();
                log.on_ack(peer(1), hlc).await.unwrap();
                yield_now().await;
            }
        })
    };
    while logs[1].floor().await.unwrap().is_zero() {
        yield_now().await;
    }
    logs[1].register_peer(peer(2)).await.unwrap();
    let floor = logs[1].floor().await.unwrap();
    acking.await.unwrap();
    assert_eq!(logs[1].floor().await.unwrap(), floor, "P4");
    let snapshot = logs[1].snapshot().await;
    assert!(
        snapshot.stamps().iter().all(|stamp| *stamp > floor),
        "P3: what is left is above the floor"
    );
}

/// Good and bad calls run at once: a refusal leaves no trace and affects no other
/// call, even where several share one commit.
pub async fn refusals_do_not_touch_their_neighbours<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    let mut stamps = log.record_one_by_one(2).await;
    let old = stamps[0];
    let calls: Vec<_> = (0..40)
        .map(|number| {
            let log = log.clone();
            tokio::spawn(async move {
                match number % 4 {
                    0 => Some(log.record(change(number)).await.unwrap()),
                    1 => {
                        let late = change(number).stamped(old);
                        log.append(late).await.unwrap_err();
                        None
                    }
                    2 => {
                        let peer = peer(number as u128);
                        log.retire(peer).await.unwrap_err();
                        None
                    }
                    _ => {
                        log.tick().await.unwrap();
                        None
                    }
                }
            })
        })
        .collect();
    for call in calls {
        stamps.extend(call.await.unwrap());
    }
    stamps.sort();
    let snapshot = log.snapshot().await;
    assert_eq!(snapshot.stamps(), stamps, "A2");
    assert_eq!(snapshot.peers, [], "A2: no trace of a refusal");
    assert_eq!(snapshot.state.head.hlc, *stamps.last().unwrap(), "A1");
}
