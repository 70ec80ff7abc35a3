//! A log that is only looked at: never changed, whoever else is at work on it and
//! wherever it lies.

use std::path::Path;

use sync_log_sqlite::{
    Cursor, ErrorKind, LogError, OpenError, ReadLimits, StoreFault, SyncDb, Uuid,
};

use crate::common::{DEVICE, LIBRARY, PEER, change, contents, file_in, folder, fresh, open, raw};

async fn look(path: &Path) -> SyncDb {
    SyncDb::open_read_only(path).await.unwrap()
}

async fn pending(log: &SyncDb) -> usize {
    log.get_since(None, usize::MAX).await.unwrap().len()
}

#[tokio::test]
async fn it_reads_all_that_a_log_tells_and_says_whose_it_is() {
    let (folder, log) = fresh().await;
    log.register_peer(PEER).await.unwrap();
    log.record_many((0..20).map(change).collect())
        .await
        .unwrap();
    log.close().await.unwrap();
    let before = contents(folder.path());
    for path in [folder.path().to_owned(), file_in(folder.path())] {
        let reading = look(&path).await;
        assert_eq!(reading.identity().library_id, LIBRARY);
        assert_eq!(reading.identity().device_id, DEVICE);
        assert_eq!(reading.path(), Some(&*file_in(folder.path())));
        assert_eq!(pending(&reading).await, 20);
        assert_eq!(reading.peers().await.unwrap().len(), 1);
        assert_eq!(reading.explain().await.unwrap().pending_entries, 20);
        let page = reading.read_for(PEER, Cursor::ZERO, ReadLimits::default());
        assert_eq!(page.await.unwrap().entries.len(), 20);
        reading.close().await.unwrap();
        assert_eq!(contents(folder.path()), before);
    }
}

#[tokio::test]
async fn nothing_writes() {
    let (folder, log) = fresh().await;
    log.record(change(1)).await.unwrap();
    log.close().await.unwrap();
    let before = contents(folder.path());
    let reading = look(folder.path()).await;
    let refusals = [
        reading.record(change(2)).await.unwrap_err(),
        reading.register_peer(PEER).await.unwrap_err(),
        reading.retire(PEER).await.unwrap_err(),
        reading.declare_solo().await.unwrap_err(),
        reading.prune_acked().await.unwrap_err(),
        reading.tick().await.unwrap_err(),
    ];
    for refusal in refusals {
        let LogError::Store(error) = &refusal else {
            panic!("{refusal:?}");
        };
        assert_eq!(error.fault(), StoreFault::ReadOnly);
    }
    reading.close().await.unwrap();
    assert_eq!(contents(folder.path()), before);
}

#[tokio::test]
async fn it_follows_a_program_that_writes_and_leaves_its_files_alone() {
    let folder = folder();
    let writer = open(folder.path()).await;
    let reader = look(folder.path()).await;
    for count in 1..=5 {
        writer.record(change(count)).await.unwrap();
        assert_eq!(pending(&reader).await as u128, count);
    }
    reader.close().await.unwrap();
    writer.record(change(6)).await.unwrap();
    writer.close().await.unwrap();
    assert_eq!(contents(folder.path()).len(), 1);
    assert_eq!(pending(&look(folder.path()).await).await, 6);
}

/// A log as a killed process leaves it: in its WAL, nothing in the file.
async fn killed(at: &Path) {
    let (folder, log) = fresh().await;
    log.record_many((0..7).map(change).collect()).await.unwrap();
    for name in ["sync.db", "sync.db-wal"] {
        std::fs::copy(folder.path().join(name), at.join(name)).unwrap();
    }
    log.close().await.unwrap();
}

#[tokio::test]
async fn what_a_killed_process_left_in_a_wal_is_read_and_stays_there() {
    let folder = folder();
    killed(folder.path()).await;
    let before = contents(folder.path());
    let log = look(folder.path()).await;
    assert_eq!(pending(&log).await, 7);
    log.close().await.unwrap();
    let after = contents(folder.path());
    assert!(before.iter().all(|file| after.contains(file)), "{after:?}");
}

