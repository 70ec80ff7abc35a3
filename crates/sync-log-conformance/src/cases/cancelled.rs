//! A dropped future leaves the log as after `Ok` or as after `Err` (`A7`).
//!
//! Each case drops one call after 0, 1, 2 … polls, each time on a fresh log,
//! until the call is done before it is dropped. Closing the log waits for
//! whatever is still in flight; what is then found must be one of the states
//! that the uninterrupted call goes through.

use std::future::Future;
use std::pin::Pin;

use sync_log_core::{Ack, Hlc, ReadLimits, SMALLEST_PRUNE_CHUNK_ENTRIES};

use crate::harness::Harness;
use crate::rig::{Log, Rig};
use crate::runtime::dropped_after;
use crate::sample::{DEVICE, START_MS, change, entry, own_after, peer};
use crate::snapshot::Snapshot;

/// Every call that ends is ready within this many polls.
const POLLS_MAX: usize = 1000;

/// One step of a call, on a log that was set up.
type Step = for<'a> fn(&'a Log) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Three entries, peer 1 at the second and peer 2 at zero.
async fn set_up<H: Harness>() -> (Rig<H>, Log) {
    let rig = Rig::<H>::new().await;
    let log = rig.open().await;
    let stamps = log.record_one_by_one(3).await;
    log.register_peers(2).await;
    log.record_ack(peer(1), stamps[1]).await.unwrap();
    (rig, log)
}

/// Drops `call` after every number of polls. `steps` do the same in as many
/// commits as the call may make.
async fn drop_everywhere<H: Harness>(call: Step, steps: &[Step]) {
    let allowed = states::<H>(steps).await;
    for polls in 0..POLLS_MAX {
        let (rig, log) = set_up::<H>().await;
        let answer = dropped_after(polls, call(&log)).await;
        let found = rig.hand_over(log).await.snapshot().await.of_any_file();
        let position = allowed.iter().position(|state| *state == found);
        assert!(
            position.is_some(),
            "A7: dropped after {polls} polls: {found:#?}"
        );
        if answer.is_some() {
            assert_eq!(position, Some(allowed.len() - 1), "A7: `Ok` means done");
            return;
        }
    }
    panic!("A7: the call is not done after {POLLS_MAX} polls");
}

/// The states that `steps` go through, the one before them first.
async fn states<H: Harness>(steps: &[Step]) -> Vec<Snapshot> {
    let (_rig, log) = set_up::<H>().await;
    let mut states = vec![log.snapshot().await.of_any_file()];
    for step in steps {
        step(&log).await;
        states.push(log.snapshot().await.of_any_file());
    }
    states
}

fn stamp(ahead_ms: u64) -> Hlc {
    own_after(Hlc::new(START_MS.cast_unsigned(), 0, DEVICE), ahead_ms)
}

macro_rules! step {
    ($log:ident => $call:expr) => {
        |$log: &Log| {
            Box::pin(async move {
                let _ = $call.await.unwrap();
            })
        }
    };
}

/// Drops one call, wherever.
async fn drop_alone<H: Harness>(call: Step) {
    drop_everywhere::<H>(call, &[call]).await;
}

/// `record`.
pub async fn a_dropped_record_is_there_or_not<H: Harness>() {
    drop_alone::<H>(step!(log => log.record(change(7)))).await;
}

/// `record_many`.
pub async fn a_dropped_batch_is_there_as_a_whole_or_not<H: Harness>() {
    drop_alone::<H>(step!(log => log.record_many((0..50).map(change).collect()))).await;
}

/// `append` and `append_many`.
pub async fn a_dropped_append_is_there_as_a_whole_or_not<H: Harness>() {
    drop_alone::<H>(step!(log => log.append(entry(stamp(5), 7)))).await;
    drop_alone::<H>(step!(log => log.append_many(
        (1..50).map(|ahead_ms| entry(stamp(ahead_ms), 7)).collect()
    )))
    .await;
}

/// `tick` and `observe_all`.
pub async fn a_dropped_tick_or_observation_is_committed_or_not<H: Harness>() {
    drop_alone::<H>(step!(log => log.tick())).await;
    drop_alone::<H>(step!(log => async {
        let remote = Hlc::new(START_MS.cast_unsigned() + 500, 0, peer(1));
        log.observe_all(&[remote]).await
    }))
    .await;
}

/// `record_ack` and `acknowledge`.
pub async fn a_dropped_ack_is_taken_or_not<H: Harness>() {
    drop_alone::<H>(step!(log => async {
        let head = log.head().await?;
        log.record_ack(peer(2), head).await
    }))
    .await;
    drop_alone::<H>(step!(log => async {
        let cursor = log.head_cursor().await?;
        log.acknowledge(Ack::new(peer(3), cursor)).await
    }))
    .await;
}

