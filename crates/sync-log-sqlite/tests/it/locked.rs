//! Another process holds the lock for longer than a log waits.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use sync_log_sqlite::{Ack, Cursor, ErrorKind, LogError, ReadLimits, StoreFault, SyncDb, Uuid};

use crate::common::{self, DEVICE, LIBRARY, PEER, as_child, change, child, folder, raw, say};

const WAIT: Duration = Duration::from_millis(100);

async fn open(data_dir: &std::path::Path) -> SyncDb {
    let options = SyncDb::options().busy_timeout(WAIT);
    options.open(LIBRARY, DEVICE, data_dir).await.unwrap()
}

fn assert_locked<T: std::fmt::Debug>(outcome: Result<T, LogError>) {
    let error = outcome.expect_err("the lock is held");
    let LogError::Store(store) = &error else {
        panic!("{error:?}");
    };
    assert_eq!(store.fault(), StoreFault::Locked, "{store:?}");
    assert_eq!(error.kind(), ErrorKind::Retry);
    assert!(error.to_string().contains("100 ms"), "{error}");
}

/// A process that takes the write lock and keeps it until it is killed.
fn holder<Test>(test: Test, data_dir: &std::path::Path) -> Child {
    let mut holder = child(test, data_dir).stdin(Stdio::piped()).spawn().unwrap();
    assert_eq!(common::heard(&mut holder).next().unwrap(), "held");
    holder
}

fn hold(data_dir: &std::path::Path) {
    let file = raw(data_dir);
    file.execute_batch("BEGIN IMMEDIATE; DELETE FROM shared_changes")
        .unwrap();
    say("held");
    // The parent never writes: this ends when it is gone, if it is first.
    std::io::stdin().read_line(&mut String::new()).unwrap();
}

#[tokio::test]
async fn every_write_says_that_the_lock_is_held_and_reads_go_on() {
    if let Some(data_dir) = as_child() {
        return hold(&data_dir);
    }
    let folder = folder();
    let log = open(folder.path()).await;
    log.register_peer(PEER).await.unwrap();
    let batch = log.record_many((0..5).map(change).collect()).await;
    let stamps = batch.unwrap();
    let limits = ReadLimits::default();
    let page = log.read_for(PEER, Cursor::ZERO, limits).await.unwrap();
    log.record_ack(PEER, stamps[1]).await.unwrap();
    let late = change(9).stamped(log.tick().await.unwrap());

    let mut holder = holder(
        every_write_says_that_the_lock_is_held_and_reads_go_on,
        folder.path(),
    );
    let began = Instant::now();
    assert_locked(log.record(change(6)).await);
    assert!(began.elapsed() >= WAIT);
    assert_locked(log.record_many((0..5).map(change).collect()).await);
    assert_locked(log.append(late.clone()).await);
    assert_locked(log.acknowledge(Ack::new(PEER, page.next)).await);
    assert_locked(log.prune_acked().await);
    assert_locked(log.register_peer(Uuid::from_u128(0xc0)).await);
    assert_locked(log.retire(PEER).await);
    assert_locked(log.declare_solo().await);
    // This one has to commit a hold before it may answer.
    assert_locked(log.read_for(PEER, Cursor::ZERO, limits).await);
    let read = log.get_since(None, 10).await.unwrap();
    assert_eq!(read, page.entries);
    assert_eq!(log.head().await.unwrap(), stamps[4]);
    assert_eq!(log.explain().await.unwrap().pending_entries, 5);
    let served = log.read_for(PEER, page.next, limits).await.unwrap();
    assert_eq!(served.entries, []);

    holder.kill().unwrap();
    holder.wait().unwrap();
    log.append(late.clone()).await.unwrap();
    log.acknowledge(Ack::new(PEER, page.next)).await.unwrap();
    assert_eq!(log.prune_acked().await.unwrap(), 5);
    assert_eq!(log.get_since(None, 10).await.unwrap(), [late]);
}

#[tokio::test]
async fn a_busy_timeout_of_any_length_is_kept_or_is_as_long_as_can_be() {
    let longest = [Duration::from_millis(u64::MAX), Duration::MAX];
    let shortest = [Duration::ZERO, Duration::from_millis(1)];
    for wait in shortest.into_iter().chain(longest) {
        let folder = folder();
        let options = SyncDb::options().busy_timeout(wait);
        let opened = options.clone().open(LIBRARY, DEVICE, folder.path());
        let log = opened.await.unwrap();
        log.record(change(1)).await.unwrap();
        let second = options.clone().open(LIBRARY, DEVICE, folder.path());
        let second = second.await.unwrap();
        second.record(change(2)).await.unwrap();
        let following = options.clone().open_read_only(folder.path()).await.unwrap();
        for handle in [&log, &second, &following] {
            assert_eq!(handle.get_since(None, 9).await.unwrap().len(), 2);
        }
        if shortest.contains(&wait) {
            let other = raw(folder.path());
            other.execute_batch("BEGIN IMMEDIATE").unwrap();
            let began = Instant::now();
            let refused = log.record(change(3)).await.unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Retry, "{refused:?}");
            assert!(began.elapsed() < Duration::from_secs(4), "{wait:?}");
            other.execute_batch("COMMIT").unwrap();
        }
        for handle in [following, second, log] {
            handle.close().await.unwrap();
        }
    }
}
