//! Whole files (`I7`, `A7`): what a close leaves, and how large the `-wal` gets.

use std::future::poll_fn;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use sync_log_sqlite::inspect::Inspector;
use sync_log_sqlite::{Hlc, LogError, StoreFault, SyncDb};

use crate::common::{
    DEVICE, LIBRARY, change, change_with, file_in, folder, fresh, open, other_program, raw, stamps,
};

/// Longer than anything here takes, however busy the machine is.
const LONG: Duration = Duration::from_secs(120);

const MB: u64 = 1 << 20;

/// How many entries a copy of the file alone has.
async fn entries_in_a_copy(data_dir: &Path) -> usize {
    let copies = folder();
    std::fs::copy(file_in(data_dir), file_in(copies.path())).unwrap();
    let copy = open(copies.path()).await;
    copy.get_since(None, 10_000).await.unwrap().len()
}

fn fault<T: std::fmt::Debug>(outcome: Result<T, LogError>) -> StoreFault {
    match outcome.unwrap_err() {
        LogError::Store(error) => error.fault(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_close_leaves_one_whole_file_though_other_handles_are_open() {
    let (folder, log) = fresh().await;
    let second = open(folder.path()).await;
    let following = SyncDb::open_read_only(folder.path()).await.unwrap();
    let program = other_program(folder.path());
    log.record_each((0..100).map(change).collect())
        .await
        .unwrap();
    // Each of them has read, and is idle.
    for handle in [&second, &following] {
        assert_eq!(handle.get_since(None, 1000).await.unwrap().len(), 100);
    }
    let count = "SELECT COUNT(*) FROM shared_changes";
    let count: i64 = program.query_row(count, [], |row| row.get(0)).unwrap();
    assert_eq!(count, 100);
    log.close().await.unwrap();
    assert_eq!(second.wal_bytes(), Some(0));
    assert_eq!(entries_in_a_copy(folder.path()).await, 100);
    second.record(change(100)).await.unwrap();
    second.close().await.unwrap();
    assert_eq!(entries_in_a_copy(folder.path()).await, 101);
}

#[tokio::test]
async fn a_close_that_leaves_a_part_in_the_wal_says_so_and_loses_nothing() {
    let folder = folder();
    let options = SyncDb::options().busy_timeout(Duration::from_millis(50));
    let log = options.open(LIBRARY, DEVICE, folder.path()).await.unwrap();
    let reader = other_program(folder.path());
    reader.execute_batch("BEGIN").unwrap();
    let read = || -> i64 {
        let count = "SELECT COUNT(*) FROM shared_changes";
        reader.query_row(count, [], |row| row.get(0)).unwrap()
    };
    assert_eq!(read(), 0);
    log.record_many((0..10).map(change).collect())
        .await
        .unwrap();
    for _ in 0..2 {
        let error = log.close().await.unwrap_err();
        assert!(error.help().contains("-wal"), "{}", error.help());
        assert_eq!(fault::<()>(Err(error)), StoreFault::NotWhole);
    }
    assert_eq!(fault(log.record(change(10)).await), StoreFault::Closed);
    assert_eq!(fault(log.head().await), StoreFault::Closed);

    assert_eq!(read(), 0);
    reader.execute_batch("COMMIT").unwrap();
    assert_eq!(read(), 10);
    let again = open(folder.path()).await;
    again.close().await.unwrap();
    assert_eq!(entries_in_a_copy(folder.path()).await, 10);
}

#[tokio::test]
async fn a_close_that_is_dropped_leaves_the_log_open_or_closed_as_a_whole() {
    let (folder, log) = fresh().await;
    log.record(change(1)).await.unwrap();
    drop(log.close());
    log.record(change(2)).await.unwrap();
    assert_eq!(log.get_since(None, 9).await.unwrap().len(), 2);

    let mut closing = Box::pin(log.close());
    let _ = poll_fn(|context| Poll::Ready(closing.as_mut().poll(context))).await;
    drop(closing);
    let deadline = Instant::now() + LONG;
    while log.record(change(3)).await.is_ok() {
        assert!(Instant::now() < deadline, "it is never closed");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(fault(log.get_since(None, 9).await), StoreFault::Closed);
    assert_eq!(fault(log.tick().await), StoreFault::Closed);
    log.close().await.unwrap();
    assert!(entries_in_a_copy(folder.path()).await >= 2);
}

fn large(bytes: usize) -> sync_log_sqlite::Change {
    change_with(1, serde_json::json!("x".repeat(bytes)))
}

/// Reads without a pause until told to stop, and each time for longer than a write takes: with a few
/// of them, there is always one that sees an earlier state.
fn keep_reading(data_dir: &Path, stop: Arc<AtomicBool>) -> JoinHandle<()> {
    let reader = other_program(data_dir);
    std::thread::spawn(move || {
        while !stop.load(Ordering::Relaxed) {
            let read = "BEGIN; SELECT COUNT(*) FROM sync_log_entries";
            reader.execute_batch(read).unwrap();
            std::thread::sleep(Duration::from_millis(400));
            reader.execute_batch("COMMIT").unwrap();
        }
    })
}

#[tokio::test]
async fn readers_that_never_pause_do_not_let_the_wal_grow_without_bound() {
    const WRITES: usize = 80;
    let (folder, log) = fresh().await;
    let stop = Arc::new(AtomicBool::new(false));
    let mut readers = Vec::new();
    for _ in 0..8 {
        readers.push(keep_reading(folder.path(), Arc::clone(&stop)));
        std::thread::sleep(Duration::from_millis(50));
    }
    let mut largest = 0;
    for _ in 0..WRITES {
        log.record(large(1_000_000)).await.unwrap();
        largest = largest.max(log.wal_bytes().unwrap());
    }
    stop.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.join().unwrap();
    }
    assert!(largest <= 64 * MB, "{} MB", largest / MB);
}

#[tokio::test]
async fn after_a_burst_the_file_and_its_wal_are_small_again() {
    let (folder, log) = fresh().await;
    log.declare_solo().await.unwrap();
    log.record_many(vec![large(1_000_000); 4]).await.unwrap();
    log.record_many(vec![large(1_000_000); 4]).await.unwrap();
    assert!(log.wal_bytes().unwrap() > MB);
    assert_eq!(log.prune_acked().await.unwrap(), 8);
    let sizes = || {
        let file = std::fs::metadata(file_in(folder.path())).unwrap().len();
        [file, log.wal_bytes().unwrap()]
    };
    let deadline = Instant::now() + LONG;
    while sizes().iter().any(|size| *size > MB) {
        assert!(Instant::now() < deadline, "{:?} bytes", sizes());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(log.head().await.unwrap() > Hlc::ZERO);
}

/// SQLite gives no pages of such a file back by itself: another program made it without that.
#[tokio::test]
async fn after_a_burst_an_adopted_file_is_small_again_too() {
    let folder = folder();
    let made = "PRAGMA auto_vacuum = NONE; CREATE TABLE peer_acks (peer_device_id TEXT PRIMARY KEY, \
                last_acked_hlc TEXT NOT NULL, acked_at TEXT NOT NULL); \
                CREATE TABLE theirs (x); INSERT INTO theirs VALUES ('kept')";
    other_program(folder.path()).execute_batch(made).unwrap();
    let log = open(folder.path()).await;
    log.declare_peers([DEVICE; 0]).await.unwrap();
    log.declare_solo().await.unwrap();
    for _ in 0..2 {
        log.record_many(vec![large(1_000_000); 4]).await.unwrap();
        log.record_many(vec![large(1_000_000); 4]).await.unwrap();
        assert_eq!(log.prune_acked().await.unwrap(), 8);
        let size = || std::fs::metadata(file_in(folder.path())).unwrap().len();
        let deadline = Instant::now() + LONG;
        while size() > MB || log.wal_bytes().unwrap() > MB {
            assert!(Instant::now() < deadline, "{} bytes", size());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    log.close().await.unwrap();
    let checks = Inspector::open(folder.path()).unwrap().verify().unwrap();
    assert!(checks.iter().all(|check| check.is_ok()), "{checks:?}");
    let kept = "SELECT x FROM theirs";
    let kept: String = other_program(folder.path())
        .query_row(kept, [], |row| row.get(0))
        .unwrap();
    assert_eq!(kept, "kept");
}

/// The commands of the manual, in their order.
fn commands_for_backups() -> Vec<String> {
    let manual = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operating.md");
    let manual = std::fs::read_to_string(manual).unwrap();
    let (_, section) = manual.split_once("\n## Backups\n").unwrap();
    let blocks = section.split("```sh\n").skip(1);
    let commands = blocks.map(|block| block.split_once("```").unwrap().0.to_owned());
    commands.collect()
}

/// Follows the manual, with the log of a killed process as the one that is replaced.
#[cfg(unix)]
#[tokio::test]
async fn a_restored_backup_is_the_log_that_it_was() {
    let folder = folder();
    let library = folder.path().join("library");
    let run = |commands: &str| {
        let mut shell = std::process::Command::new("sh");
        let ended = shell
            .args(["-e", "-c", commands])
            .current_dir(folder.path());
        assert!(ended.status().unwrap().success(), "{commands}");
    };
    let [back_up, restore] = commands_for_backups().try_into().unwrap();
    let log = open(&library).await;
    log.record_many((0..10).map(change).collect())
        .await
        .unwrap();
    log.close().await.unwrap();
    run(&back_up);

    let again = open(&library).await;
    again
        .record_many((10..30).map(change).collect())
        .await
        .unwrap();
    run("cp -r library killed");
    again.close().await.unwrap();
    run("rm -r library; mv killed library");
    run(&restore);
    let restored = open(&library).await;
    assert_eq!(restored.get_since(None, 100).await.unwrap().len(), 10);
    restored.close().await.unwrap();
    let checks = Inspector::open(&library).unwrap().verify().unwrap();
    assert!(checks.iter().all(|check| check.is_ok()), "{checks:?}");
}

/// The lines are pasted as they are, by a person who has no backup at that path.
#[cfg(unix)]
#[tokio::test]
async fn the_manual_restores_nothing_without_a_backup() {
    let folder = folder();
    let library = folder.path().join("library");
    let [_, restore] = commands_for_backups().try_into().unwrap();
    let log = open(&library).await;
    log.record_many((0..10).map(change).collect())
        .await
        .unwrap();
    let run = |commands: &str| {
        let mut shell = std::process::Command::new("sh");
        let pasted = shell.args(["-c", commands]).current_dir(folder.path());
        pasted.stderr(std::process::Stdio::null()).status().unwrap()
    };
    assert!(run("cp -r library killed").success());
    log.close().await.unwrap();
    assert!(run("rm -r library; mv killed library").success());
    assert!(!run(&restore).success());
    let kept = open(&library).await;
    assert_eq!(kept.get_since(None, 100).await.unwrap().len(), 10);
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
    assert_eq!(stamps(&raw(folder.path())).len(), 1);
}
