//! The writing task: shared commits, refusals, cancelled calls, and closing.

use std::ops::Range;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use sync_log_sqlite::{Hlc, LogError, SharedChangeEntry, StoreFault, SyncDb, WallClock};
use tokio::task::JoinHandle;

use crate::common::{self, DEVICE, LIBRARY, PEER, change, folder, fresh, open, raw};

/// Transactions in the write-ahead log: frames that end one hold the number of
/// pages of the database, see <https://www.sqlite.org/fileformat2.html#the_write_ahead_log>.
fn commits(data_dir: &Path) -> usize {
    let wal = std::fs::read(data_dir.join("sync.db-wal")).expect("there is a WAL");
    let header = &wal[..32];
    let page = u32::from_be_bytes(header[8..12].try_into().expect("four bytes")) as usize;
    wal[32..]
        .chunks_exact(24 + page)
        .take_while(|frame| frame[8..16] == header[16..24])
        .filter(|frame| frame[4..8] != [0; 4])
        .count()
}

/// Holds the write lock while `queue` puts jobs into the queue, so that they
/// are all there when the writing task gets it.
async fn behind_the_lock<T>(data_dir: &Path, queue: impl AsyncFnOnce() -> T) -> T {
    let other = raw(data_dir);
    other.execute_batch("BEGIN IMMEDIATE").expect("it is free");
    let queued = queue().await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    other.execute_batch("ROLLBACK").expect("it is held");
    queued
}

/// Records a change in a task of its own, once for each number.
fn recording(log: &SyncDb, records: Range<u128>) -> Vec<JoinHandle<Result<Hlc, LogError>>> {
    let task = |record| {
        let log = log.clone();
        tokio::spawn(async move { log.record(change(record)).await })
    };
    records.map(task).collect()
}

#[tokio::test]
async fn appends_that_wait_together_share_a_commit() {
    let (folder, log) = fresh().await;
    log.record(change(0)).await.unwrap();
    let before = commits(folder.path());
    let appends = behind_the_lock(folder.path(), async || {
        let appends = recording(&log, 0..200);
        tokio::task::yield_now().await;
        appends
    });
    let mut stamps = Vec::new();
    for append in appends.await {
        stamps.push(append.await.unwrap().unwrap());
    }
    let made = commits(folder.path()) - before;
    assert!(made <= 3, "{made} commits for 200 appends");
    assert!(stamps.is_sorted(), "in the order in which they were queued");
    assert_eq!(log.get_since(None, 1000).await.unwrap().len(), 201);
}

#[tokio::test]
async fn callers_beyond_the_queue_wait_and_nothing_is_dropped() {
    let (folder, log) = fresh().await;
    let appends = behind_the_lock(folder.path(), async || {
        let appends = recording(&log, 0..1000);
        tokio::task::yield_now().await;
        appends
    });
    for append in appends.await {
        append.await.unwrap().unwrap();
    }
    assert_eq!(log.get_since(None, 5000).await.unwrap().len(), 1000);
}

#[tokio::test]
async fn a_refused_entry_leaves_no_trace_and_does_not_touch_its_neighbours() {
    let (folder, log) = fresh().await;
    let late = log.tick().await.unwrap();
    let first = log.record(change(1)).await.unwrap();
    let (before, refused, after) = behind_the_lock(folder.path(), async || {
        let record = |record| {
            let log = log.clone();
            tokio::spawn(async move { log.record(change(record)).await })
        };
        let before = record(2);
        let refused = {
            let (log, late) = (log.clone(), change(666).stamped(late));
            tokio::spawn(async move { log.append(late).await })
        };
        let after = record(3);
        tokio::task::yield_now().await;
        (before, refused, after)
    })
    .await;
    let before = before.await.unwrap().unwrap();
    let after = after.await.unwrap().unwrap();
    let refused = refused.await.unwrap().unwrap_err();
    assert!(
        matches!(refused, LogError::Overtaken { hlc, head } if hlc == late && head >= first),
        "{refused:?}"
    );
    let stamps: Vec<_> = stamps(&log).await;
    assert_eq!(stamps, [first, before, after]);
}