#[tokio::test]
async fn what_is_not_a_log_is_refused_and_nothing_is_made() {
    let folder = folder();
    let refused = async || SyncDb::open_read_only(folder.path()).await.unwrap_err();
    let nothing = refused().await;
    assert!(
        matches!(nothing, OpenError::Unreachable { .. }),
        "{nothing:?}"
    );
    assert_eq!(contents(folder.path()), []);

    std::fs::write(file_in(folder.path()), "").unwrap();
    assert!(matches!(refused().await, OpenError::NotSqlite { .. }));
    std::fs::write(file_in(folder.path()), "x".repeat(5000)).unwrap();
    assert!(matches!(refused().await, OpenError::NotSqlite { .. }));
    assert_eq!(contents(folder.path()).len(), 1);
}

#[tokio::test]
async fn a_file_of_another_kind_or_time_is_named() {
    let folder = folder();
    open(folder.path()).await.close().await.unwrap();
    let refused = async || SyncDb::open_read_only(folder.path()).await.unwrap_err();
    let nil = format!(
        "UPDATE sync_log_identity SET library_id = '{}'",
        Uuid::nil()
    );
    raw(folder.path()).execute_batch(&nil).unwrap();
    assert!(matches!(refused().await, OpenError::Log { .. }));
    let sql = "INSERT INTO sync_log_migrations VALUES ('sync_log_9999_future', 0)";
    raw(folder.path()).execute_batch(sql).unwrap();
    assert!(matches!(refused().await, OpenError::SchemaTooNew { .. }));

    let unmigrated = "DELETE FROM sync_log_migrations; DROP TABLE sync_log_identity; \
               DROP TABLE sync_log_state; DROP TABLE sync_log_peers";
    raw(folder.path()).execute_batch(unmigrated).unwrap();
    let earlier = refused().await;
    assert!(
        matches!(earlier, OpenError::NeedsAdoption { .. }),
        "{earlier:?}"
    );
    assert_eq!(earlier.kind(), ErrorKind::RepairData);

    std::fs::remove_file(file_in(folder.path())).unwrap();
    raw(folder.path())
        .execute_batch("CREATE TABLE other (x)")
        .unwrap();
    let unfinished = refused().await;
    assert!(
        matches!(unfinished, OpenError::Unfinished { .. }),
        "{unfinished:?}"
    );
}

#[cfg(unix)]
mod rights {
    use super::*;
    use crate::common::rights::{set_mode, unprivileged};

    /// Reads a folder that may not be written to, made by `make`.
    fn reads_seven<Test>(test: Test, make: impl AsyncFnOnce(&Path)) {
        unprivileged(test, async |data_dir| {
            make(data_dir).await;
            set_mode(data_dir, 0o555);
            let before = contents(data_dir);
            let log = look(data_dir).await;
            assert_eq!(pending(&log).await, 7);
            assert_eq!(log.path(), Some(&*file_in(data_dir)));
            log.close().await.unwrap();
            assert_eq!(contents(data_dir), before);
            set_mode(data_dir, 0o755);
        });
    }

    #[test]
    fn a_closed_log_in_a_read_only_folder_is_read() {
        reads_seven(
            a_closed_log_in_a_read_only_folder_is_read,
            async |data_dir| {
                let log = open(data_dir).await;
                log.record_many((0..7).map(change).collect()).await.unwrap();
                log.close().await.unwrap();
            },
        );
    }

    #[test]
    fn a_wal_left_in_a_read_only_folder_is_read() {
        reads_seven(a_wal_left_in_a_read_only_folder_is_read, async |data_dir| {
            killed(data_dir).await
        });
    }

    #[test]
    fn a_file_that_may_not_be_read_is_refused() {
        unprivileged(a_file_that_may_not_be_read_is_refused, async |data_dir| {
            open(data_dir).await.close().await.unwrap();
            set_mode(&file_in(data_dir), 0o000);
            let error = SyncDb::open_read_only(data_dir).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Reopen, "{error:?}");
        });
    }
}
