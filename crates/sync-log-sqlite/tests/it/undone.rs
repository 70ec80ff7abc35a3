//! What a handle committed is there at its next commit, or the loss has a name (`R4`): whatever
//! other programs did to the files meanwhile, no change is lost without a word.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use sync_log_sqlite::{
    Ack, Altered, ChainFault, Cursor, Hlc, LogError, ReadLimits, StoreFault, SyncDb,
};
use tempfile::TempDir;

use crate::common::tables::adoption_causes;
use crate::common::{PEER, change, fresh, open, other_program, put_back};

/// A log in use, a copy of its file from when it had one entry, and the stamp of its third and last.
async fn log_and_earlier_copy() -> (TempDir, SyncDb, PathBuf, Hlc) {
    let (folder, log) = fresh().await;
    log.register_peer(PEER).await.unwrap();
    log.record(change(1)).await.unwrap();
    let earlier = folder.path().join("earlier");
    let copy = earlier.to_str();
    let program = other_program(folder.path());
    program.execute("VACUUM INTO ?1", [copy]).unwrap();
    log.record(change(2)).await.unwrap();
    let last = log.record(change(3)).await.unwrap();
    (folder, log, earlier, last)
}

fn lost(hlc: Hlc) -> Altered {
    let fault = ChainFault::Missing;
    Altered { hlc, fault }
}

/// The loss is on record: the next opening gives the log a new id, so that every peer takes a
/// snapshot.
async fn assert_adopted_next(log: SyncDb, data_dir: &Path) {
    let before = log.identity().log_id;
    log.close().await.unwrap();
    let again = open(data_dir).await;
    assert_ne!(again.identity().log_id, before);
    assert_eq!(adoption_causes(data_dir).len(), 1);
    again.record(change(9)).await.unwrap();
    again.close().await.unwrap();
}

#[tokio::test]
async fn a_commit_that_was_undone_is_named_by_the_next_one() {
    let (folder, log, earlier, last) = log_and_earlier_copy().await;
    put_back(folder.path(), &earlier);
    let refused = log.record(change(4)).await.unwrap_err();
    assert!(
        matches!(refused, LogError::Altered(altered) if altered == lost(last)),
        "{refused:?}"
    );
    let status = log.status().await.unwrap();
    assert_eq!(status.altered, Some(lost(last)));
    assert_adopted_next(log, folder.path()).await;
}

#[tokio::test]
async fn a_commit_that_was_undone_is_named_by_the_ack_of_a_peer() {
    let (folder, log, earlier, last) = log_and_earlier_copy().await;
    put_back(folder.path(), &earlier);
    let page = log.read_for(PEER, Cursor::ZERO, ReadLimits::default());
    let page = page.await.unwrap();
    let acked = log.acknowledge(Ack::new(PEER, page.next));
    let refused = acked.await.unwrap_err();
    assert!(
        matches!(refused, LogError::Altered(altered) if altered == lost(last)),
        "{refused:?}"
    );
    assert_adopted_next(log, folder.path()).await;
}

#[tokio::test]
async fn a_commit_that_was_undone_is_named_by_the_close() {
    let (folder, log, earlier, last) = log_and_earlier_copy().await;
    let before = log.identity().log_id;
    put_back(folder.path(), &earlier);
    let LogError::Store(refused) = log.close().await.unwrap_err() else {
        panic!("the close answers with a failure of the storage");
    };
    assert_eq!(refused.fault(), StoreFault::Corrupt);
    let source = std::error::Error::source(&refused).unwrap().to_string();
    assert!(source.contains(&last.to_string()), "{source}");
    assert_ne!(open(folder.path()).await.identity().log_id, before);
}

/// A log that is dropped returns no error to anyone, but it still records the loss.
#[tokio::test]
async fn a_commit_that_was_undone_is_on_record_after_a_drop() {
    let (folder, log, earlier, _) = log_and_earlier_copy().await;
    let before = log.identity().log_id;
    put_back(folder.path(), &earlier);
    drop(log);
    // The last connection removes the `-wal`.
    while folder.path().join("sync.db-wal").exists() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_ne!(open(folder.path()).await.identity().log_id, before);
}

/// Copies the three files of a log as another program does. To read them here would drop the locks
/// that SQLite holds on them.
fn copy_files(from: &Path, to: &Path) {
    for name in ["sync.db", "sync.db-wal", "sync.db-shm"] {
        let copied = Command::new("cp")
            .arg(from.join(name))
            .arg(to.join(name))
            .status();
        assert!(copied.unwrap().success());
    }
}

/// A copy onto the files keeps what the system calls them.
#[tokio::test]
async fn earlier_files_that_were_copied_onto_the_open_ones_are_named() {
    let (folder, log) = fresh().await;
    let earlier = crate::common::folder();
    log.record(change(1)).await.unwrap();
    copy_files(folder.path(), earlier.path());
    log.record(change(2)).await.unwrap();
    let last = log.record(change(3)).await.unwrap();
    copy_files(earlier.path(), folder.path());
    let refused = log.record(change(4)).await.unwrap_err();
    assert!(
        matches!(refused, LogError::Altered(altered) if altered == lost(last)),
        "{refused:?}"
    );
    assert_adopted_next(log, folder.path()).await;
}

/// Other handles append and prune; that undoes nothing.
#[tokio::test]
async fn what_other_handles_commit_is_no_loss() {
    let (folder, log) = fresh().await;
    log.register_peer(PEER).await.unwrap();
    let other = open(folder.path()).await;
    for round in 0..4 {
        let stamp = log.record(change(round)).await.unwrap();
        let theirs = other.record(change(100 + round)).await.unwrap();
        if round % 2 == 1 {
            // Up to the own commit, and beyond it.
            let up_to = if round == 1 { stamp } else { theirs };
            other.on_ack(PEER, up_to).await.unwrap();
        }
    }
    log.record(change(9)).await.unwrap();
    log.close().await.unwrap();
    other.close().await.unwrap();
}