/// `register_peer` and `retire`.
pub async fn a_dropped_registration_or_retirement_is_made_or_not<H: Harness>() {
    drop_alone::<H>(step!(log => log.register_peer(peer(3)))).await;
    drop_alone::<H>(step!(log => log.retire(peer(2)))).await;
}

/// `declare_solo`, once no peer is active.
pub async fn a_dropped_declaration_is_made_or_not<H: Harness>() {
    let retire_one: Step = step!(log => log.retire(peer(1)));
    let retire_two: Step = step!(log => log.retire(peer(2)));
    let solo: Step = step!(log => log.declare_solo());
    let all: Step = step!(log => async {
        log.retire(peer(1)).await?;
        log.retire(peer(2)).await?;
        log.declare_solo().await
    });
    drop_everywhere::<H>(all, &[retire_one, retire_two, solo]).await;
}

/// `prune_acked` and `on_ack`: an ack that was taken stays taken.
pub async fn a_dropped_prune_has_deleted_a_whole_chunk_or_nothing<H: Harness>() {
    let ack: Step = step!(log => async {
        let head = log.head().await?;
        log.record_ack(peer(2), head).await
    });
    let prune: Step = step!(log => log.prune_acked());
    let both: Step = step!(log => async {
        let head = log.head().await?;
        log.on_ack(peer(2), head).await
    });
    drop_everywhere::<H>(both, &[ack, prune]).await;
}

/// `prune_acked` over two chunks: after a drop between them, the floor is the last
/// deleted entry, and the next prune continues from there.
pub async fn a_prune_dropped_between_chunks_goes_on_later<H: Harness>() {
    for polls in 0..POLLS_MAX {
        let rig = Rig::<H>::new().await;
        let log = rig.open().await;
        let stamps = log.record_bulk(SMALLEST_PRUNE_CHUNK_ENTRIES + 5).await;
        let last = stamps[stamps.len() - 1];
        log.record_ack(peer(1), last).await.unwrap();
        let answer = dropped_after(polls, log.prune_acked()).await;
        let log = rig.hand_over(log).await;
        let gone = stamps.len() - rig.storage.retained().await.len();
        let whole = [0, SMALLEST_PRUNE_CHUNK_ENTRIES, stamps.len()];
        assert!(whole.contains(&gone), "A7: {gone} are gone");
        let floor = gone
            .checked_sub(1)
            .map_or(Hlc::ZERO, |newest| stamps[newest]);
        assert_eq!(log.floor().await.unwrap(), floor, "P3: after {polls} polls");
        let rest = log.prune_acked().await.unwrap();
        assert_eq!(gone + rest, stamps.len(), "A7: the rest goes later");
        if answer.is_some() {
            return;
        }
    }
    panic!("A7: the prune is not done after {POLLS_MAX} polls");
}

/// `read_for` of a peer that was rewound: it holds, or not.
pub async fn a_dropped_read_of_a_rewound_peer_holds_or_not<H: Harness>() {
    drop_alone::<H>(step!(log => async {
        let first = log.snapshot().await.stamps()[0];
        let cursor = log.cursor_at(first).await;
        log.read_for(peer(1), cursor, ReadLimits::default()).await
    }))
    .await;
}

/// After dropped calls the same handle continues: its next append is above all of
/// them, and none of them is there in part.
pub async fn a_handle_goes_on_after_dropped_calls<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    let mut returned = Vec::new();
    for polls in 0..20 {
        let call = log.record_many(vec![change(0), change(1)]);
        returned.extend(dropped_after(polls, call).await.map(Result::unwrap));
        returned.push(vec![log.record(change(2)).await.unwrap()]);
        // The chain is as it was committed: nothing came in late, below the head.
        log.get_since(None, usize::MAX).await.unwrap();
    }
    let returned: Vec<Hlc> = returned.concat();
    assert!(returned.is_sorted_by(|a, b| a < b), "A1: {returned:?}");
    let log = rig.hand_over(log).await;
    let stamps = log.snapshot().await.stamps();
    assert!(stamps.is_sorted_by(|a, b| a < b), "A1: {stamps:?}");
    let newest = stamps.last().copied();
    assert_eq!(newest, log.head().await.ok(), "A7: nothing came in late");
    assert!(
        returned.iter().all(|stamp| stamps.contains(stamp)),
        "A7: what was answered is there"
    );
    let pairs = log.snapshot().await.entries;
    let half = |n: usize| {
        let data = change(n).data;
        pairs.iter().filter(|entry| entry.data == data).count()
    };
    assert_eq!(half(0), half(1), "A2: no batch is there in part");
}
