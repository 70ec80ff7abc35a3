//! An open handle is its file (`I6`): whatever happens to the names of the file, no handle serves
//! another log, or answers `Ok` for a change that is in no file.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sync_log_sqlite::legacy::{LEGACY_FILE_NAME, LegacyLog};
use sync_log_sqlite::{
    ErrorKind, LogError, OpenError, StoreError, StoreFault, SyncDb, Uuid, WallClock,
};

use crate::common::rights::{set_mode, unprivileged};
use crate::common::{
    DEVICE, LIBRARY, as_child, assert_passed, change, child, contents, file_in, folder, fresh,
    open, other_program, put_back, stamps,
};

const OTHER_DEVICE: Uuid = Uuid::from_u128(0xc0);

/// More than there are threads that read, so that new connections are made.
const READS: usize = 20;

async fn open_as_other(data_dir: &Path) -> SyncDb {
    let other = SyncDb::open(LIBRARY, OTHER_DEVICE, data_dir).await;
    other.unwrap()
}

/// Reads many times at once. Each read that is `Ok` has only entries of `log`.
async fn read_at_once(log: &SyncDb) -> Vec<Result<usize, LogError>> {
    let device = log.identity().device_id.as_uuid();
    let reads: Vec<_> = (0..READS)
        .map(|_| {
            let log = log.clone();
            tokio::spawn(async move { log.get_since(None, 1000).await })
        })
        .collect();
    let mut outcomes = Vec::new();
    for read in reads {
        let outcome = read.await.unwrap();
        if let Ok(entries) = &outcome {
            let is_own = entries.iter().all(|entry| entry.hlc.device_id == device);
            assert!(is_own, "a read returned entries of another log");
        }
        outcomes.push(outcome.map(|entries| entries.len()));
    }
    outcomes
}

fn assert_moved<T: std::fmt::Debug>(outcome: Result<T, LogError>) {
    let error = outcome.unwrap_err();
    let is_moved = matches!(&error, LogError::Store(error) if error.fault() == StoreFault::Moved);
    assert!(is_moved, "{error:?}");
    assert_eq!(error.kind(), ErrorKind::Reopen);
    assert!(error.help().starts_with("close this log"));
    assert!(error.help().contains("open the log again"));
}

/// Writes and reads are refused, and the file that is at the path now is left alone.
async fn assert_refuses(log: &SyncDb) {
    assert_moved(log.record(change(90)).await);
    assert_moved(log.tick().await);
    let opened_before = read_at_once(log).await;
    for outcome in opened_before {
        if let Err(error) = outcome {
            assert_moved::<()>(Err(error));
        }
    }
}

/// Runs `test` again as a child whose working directory is a new folder.
fn in_a_folder_of_its_own<Test>(test: Test) {
    let folder = folder();
    let mut command = child(test, folder.path());
    command.current_dir(folder.path());
    assert_passed(&command.output().unwrap());
}

fn run(work: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(work);
}

#[test]
fn a_relative_path_means_what_it_meant_when_the_log_was_opened() {
    let Some(folder) = as_child() else {
        return in_a_folder_of_its_own(a_relative_path_means_what_it_meant_when_the_log_was_opened);
    };
    run(async {
        let elsewhere = folder.join("elsewhere");
        let other = open_as_other(&elsewhere.join("library")).await;
        other.record(change(1)).await.unwrap();
        let log = open(Path::new("library")).await;
        log.record(change(2)).await.unwrap();
        let following = SyncDb::open_read_only(Path::new("library")).await.unwrap();

        std::env::set_current_dir(&elsewhere).unwrap();
        for handle in [&log, &following] {
            for read in read_at_once(handle).await {
                assert_eq!(read.unwrap(), 1);
            }
        }
        log.record(change(3)).await.unwrap();
        let path = fs::canonicalize(folder.join("library/sync.db")).unwrap();
        assert_eq!(log.path(), Some(&*path));
        log.close().await.unwrap();
        assert_eq!(open(&folder.join("library")).await.head().await.unwrap(), {
            let entries = following.get_since(None, 9).await.unwrap();
            entries.last().unwrap().hlc
        });
    });
}

