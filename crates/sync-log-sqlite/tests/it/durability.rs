//! `A3`: what was `Ok` is there again, however the process ended.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use sync_log_sqlite::Hlc;

use crate::common::{self, as_child, change, child, folder, open, raw, say};

const ROUNDS: u32 = 8;

#[tokio::test]
async fn every_append_that_was_ok_survives_a_kill() {
    if let Some(data_dir) = as_child() {
        return append_until_killed(&data_dir).await;
    }
    let folder = folder();
    let mut promised: BTreeSet<Hlc> = BTreeSet::new();
    for round in 1..=ROUNDS {
        let mut child = child(every_append_that_was_ok_survives_a_kill, folder.path())
            .spawn()
            .unwrap();
        let mut said = common::heard(&mut child);
        // The child speaks once it has appended; then it has a while to go on.
        let first = said.next().expect("the child appends");
        std::thread::sleep(Duration::from_millis(u64::from(10 * round)));
        child.kill().unwrap();
        child.wait().unwrap();
        let heard = common::parse_stamps(std::iter::once(first).chain(said));
        assert!(promised.is_disjoint(&heard.iter().copied().collect()));
        promised.extend(heard);

        let log = open(folder.path()).await;
        let found: BTreeSet<Hlc> = log
            .get_since(None, usize::MAX)
            .await
            .unwrap()
            .into_iter()
            .map(|entry| entry.hlc)
            .collect();
        let lost: Vec<_> = promised.difference(&found).collect();
        assert!(lost.is_empty(), "lost in round {round}: {lost:?}");
        assert_eq!(log.head().await.unwrap(), *found.last().unwrap());
        log.close().await.unwrap();
        let check: String = raw(folder.path())
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(check, "ok");
    }
    assert!(promised.len() > ROUNDS as usize, "{}", promised.len());
}

/// Several tasks at once, so that shared commits are killed too.
async fn append_until_killed(data_dir: &std::path::Path) {
    let log = open(data_dir).await;
    let began = Instant::now();
    let appending: Vec<_> = (0..8)
        .map(|task| {
            let log = log.clone();
            tokio::spawn(async move {
                while began.elapsed() < Duration::from_secs(60) {
                    say(log.record(change(task)).await.unwrap());
                }
            })
        })
        .collect();
    for task in appending {
        task.await.unwrap();
    }
}

#[test]
fn handles_may_be_dropped_after_their_runtime() {
    let folder = folder();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let log = runtime.block_on(async {
        let log = open(folder.path()).await;
        log.record(change(1)).await.unwrap();
        log.get_since(None, 1).await.unwrap();
        log
    });
    drop(runtime);
    drop(log);
    let stamps = common::stamps(&raw(folder.path()));
    assert_eq!(stamps.len(), 1);
}

#[tokio::test]
async fn after_close_the_file_alone_is_the_whole_log() {
    let (folder, copy) = (folder(), common::folder());
    let log = open(folder.path()).await;
    for record in 0..100 {
        log.record(change(record)).await.unwrap();
    }
    let head = log.head().await.unwrap();
    log.close().await.unwrap();
    assert_eq!(
        common::contents(folder.path()).len(),
        1,
        "no file beside it"
    );
    std::fs::copy(common::file_in(folder.path()), common::file_in(copy.path())).unwrap();
    let copied = open(copy.path()).await;
    assert_eq!(copied.head().await.unwrap(), head);
    assert_eq!(copied.get_since(None, 1000).await.unwrap().len(), 100);
}
