//! A disk that is full: a file that is adopted is as it was (`I8`), a close loses nothing (`I7`), and a
//! folder for temporary files is named.

use std::path::Path;

use sync_log_sqlite::inspect::try_adoption;
use sync_log_sqlite::{FILE_NAME, LogError, StoreError, StoreFault, SyncDb};

use crate::common::tables::changes_in;
use crate::common::{
    DEVICE, LIBRARY, as_child, assert_passed, change, child, file_in, open, other_program,
};
use crate::io_faults::{Disk, ORDERS, compiled_shim, disk_in_memory};

#[test]
fn a_disk_that_is_full_while_a_file_is_adopted_leaves_it_as_it_was() {
    on_a_failing_disk(
        a_disk_that_is_full_while_a_file_is_adopted_leaves_it_as_it_was,
        adopt_at_each_write,
    );
}

#[test]
fn a_close_on_a_full_disk_says_that_the_file_is_not_whole_and_loses_nothing() {
    on_a_failing_disk(
        a_close_on_a_full_disk_says_that_the_file_is_not_whole_and_loses_nothing,
        close_at_each_write,
    );
}

#[test]
fn a_folder_for_temporary_files_that_is_full_is_named() {
    on_a_failing_disk(
        a_folder_for_temporary_files_that_is_full_is_named,
        try_adoption_at_each_write,
    );
}

/// Runs `test` again as a child that has the failing disk, and `check` there.
fn on_a_failing_disk<Test>(test: Test, check: impl AsyncFnOnce(&Path)) {
    if let Some(data_dir) = as_child() {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        return runtime.unwrap().block_on(check(&data_dir));
    }
    let folder = disk_in_memory();
    let mut child = child(test, &folder.path().join("data"));
    child
        .env("LD_PRELOAD", compiled_shim(folder.path()))
        .env(ORDERS, folder.path().join("orders"));
    assert_passed(&child.output().unwrap());
}

/// The disk is full from the nth write of the close on, for each of them.
async fn close_at_each_write(data_dir: &Path) {
    let entries = async |log: &SyncDb| log.get_since(None, 100).await.unwrap().len();
    let mut not_whole = 0;
    for nth in 1.. {
        let data_dir = data_dir.join(nth.to_string());
        let log = open(&data_dir).await;
        log.record_each((0..40).map(change).collect())
            .await
            .unwrap();
        let disk = Disk::new(nth, "ENOSPC", "on");
        let closed = log.close().await;
        let again = log.close().await;
        disk.repair();
        assert_eq!(
            again.is_ok(),
            closed.is_ok(),
            "a second close says the same"
        );
        let failed = disk.failed();
        match &closed {
            Ok(()) => {
                let alone = data_dir.join("alone");
                std::fs::create_dir(&alone).unwrap();
                std::fs::copy(file_in(&data_dir), file_in(&alone)).unwrap();
                assert_eq!(entries(&open(&alone).await).await, 40, "{failed:?}");
            }
            Err(LogError::Store(error)) => {
                assert_eq!(error.fault(), StoreFault::NotWhole, "{failed:?}");
                not_whole += 1;
                let cause = error.source_as::<StoreError>().unwrap().fault();
                assert!(
                    matches!(cause, StoreFault::Full | StoreFault::Io),
                    "{error:?}"
                );
            }
            Err(other) => panic!("{other:?}"),
        }
        let later = open(&data_dir).await;
        assert_eq!(entries(&later).await, 40, "at {nth}: {failed:?}");
        later.record(change(41)).await.unwrap();
        later.close().await.unwrap();
        if failed.is_empty() {
            assert!(not_whole > 0, "the disk was never full");
            closed.unwrap();
            return;
        }
        std::fs::remove_dir_all(&data_dir).unwrap();
    }
}

/// The file of an earlier program, which SQLite reads without a write beside it.
fn make_adoptable(data_dir: &Path) {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/earlier-program");
    std::fs::create_dir_all(data_dir).unwrap();
    std::fs::copy(fixture.join(FILE_NAME), file_in(data_dir)).unwrap();
    let mode = "PRAGMA journal_mode = DELETE";
    other_program(data_dir).execute_batch(mode).unwrap();
}

/// An adoption writes some hundred pages, and one is like the next.
fn some_writes() -> impl Iterator<Item = u32> {
    (1..8).chain((8..).step_by(17))
}

/// The writes that fail are those to a copy in the folder for temporary files.
async fn try_adoption_at_each_write(data_dir: &Path) {
    make_adoptable(data_dir);
    let before = everything(data_dir);
    let mut full = 0;
    for nth in some_writes() {
        let disk = Disk::new(nth, "ENOSPC", "on");
        let tried = try_adoption(data_dir, LIBRARY, DEVICE).await;
        disk.repair();
        let failed = disk.failed();
        if failed.is_empty() {
            assert!(full > 3, "the folder was full {full} times");
            tried.unwrap();
            return;
        }
        assert_eq!(everything(data_dir), before, "at {nth}: {failed:?}");
        let Err(error) = tried else { continue };
        let Some(LogError::Store(cause)) = error.as_log_error() else {
            panic!("{error:?}");
        };
        let is_of_the_disk = matches!(cause.fault(), StoreFault::Full | StoreFault::Io);
        assert!(is_of_the_disk, "at {nth}: {failed:?}, {cause:?}");
        let named = "a folder for temporary files (TMPDIR)";
        assert!(cause.to_string().contains(named), "at {nth}: {cause:?}");
        full += u32::from(cause.fault() == StoreFault::Full);
    }
}

async fn adopt_at_each_write(data_dir: &Path) {
    for nth in some_writes() {
        let data_dir = data_dir.join(nth.to_string());
        make_adoptable(&data_dir);
        let before = everything(&data_dir);
        let disk = Disk::new(nth, "ENOSPC", "on");
        let opened = SyncDb::open(LIBRARY, DEVICE, &data_dir).await;
        disk.repair();
        let failed = disk.failed();
        if failed.is_empty() {
            assert!(nth > 3, "the disk was never full");
            opened.unwrap().close().await.unwrap();
            return;
        }
        match opened {
            Ok(log) => log.close().await.unwrap_or_default(),
            Err(error) => {
                let Some(LogError::Store(cause)) = error.as_log_error() else {
                    panic!("{error:?}");
                };
                assert!(matches!(cause.fault(), StoreFault::Full | StoreFault::Io));
                assert_eq!(everything(&data_dir), before, "at {nth}: {failed:?}");
            }
        }
        // The disk works again, and so does the log.
        let log = SyncDb::open(LIBRARY, DEVICE, &data_dir).await.unwrap();
        log.close().await.unwrap();
        std::fs::remove_dir_all(&data_dir).unwrap();
    }
}

/// The names of all tables, and how many rows another program wrote.
fn everything(data_dir: &Path) -> (Vec<String>, usize) {
    let db = other_program(data_dir);
    let list = "SELECT name FROM sqlite_master ORDER BY name";
    let mut query = db.prepare(list).unwrap();
    let names = query.query_map([], |row| row.get(0)).unwrap();
    let names = names.collect::<Result<_, _>>().unwrap();
    (names, changes_in(&db, "shared_changes").len())
}
