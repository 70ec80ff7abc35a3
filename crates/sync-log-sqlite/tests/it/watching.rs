//! Watches and the threads that serve them.

use std::future::poll_fn;
use std::task::Poll;
use std::time::{Duration, Instant};

use sync_log_sqlite::SyncDb;

use crate::common::{DEVICE, LIBRARY, as_child, change, folder, fresh, open, run_alone};

const LONG: Duration = Duration::from_secs(10);

/// How many threads of logs this process has.
fn threads() -> usize {
    let names = std::fs::read_dir("/proc/self/task").unwrap().map(|task| {
        let name = task.unwrap().path().join("comm");
        std::fs::read_to_string(name).unwrap_or_default()
    });
    names.filter(|name| name.starts_with("sync-log")).count()
}

fn assert_that_all_threads_end() {
    let began = Instant::now();
    while threads() > 0 {
        assert!(began.elapsed() < LONG, "{} threads are left", threads());
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// In a process for itself, because the threads of other tests would be counted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watch_ends_with_its_log_misses_nothing_and_leaves_no_thread() {
    if as_child().is_none() {
        return run_alone(a_watch_ends_with_its_log_misses_nothing_and_leaves_no_thread);
    }
    a_close_ends_what_waits().await;
    one_that_is_not_polled_holds_up_nothing().await;
    every_commit_is_reported().await;
    tokio::task::spawn_blocking(assert_that_all_threads_end)
        .await
        .unwrap();
}

async fn a_close_ends_what_waits() {
    for is_read_only in [false, true] {
        let (folder, log) = fresh().await;
        let at = log.record(change(1)).await.unwrap();
        let looking = if is_read_only {
            // It ends at once, however seldom the handle looks for commits.
            let seldom = SyncDb::options().poll_interval(LONG * 6);
            seldom.open_read_only(folder.path()).await.unwrap()
        } else {
            log.clone()
        };
        let mut watch = looking.watch(at);
        let waits = tokio::spawn(async move { watch.changed().await });
        tokio::time::sleep(Duration::from_millis(20)).await;
        looking.close().await.unwrap();
        let end = tokio::time::timeout(LONG, waits).await;
        end.expect("it ends").unwrap().unwrap_err();
        log.close().await.unwrap();
    }
}

async fn one_that_is_not_polled_holds_up_nothing() {
    let (_folder, log) = fresh().await;
    let at = log.record(change(1)).await.unwrap();
    let mut watch = log.watch(at);
    let mut unpolled = Box::pin(watch.changed());
    let begun = poll_fn(|context| Poll::Ready(unpolled.as_mut().poll(context))).await;
    assert!(begun.is_pending());
    let closed = tokio::time::timeout(LONG, log.close()).await;
    closed.expect("it closes").unwrap();
    let end = tokio::time::timeout(LONG, unpolled).await;
    end.expect("it ends").unwrap_err();
}

async fn every_commit_is_reported() {
    let folder = folder();
    let one = open(folder.path()).await;
    let options = SyncDb::options().poll_interval(Duration::from_millis(10));
    let other = options.open(LIBRARY, DEVICE, folder.path()).await.unwrap();
    for read in [&one, &other] {
        let mut watch = read.watch(one.head().await.unwrap());
        for record in 0..20 {
            let stamp = one.record(change(record)).await.unwrap();
            loop {
                let seen = tokio::time::timeout(LONG, watch.changed()).await;
                if seen.expect("it is woken").unwrap() == stamp {
                    break;
                }
            }
        }
    }
    one.close().await.unwrap();
    other.close().await.unwrap();
}