#[tokio::test]
async fn a_job_that_the_storage_refuses_does_not_take_its_neighbours_along() {
    let (folder, log) = fresh().await;
    let clash = log.tick().await.unwrap();
    // Another program took the place: the insert itself fails.
    raw(folder.path())
        .execute(
            "INSERT INTO shared_changes VALUES (?1, 'tag', ?2, 'insert', '{}', '')",
            [clash.to_string(), PEER.to_string()],
        )
        .unwrap();
    let (clashing, others) = behind_the_lock(folder.path(), async || {
        let clashing = {
            let (log, entry) = (log.clone(), change(666).stamped(clash));
            tokio::spawn(async move { log.append(entry).await })
        };
        let others = recording(&log, 0..20);
        tokio::task::yield_now().await;
        (clashing, others)
    })
    .await;
    let error = clashing.await.unwrap().unwrap_err();
    assert!(matches!(error, LogError::Store(_)), "{error:?}");
    let mut recorded = Vec::new();
    for other in others {
        recorded.push(other.await.unwrap().unwrap());
    }
    // Nothing is served past the other program's row.
    let read = log.get_since(None, usize::MAX).await;
    assert!(matches!(read, Err(LogError::Altered(_))), "{read:?}");
    let mut stored = common::stamps(&raw(folder.path()));
    stored.retain(|stamp| *stamp != clash.to_string());
    let recorded: Vec<_> = recorded.iter().map(Hlc::to_string).collect();
    assert_eq!(stored, recorded);
}

#[tokio::test]
async fn a_job_sees_what_those_before_it_in_the_same_commit_did() {
    let (folder, log) = fresh().await;
    let entry = change(1).stamped(log.tick().await.unwrap());
    let acked = entry.hlc;
    let (appended, again, acked, pruned) = behind_the_lock(folder.path(), async || {
        let (one, two, three, four) = (log.clone(), log.clone(), log.clone(), log.clone());
        let same = entry.clone();
        let tasks = (
            tokio::spawn(async move { one.append(entry).await }),
            tokio::spawn(async move { two.append(same).await }),
            tokio::spawn(async move { three.record_ack(PEER, acked).await }),
            tokio::spawn(async move { four.prune_acked().await }),
        );
        tokio::task::yield_now().await;
        tasks
    })
    .await;
    appended.await.unwrap().unwrap();
    again.await.unwrap().expect("the retry of the same entry");
    acked.await.unwrap().expect("the ack names an entry");
    assert_eq!(pruned.await.unwrap().unwrap(), 1);
    assert_eq!(log.floor().await.unwrap(), log.head().await.unwrap());
}

#[tokio::test]
async fn a_batch_larger_than_one_statement_is_still_all_or_nothing() {
    let (folder, log) = fresh().await;
    let changes: Vec<_> = (0..12_345).map(change).collect();
    let before = log.record(change(0)).await.unwrap();
    let stamps = log.record_each(changes).await.unwrap();
    assert_eq!(log.get_since(None, usize::MAX).await.unwrap().len(), 12_346);
    // A batch in which the last entry clashes with a row of another program.
    let batch = batch(&log, 2000).await;
    raw(folder.path())
        .execute(
            "INSERT INTO shared_changes VALUES (?1, 'tag', ?2, 'insert', '{}', '')",
            [batch[1999].hlc.to_string(), PEER.to_string()],
        )
        .unwrap();
    log.append_many(batch).await.unwrap_err();
    assert!(before < stamps[0]);
    assert_eq!(log.head().await.unwrap(), stamps[12_344]);
    assert_eq!(common::stamps(&raw(folder.path())).len(), 12_346 + 1);
    log.record(change(1)).await.unwrap();
}

