//! An end without a close: what it damaged is found by the opening, not by the first append (`I7`).

use std::fs::{self, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use sync_log_sqlite::inspect::Inspector;
use sync_log_sqlite::{LogError, StoreFault, SyncDb};

use crate::common::{DEVICE, LIBRARY, change, file_in, folder, fresh, open, other_program};

/// The files of a log whose process was killed: most of it is in the file, and the last entry in the
/// `-wal`.
async fn killed(at: &Path) {
    let (folder, log) = fresh().await;
    for batch in 0..4 {
        let changes = (batch * 500..(batch + 1) * 500).map(change);
        log.record_each(changes.collect()).await.unwrap();
    }
    log.close().await.unwrap();
    let again = open(folder.path()).await;
    again.record(change(5000)).await.unwrap();
    for name in ["sync.db", "sync.db-wal"] {
        fs::copy(folder.path().join(name), at.join(name)).unwrap();
    }
}

/// Overwrites the page of the file in which the records of the first entries are looked up. No
/// opening reads that page.
fn damage(data_dir: &Path) {
    let db = other_program(data_dir);
    let page = "SELECT pageno, pgsize FROM dbstat WHERE name = 'idx_shared_changes_record' \
                AND pagetype = 'leaf' ORDER BY path LIMIT 1";
    let (number, size) = db
        .query_row(page, [], |row| {
            Ok((row.get::<_, u32>(0)?, row.get::<_, u32>(1)?))
        })
        .unwrap();
    let mut file = OpenOptions::new()
        .write(true)
        .open(file_in(data_dir))
        .unwrap();
    let offset = u64::from(number - 1) * u64::from(size);
    file.seek(SeekFrom::Start(offset)).unwrap();
    file.write_all(&vec![0xff; size as usize]).unwrap();
    // The other program keeps the -wal, as a program that is killed does.
    std::mem::forget(db);
}

/// What reads the file meanwhile leaves the `-wal` that shows how the file was left.
#[tokio::test]
async fn what_an_unclean_end_damaged_is_found_by_the_opening_after_a_look() {
    let folder = folder();
    killed(folder.path()).await;
    damage(folder.path());
    let looking = SyncDb::open_read_only(folder.path()).await.unwrap();
    assert_eq!(looking.status().await.unwrap().pending_entries, 2001);
    looking.close().await.unwrap();
    drop(Inspector::open(folder.path()).unwrap());

    let opened = SyncDb::open(LIBRARY, DEVICE, folder.path()).await;
    let error = opened.expect_err("a page of the file is damaged");
    let Some(LogError::Store(cause)) = error.as_log_error() else {
        panic!("{error:?}");
    };
    assert_eq!(cause.fault(), StoreFault::Corrupt);
    assert!(cause.to_string().contains("page"), "{cause}");
}

#[tokio::test]
async fn after_an_unclean_end_a_sound_log_goes_on() {
    let folder = folder();
    killed(folder.path()).await;
    let looking = SyncDb::open_read_only(folder.path()).await.unwrap();
    looking.close().await.unwrap();
    let log = open(folder.path()).await;
    log.record(change(3)).await.unwrap();
    assert_eq!(log.status().await.unwrap().pending_entries, 2002);
    log.close().await.unwrap();
}