#[test]
fn a_folder_whose_name_looks_like_a_url_is_a_folder() {
    let Some(folder) = as_child() else {
        return in_a_folder_of_its_own(a_folder_whose_name_looks_like_a_url_is_a_folder);
    };
    run(async {
        let name = "file:library?mode=memory";
        let log = open(Path::new(name)).await;
        log.record(change(1)).await.unwrap();
        assert_eq!(log.get_since(None, 9).await.unwrap().len(), 1);
        log.close().await.unwrap();
        assert!(folder.join(name).join("sync.db").exists());
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    });
}

#[tokio::test]
async fn a_file_with_several_names_is_refused_and_left_alone() {
    let (folder, log) = fresh().await;
    log.record(change(1)).await.unwrap();
    log.close().await.unwrap();
    let second = folder.path().join("second");
    fs::hard_link(file_in(folder.path()), &second).unwrap();
    let before = contents(folder.path());
    for refused in [
        SyncDb::open(LIBRARY, DEVICE, folder.path()).await,
        SyncDb::open_read_only(&second).await,
    ] {
        let error = refused.unwrap_err();
        let has_two = matches!(&error, OpenError::SeveralNames { names: 2, .. });
        assert!(has_two, "{error:?}");
        assert_eq!(error.kind(), ErrorKind::FixCall);
    }
    assert_eq!(contents(folder.path()), before);
    fs::remove_file(second).unwrap();
    assert_eq!(
        open(folder.path())
            .await
            .get_since(None, 9)
            .await
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn a_link_leads_to_the_file_and_its_wal() {
    let (real, log) = fresh().await;
    log.record(change(1)).await.unwrap();
    let links = folder();
    symlink(file_in(real.path()), file_in(links.path())).unwrap();
    let path = fs::canonicalize(file_in(real.path())).unwrap();
    let again = open(links.path()).await;
    assert_eq!(again.path(), Some(&*path));
    again.record(change(2)).await.unwrap();
    assert_eq!(log.get_since(None, 9).await.unwrap().len(), 2);

    // A link to a file that is not there yet is made where it leads to.
    let next = folder();
    let made = next.path().join("other.db");
    let dangling = folder();
    symlink(&made, file_in(dangling.path())).unwrap();
    let new = open(dangling.path()).await;
    assert_eq!(new.path(), Some(&*fs::canonicalize(&made).unwrap()));
    new.record(change(3)).await.unwrap();
    assert_eq!(fs::read_dir(dangling.path()).unwrap().count(), 1);
}

/// The log of a killed process, in a folder where nothing may be written: 40 entries are in the
/// file, and 20 in its `-wal`.
async fn hot_log(at: &Path) {
    let (folder, log) = fresh().await;
    log.record_each((0..40).map(change).collect())
        .await
        .unwrap();
    log.close().await.unwrap();
    let again = open(folder.path()).await;
    again
        .record_each((40..60).map(change).collect())
        .await
        .unwrap();
    fs::create_dir(at).unwrap();
    for name in ["sync.db", "sync.db-wal"] {
        fs::copy(folder.path().join(name), at.join(name)).unwrap();
    }
}

#[test]
fn through_a_link_all_entries_of_a_hot_wal_are_read_where_nothing_may_be_written() {
    unprivileged(
        through_a_link_all_entries_of_a_hot_wal_are_read_where_nothing_may_be_written,
        async |folder| {
            let real = folder.join("real");
            hot_log(&real).await;
            let links = folder.join("links");
            fs::create_dir(&links).unwrap();
            symlink(file_in(&real), file_in(&links)).unwrap();
            set_mode(&real, 0o500);
            let log = SyncDb::open_read_only(&links).await.unwrap();
            assert_eq!(log.get_since(None, 1000).await.unwrap().len(), 60);
            log.close().await.unwrap();
            set_mode(&real, 0o700);
        },
    );
}

/// A legacy log with 20 rows in the file, and 10 in its `-wal`.
fn hot_legacy_log(at: &Path) {
    let writing = folder();
    let path = writing.path().join(LEGACY_FILE_NAME);
    let legacy = rusqlite::Connection::open(&path).unwrap();
    let make = "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; \
         CREATE TABLE sync_log (sequence INTEGER PRIMARY KEY, device_id TEXT, timestamp TEXT, \
         model_type TEXT, record_id TEXT, change_type TEXT, version INTEGER, data TEXT)";
    legacy.execute_batch(make).unwrap();
    let insert = |count: u32| {
        let rows = format!(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) \
             INSERT INTO sync_log (device_id) SELECT 'x' FROM n"
        );
        legacy.execute_batch(&rows).unwrap();
    };
    insert(20);
    let flush = "PRAGMA wal_checkpoint(TRUNCATE)";
    legacy.query_row(flush, [], |_| Ok(())).unwrap();
    insert(10);
    fs::create_dir(at).unwrap();
    for suffix in ["", "-wal"] {
        let name = format!("{LEGACY_FILE_NAME}{suffix}");
        fs::copy(writing.path().join(&name), at.join(&name)).unwrap();
    }
}

#[test]
fn through_a_link_all_rows_of_a_hot_legacy_log_are_read_where_nothing_may_be_written() {
    unprivileged(
        through_a_link_all_rows_of_a_hot_legacy_log_are_read_where_nothing_may_be_written,
        async |folder| {
            let real = folder.join("real");
            hot_legacy_log(&real);
            let link = folder.join(LEGACY_FILE_NAME);
            symlink(real.join(LEGACY_FILE_NAME), &link).unwrap();
            set_mode(&real, 0o500);
            let rows = LegacyLog::open(&link).map(|log| log.rows().unwrap());
            set_mode(&real, 0o700);
            assert_eq!(rows.unwrap(), 30);
        },
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_was_renamed_is_not_taken_for_the_one_made_in_its_stead() {
    let parent = folder();
    let data_dir = parent.path().join("library");
    let log = open(&data_dir).await;
    log.record(change(1)).await.unwrap();
    fs::rename(&data_dir, parent.path().join("renamed")).unwrap();
    assert_moved(log.record(change(2)).await);

    let other = open_as_other(&data_dir).await;
    other.record(change(3)).await.unwrap();
    assert_refuses(&log).await;
    log.close().await.unwrap_or_default();
    other.record(change(4)).await.unwrap();
    assert_eq!(other.get_since(None, 9).await.unwrap().len(), 2);
    let renamed = open(&parent.path().join("renamed")).await;
    assert_eq!(renamed.get_since(None, 9).await.unwrap().len(), 1);
}

/// A wall clock that renames a folder when it is read next: inside the transaction of a write.
#[derive(Clone, Default)]
struct Renaming(Arc<Mutex<Option<(PathBuf, PathBuf)>>>);

impl WallClock for Renaming {
    fn now_ms(&self) -> i64 {
        if let Some((from, to)) = self.0.lock().unwrap().take() {
            fs::rename(from, to).unwrap();
        }
        1_700_000_000_000
    }
}

/// The entry is in the file that was moved, so it is wrong to say that it was not recorded.
#[tokio::test]
async fn a_change_that_is_committed_while_its_folder_is_moved_is_uncertain() {
    let parent = folder();
    let (data_dir, moved) = (parent.path().join("library"), parent.path().join("moved"));
    let clock = Renaming::default();
    let options = SyncDb::options().wall_clock(clock.clone());
    let log = options.open(LIBRARY, DEVICE, &data_dir).await.unwrap();
    log.record(change(1)).await.unwrap();
    *clock.0.lock().unwrap() = Some((data_dir, moved.clone()));

    let error = log.record(change(2)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Uncertain, "{error:?}");
    assert!(error.help().contains("only if it is missing"));
    let LogError::Store(error) = error else {
        panic!("{error:?}");
    };
    assert_eq!(error.fault(), StoreFault::Uncertain);
    let cause = error.source_as::<StoreError>().unwrap();
    assert_eq!(cause.fault(), StoreFault::Moved);
    assert_moved(log.record(change(3)).await);

    log.close().await.unwrap_or_default();
    let again = open(&moved).await;
    assert_eq!(again.get_since(None, 9).await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_deleted_takes_no_more_changes() {
    let (folder, log) = fresh().await;
    log.record(change(1)).await.unwrap();
    fs::remove_file(file_in(folder.path())).unwrap();
    assert_refuses(&log).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_replaced_takes_no_more_changes() {
    let (folder, log) = fresh().await;
    log.record(change(1)).await.unwrap();
    let (other_folder, other) = fresh().await;
    other.close().await.unwrap();
    fs::rename(file_in(other_folder.path()), file_in(folder.path())).unwrap();
    assert_refuses(&log).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wal_that_is_deleted_takes_no_more_changes_and_the_file_gets_what_it_held() {
    let (folder, log) = fresh().await;
    log.record(change(1)).await.unwrap();
    fs::remove_file(folder.path().join("sync.db-wal")).unwrap();
    assert_refuses(&log).await;
    log.close().await.unwrap_or_default();
    let again = open(folder.path()).await;
    assert_eq!(again.get_since(None, 9).await.unwrap().len(), 1);
}

/// Two programs that map two indexes of one `-wal` write over each other's commits.
#[tokio::test(flavor = "multi_thread")]
async fn a_wal_whose_index_is_deleted_takes_no_more_changes() {
    let (folder, log) = fresh().await;
    log.record(change(1)).await.unwrap();
    fs::remove_file(folder.path().join("sync.db-shm")).unwrap();
    assert_refuses(&log).await;
    let other = other_program(folder.path());
    other
        .query_row("SELECT count(*) FROM shared_changes", [], |_| Ok(()))
        .unwrap();
    assert_refuses(&log).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wal_that_is_replaced_takes_no_more_changes() {
    let (folder, log) = fresh().await;
    log.record(change(1)).await.unwrap();
    let wal = folder.path().join("sync.db-wal");
    let copy = folder.path().join("copy");
    fs::copy(&wal, &copy).unwrap();
    fs::rename(&copy, &wal).unwrap();
    assert_refuses(&log).await;
}

/// A log with an entry, which one handle has open to write and another to read.
async fn in_use() -> (tempfile::TempDir, SyncDb, SyncDb) {
    let (folder, log) = fresh().await;
    log.record(change(1)).await.unwrap();
    let following = SyncDb::open_read_only(folder.path()).await.unwrap();
    for read in read_at_once(&log).await {
        assert_eq!(read.unwrap(), 1);
    }
    (folder, log, following)
}

/// Otherwise it would never end: the file that was opened gets no more entries.
#[tokio::test(flavor = "multi_thread")]
async fn a_watch_ends_when_the_file_is_moved() {
    let (folder, log, following) = in_use().await;
    let head = log.head().await.unwrap();
    let mut watches = [log.watch(head), following.watch(head)];
    fs::rename(file_in(folder.path()), folder.path().join("moved")).unwrap();
    for watch in &mut watches {
        let ended = tokio::time::timeout(Duration::from_secs(20), watch.changed());
        assert_moved(ended.await.expect("it waits no longer"));
    }
}

/// The closed log of another device, with that many entries.
async fn log_of_another(entries: u128) -> tempfile::TempDir {
    let folder = folder();
    let other = open_as_other(folder.path()).await;
    let changes = (10..10 + entries).map(change).collect();
    other.record_each(changes).await.unwrap();
    other.close().await.unwrap();
    folder
}

/// A tool that copies a database through SQLite, page by page or table by table, writes into the
/// file that the handle has open.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_of_another_device_that_a_tool_restores_into_the_file_is_not_served() {
    let (folder, log, following) = in_use().await;
    let other_folder = log_of_another(1).await;

    let tool = other_program(folder.path());
    let from = file_in(other_folder.path());
    tool.execute("ATTACH ?1 AS other", [from.to_str()]).unwrap();
    let restore = "BEGIN IMMEDIATE; \
         DELETE FROM sync_log_identity; DELETE FROM sync_log_state; \
         DELETE FROM shared_changes; DELETE FROM sync_log_entries; \
         INSERT INTO sync_log_identity SELECT * FROM other.sync_log_identity; \
         INSERT INTO sync_log_state SELECT * FROM other.sync_log_state; \
         INSERT INTO shared_changes SELECT * FROM other.shared_changes; \
         INSERT INTO sync_log_entries SELECT * FROM other.sync_log_entries; COMMIT";
    tool.execute_batch(restore).unwrap();
    assert_serves_nothing(&log, &following).await;
}

async fn assert_serves_nothing(log: &SyncDb, following: &SyncDb) {
    assert_moved(log.record(change(3)).await);
    assert_moved(log.prune_acked().await);
    for handle in [log, following] {
        for outcome in read_at_once(handle).await {
            assert_moved(outcome);
        }
        assert_moved(handle.status().await);
        assert_moved(handle.watch(sync_log_sqlite::Hlc::ZERO).changed().await);
    }
}

/// SQLite's own way to restore, `.restore` of its shell, overwrites the pages of the file that the
/// handle has open.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_of_another_device_that_sqlite_restores_into_the_file_is_not_served() {
    let (folder, log, following) = in_use().await;
    // More pages than the log has.
    let other_folder = log_of_another(30).await;
    put_back(folder.path(), &file_in(other_folder.path()));

    assert_serves_nothing(&log, &following).await;
    log.close().await.unwrap_or_default();
    let restored = open_as_other(folder.path()).await;
    assert_eq!(restored.get_since(None, 100).await.unwrap().len(), 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_another_handle_adopted_the_file_the_old_one_is_moved() {
    let (folder, log) = fresh().await;
    log.record(change(1)).await.unwrap();
    let foreign = "UPDATE shared_changes SET data = '{\"changed\":1}'";
    other_program(folder.path()).execute_batch(foreign).unwrap();
    let adopted = open(folder.path()).await;
    assert_ne!(adopted.identity().log_id, log.identity().log_id);

    assert_moved(log.record(change(2)).await);
    for outcome in read_at_once(&log).await {
        assert_moved(outcome);
    }
    adopted.record(change(3)).await.unwrap();
}

/// Another process writes to the file, moves what is in the `-wal` into the file, and closes it.
fn write_and_close(data_dir: &Path) {
    let other = other_program(data_dir);
    other.execute_batch("CREATE TABLE other (id)").unwrap();
    let flush = "PRAGMA wal_checkpoint(TRUNCATE)";
    other.query_row(flush, [], |_| Ok(())).unwrap();
}

/// A copy of the file, or a checksum, that this process reads drops the locks that SQLite holds. A
/// program that closes the file after that takes itself for the last one. Recent versions of SQLite
/// notice that they are not, so this removes by hand what earlier ones remove.
#[tokio::test(flavor = "multi_thread")]
async fn a_wal_that_a_program_removed_as_the_last_one_takes_no_more_changes() {
    if let Some(data_dir) = as_child() {
        return write_and_close(&data_dir);
    }
    let (folder, log) = fresh().await;
    log.record(change(1)).await.unwrap();
    fs::read(file_in(folder.path())).unwrap();
    let mut other = child(
        a_wal_that_a_program_removed_as_the_last_one_takes_no_more_changes,
        folder.path(),
    );
    assert_passed(&other.output().unwrap());
    for name in ["sync.db-wal", "sync.db-shm"] {
        match fs::remove_file(folder.path().join(name)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            removed => removed.unwrap(),
        }
    }
    let another = other_program(folder.path());
    assert_eq!(stamps(&another).len(), 1);
    assert_refuses(&log).await;
    drop(log);
    let again = open(folder.path()).await;
    assert_eq!(again.get_since(None, 9).await.unwrap().len(), 1);
}