/// A batch of entries that are stamped and not appended yet.
async fn batch(log: &SyncDb, count: u128) -> Vec<SharedChangeEntry> {
    let first = log.tick().await.unwrap();
    (0..count)
        .map(|position| {
            let counter = first.counter + u64::try_from(position).unwrap();
            change(position).stamped(Hlc::new(first.timestamp, counter, first.device_id))
        })
        .collect()
}

async fn stamps(log: &SyncDb) -> Vec<Hlc> {
    let entries = log.get_since(None, usize::MAX).await.unwrap();
    entries.into_iter().map(|entry| entry.hlc).collect()
}

#[tokio::test]
async fn an_append_that_is_dropped_after_any_number_of_polls_is_whole_or_absent() {
    let (_folder, log) = fresh().await;
    let mut outcomes = (0, 0);
    for polls in 0..40 {
        let batch = batch(&log, 3).await;
        let head = log.head().await.unwrap();
        {
            let mut append = pin!(log.append_many(batch.clone()));
            let mut context = Context::from_waker(Waker::noop());
            for poll in 0..polls {
                if append.as_mut().poll(&mut context).is_ready() {
                    break;
                }
                // At first the writing task takes one step at a time, so that it
                // also decides a job that nobody waits for any more.
                if poll < 20 {
                    tokio::task::yield_now().await;
                } else {
                    tokio::time::sleep(Duration::from_micros(30)).await;
                }
            }
        }
        // Whatever was under way is over once a later job is.
        log.observe_all(&[Hlc::new(1, 0, PEER)]).await.unwrap();
        let written = log.get_since(Some(head), 10).await.unwrap();
        match written.as_slice() {
            [] => outcomes.0 += 1,
            all => {
                outcomes.1 += 1;
                assert_eq!(all, batch, "after {polls} polls");
            }
        }
        // The caller does not know which; a retry is right in both cases.
        log.append_many(batch.clone()).await.unwrap();
        assert_eq!(log.get_since(Some(head), 10).await.unwrap(), batch);
    }
    assert!(outcomes.0 > 0 && outcomes.1 > 0, "{outcomes:?}");
}

#[tokio::test]
async fn a_read_that_is_dropped_after_any_number_of_polls_leaves_the_readers_usable() {
    let (_folder, log) = fresh().await;
    log.record_many((0..500).map(change).collect())
        .await
        .unwrap();
    for polls in 0..60 {
        {
            let mut read = pin!(log.get_since(None, 1000));
            let mut context = Context::from_waker(Waker::noop());
            for _ in 0..polls {
                if let Poll::Ready(read) = read.as_mut().poll(&mut context) {
                    assert!(read.unwrap().len() >= 500);
                    break;
                }
                tokio::time::sleep(Duration::from_micros(30)).await;
            }
        }
        log.record(change(polls)).await.unwrap();
        log.declare_solo().await.unwrap();
        assert_eq!(
            log.head().await.unwrap(),
            *stamps(&log).await.last().unwrap(),
            "no reader is stuck in an old state"
        );
    }
    log.close().await.unwrap();
}

fn is_closed<T: std::fmt::Debug>(outcome: &Result<T, LogError>) -> bool {
    matches!(outcome, Err(LogError::Store(error)) if error.fault() == StoreFault::Closed)
}

#[tokio::test]
async fn close_finishes_what_was_accepted_and_refuses_what_comes_later() {
    for memory in [false, true] {
        let folder = folder();
        let log = if memory {
            SyncDb::open_in_memory(LIBRARY, DEVICE).await.unwrap()
        } else {
            open(folder.path()).await
        };
        let other = log.clone();
        let appends = recording(&log, 0..50);
        tokio::task::yield_now().await;
        log.close().await.unwrap();
        for append in appends {
            append.await.unwrap().expect("it was queued before");
        }
        for handle in [&log, &other] {
            assert!(is_closed(&handle.record(change(1)).await));
            assert!(is_closed(&handle.head().await));
            assert!(is_closed(&handle.get_since(None, 1).await));
            assert!(is_closed(&handle.explain().await));
            assert!(is_closed(&handle.prune_acked().await));
            handle.close().await.expect("closing again is fine");
        }
        if !memory {
            assert_eq!(common::stamps(&raw(folder.path())).len(), 50);
        }
    }
}

