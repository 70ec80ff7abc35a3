//! Two processes on one file: one order, nothing lost, nothing slipped past.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Child;
use std::time::Duration;

use sync_log_sqlite::{Ack, Cursor, Hlc, ReadLimits, SyncDb};

use crate::common::{
    self, DEVICE, LIBRARY, PEER, as_child, change, child, folder, fresh, open, say,
};

const APPENDS: u128 = 300;

/// Appends from two tasks, so that commits of several jobs meet those of the
/// other process.
async fn append(data_dir: &Path) {
    let log = open(data_dir).await;
    let tasks: Vec<_> = (0..2)
        .map(|task| {
            let log = log.clone();
            tokio::spawn(async move {
                for record in 0..APPENDS {
                    say(log.record(change(task * APPENDS + record)).await.unwrap());
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    log.close().await.unwrap();
}

fn listen(mut child: Child) -> std::thread::JoinHandle<Vec<Hlc>> {
    std::thread::spawn(move || {
        let stamps = common::parse_stamps(common::heard(&mut child));
        assert!(child.wait().unwrap().success());
        stamps
    })
}

/// Reads the log by cursor until its writers have ended, and acknowledges and prunes each page.
async fn follow(log: &SyncDb, writers: &[std::thread::JoinHandle<Vec<Hlc>>]) -> Vec<Hlc> {
    let mut seen = Vec::new();
    let mut cursor = Cursor::ZERO;
    loop {
        let ended = writers.iter().all(std::thread::JoinHandle::is_finished);
        let page = log.read_for(PEER, cursor, ReadLimits::entries(7));
        let page = page.await.unwrap();
        seen.extend(page.entries.iter().map(|entry| entry.hlc));
        cursor = page.next;
        if !page.entries.is_empty() {
            log.acknowledge(Ack::new(PEER, cursor)).await.unwrap();
            log.prune_acked().await.unwrap();
        }
        if ended && !page.more {
            return seen;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_append_in_one_order_and_no_reader_slips_past_an_entry() {
    if let Some(data_dir) = as_child() {
        return append(&data_dir).await;
    }
    let (folder, log) = fresh().await;
    log.register_peer(PEER).await.unwrap();
    let writers: Vec<_> = (0..2)
        .map(|_| {
            listen(
                child(
                    two_processes_append_in_one_order_and_no_reader_slips_past_an_entry,
                    folder.path(),
                )
                .spawn()
                .unwrap(),
            )
        })
        .collect();
    // This process writes too: three writers, two of them children.
    let own = {
        let log = log.clone();
        tokio::spawn(async move {
            let mut stamps = Vec::new();
            for record in 0..APPENDS {
                stamps.push(log.record(change(record)).await.unwrap());
            }
            stamps
        })
    };
    let mut followed = follow(&log, &writers).await;
    let mut promised = own.await.unwrap();
    followed.extend(
        log.get_since(followed.last().copied(), 10_000)
            .await
            .unwrap()
            .into_iter()
            .map(|entry| entry.hlc),
    );
    for writer in writers {
        let stamps = writer.join().unwrap();
        assert_eq!(stamps.len(), 2 * APPENDS as usize);
        promised.extend(stamps);
    }
    let unique: BTreeSet<Hlc> = promised.iter().copied().collect();
    assert_eq!(unique.len(), promised.len(), "a stamp was issued twice");
    assert_eq!(
        followed,
        unique.into_iter().collect::<Vec<_>>(),
        "the reader saw every entry once, in order"
    );
}

#[tokio::test]
async fn a_second_handle_does_not_take_the_files_locks_away_from_the_first() {
    if let Some(data_dir) = as_child() {
        let log = open(&data_dir).await;
        log.record(change(2)).await.unwrap();
        return log.close().await.unwrap();
    }
    // POSIX drops all locks of a process on a file when it closes any
    // descriptor of it. If opening did that, the child, when it closes, would
    // take itself for the last user, and remove the WAL under the first handle.
    let folder = folder();
    let first = open(folder.path()).await;
    first.record(change(1)).await.unwrap();
    let second = open(folder.path()).await;
    second.close().await.unwrap();
    let ended = child(
        a_second_handle_does_not_take_the_files_locks_away_from_the_first,
        folder.path(),
    )
    .output()
    .unwrap();
    assert!(ended.status.success());
    first.record(change(3)).await.unwrap();
    let log = open(folder.path()).await;
    assert_eq!(log.get_since(None, 10).await.unwrap().len(), 3);
    first.close().await.unwrap();
    log.close().await.unwrap();
    assert_eq!(common::stamps(&common::raw(folder.path())).len(), 3);
}

#[tokio::test]
async fn a_commit_of_another_process_wakes_a_waiting_watch() {
    if let Some(data_dir) = as_child() {
        let log = open(&data_dir).await;
        common::say(log.record(change(1)).await.unwrap());
        return log.close().await.unwrap();
    }
    let folder = folder();
    let log = SyncDb::options()
        .poll_interval(Duration::from_millis(20))
        .open(LIBRARY, DEVICE, folder.path())
        .await
        .unwrap();
    let looking = SyncDb::options()
        .poll_interval(Duration::from_millis(20))
        .open_read_only(folder.path())
        .await
        .unwrap();
    let (mut watch, mut look) = (log.watch(Hlc::ZERO), looking.watch(Hlc::ZERO));
    let mut child = child(
        a_commit_of_another_process_wakes_a_waiting_watch,
        folder.path(),
    )
    .spawn()
    .unwrap();
    let told = tokio::time::timeout(Duration::from_secs(60), watch.changed()).await;
    let seen = tokio::time::timeout(Duration::from_secs(60), look.changed()).await;
    let said = common::parse_stamps(common::heard(&mut child));
    assert!(child.wait().unwrap().success());
    assert_eq!(told.unwrap().unwrap(), said[0]);
    assert_eq!(seen.unwrap().unwrap(), said[0]);
}