#[tokio::test]
async fn a_second_close_waits_for_the_drain_too() {
    let (folder, log) = fresh().await;
    let (append, first, second) = behind_the_lock(folder.path(), async || {
        let append = {
            let log = log.clone();
            tokio::spawn(async move { log.record(change(1)).await })
        };
        let close = || {
            let log = log.clone();
            tokio::spawn(async move { log.close().await })
        };
        // The writing task finds the first call together with the append; the
        // second comes when it has stopped listening already.
        let first = close();
        tokio::time::sleep(Duration::from_millis(100)).await;
        let second = close();
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(!first.is_finished() && !second.is_finished());
        (append, first, second)
    })
    .await;
    append.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
    assert_eq!(common::contents(folder.path()).len(), 1, "all is closed");
    first.await.unwrap().unwrap();
}

#[tokio::test]
async fn calls_that_change_nothing_write_nothing() {
    let (folder, log) = fresh().await;
    log.register_peer(PEER).await.unwrap();
    let entry = change(1).stamped(log.tick().await.unwrap());
    log.append(entry.clone()).await.unwrap();
    log.record_ack(PEER, entry.hlc).await.unwrap();
    log.prune_acked().await.unwrap();
    let before = commits(folder.path());
    log.register_peer(PEER).await.unwrap();
    log.record_ack(PEER, entry.hlc).await.unwrap();
    log.prune_acked().await.unwrap();
    log.observe_all(&[Hlc::new(1, 0, PEER)]).await.unwrap();
    log.append(entry).await.unwrap_err();
    log.record_many(Vec::new()).await.unwrap();
    log.explain().await.unwrap();
    assert_eq!(commits(folder.path()), before);
}

#[tokio::test]
async fn the_file_shrinks_after_a_prune() {
    let (folder, log) = fresh().await;
    log.declare_solo().await.unwrap();
    let long = serde_json::json!("x".repeat(10_000));
    for _ in 0..5 {
        let changes = (0..200).map(|record| common::change_with(record, long.clone()));
        log.record_many(changes.collect()).await.unwrap();
    }
    log.close().await.unwrap();
    let length = || {
        std::fs::metadata(common::file_in(folder.path()))
            .unwrap()
            .len()
    };
    let full = length();
    let reopened = open(folder.path()).await;
    while reopened.prune_acked().await.unwrap() > 0 {}
    reopened.close().await.unwrap();
    assert!(length() < full / 4, "{} of {full} bytes", length());
}

/// A clock that panics takes neither the writing thread along nor a watch.
#[tokio::test]
async fn a_watch_goes_on_after_a_clock_that_panicked() {
    struct Breaking(AtomicBool);
    impl WallClock for Breaking {
        fn now_ms(&self) -> i64 {
            assert!(!self.0.load(Ordering::Relaxed), "the clock is broken");
            1_700_000_000_000
        }
    }
    let folder = folder();
    let clock = Arc::new(Breaking(AtomicBool::new(false)));
    let options = SyncDb::options().wall_clock(Arc::clone(&clock));
    let log = options.open(LIBRARY, DEVICE, folder.path()).await.unwrap();
    let head = log.record(change(1)).await.unwrap();
    clock.0.store(true, Ordering::Relaxed);
    log.record(change(2)).await.unwrap_err();
    clock.0.store(false, Ordering::Relaxed);
    let mut watch = log.watch(head);
    let next = log.record(change(3)).await.unwrap();
    let moved = tokio::time::timeout(Duration::from_secs(10), watch.changed()).await;
    assert_eq!(moved.unwrap().unwrap(), next, "R3");
}
