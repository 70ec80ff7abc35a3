//! A refusal changes nothing (`I8`): not the journal mode, not a table, not a byte.

use std::path::Path;

use sync_log_sqlite::{
    ErrorKind, FILE_NAME, LogError, OpenError, PrunePolicy, StoreFault, SyncDb, SyncDbOptions,
};

use crate::common::{
    DEVICE, LIBRARY, change, contents, file_in, folder, fresh, open, other_program, raw,
};

/// A file of an earlier program, in the journal mode in which SQLite makes files.
fn adoptable() -> tempfile::TempDir {
    let folder = folder();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/earlier-program");
    std::fs::copy(fixture.join(FILE_NAME), file_in(folder.path())).unwrap();
    let delete = "PRAGMA journal_mode = DELETE";
    other_program(folder.path()).execute_batch(delete).unwrap();
    folder
}

/// A log of ours with an entry, to which another program did `sql`, and which that program left in
/// the journal mode in which SQLite makes files.
async fn spoiled(sql: &str) -> tempfile::TempDir {
    let (folder, log) = fresh().await;
    log.record(change(1)).await.unwrap();
    log.close().await.unwrap();
    let sql = format!("PRAGMA journal_mode = DELETE; {sql}");
    other_program(folder.path()).execute_batch(&sql).unwrap();
    folder
}

async fn refused(options: SyncDbOptions, data_dir: &Path) -> OpenError {
    let before = contents(data_dir);
    let error = options.open(LIBRARY, DEVICE, data_dir).await.unwrap_err();
    assert_eq!(contents(data_dir), before, "{error:?}");
    error
}

#[tokio::test]
async fn an_option_out_of_range_adopts_nothing() {
    let folder = adoptable();
    let too_many = PrunePolicy::KeepEntries { count: usize::MAX };
    for options in [
        SyncDb::options().policy(too_many),
        SyncDb::options().max_data_bytes(usize::MAX),
    ] {
        let error = refused(options, folder.path()).await;
        assert_eq!(error.kind(), ErrorKind::FixCall);
        let cause = error.as_log_error().unwrap();
        assert!(matches!(cause, LogError::OptionOutOfRange { .. }));
    }
}

#[tokio::test]
async fn tables_that_cannot_hold_a_log_keep_the_journal_mode_that_they_are_in() {
    let changes = [
        "ALTER TABLE shared_changes RENAME COLUMN data TO payload",
        "DROP TABLE peer_acks; CREATE TABLE peer_acks (hlc TEXT)",
        "DROP TABLE shared_changes; CREATE VIEW shared_changes AS SELECT 1 AS hlc",
        // Rows of another program beside tables of ours that never had an identity.
        "DELETE FROM sync_log_identity; DELETE FROM sync_log_state; \
         CREATE TRIGGER t AFTER INSERT ON shared_changes BEGIN SELECT 1; END",
    ];
    for sql in changes {
        let folder = spoiled(sql).await;
        let error = refused(SyncDb::options(), folder.path()).await;
        let is_named = matches!(error, OpenError::NotAdoptable { .. });
        assert!(is_named, "{sql}: {error:?}");
    }
}

#[tokio::test]
async fn a_log_that_lost_its_identity_keeps_the_journal_mode_that_it_is_in() {
    let folder = spoiled("DELETE FROM sync_log_identity").await;
    let error = refused(SyncDb::options(), folder.path()).await;
    let Some(LogError::Store(cause)) = error.as_log_error() else {
        panic!("{error:?}");
    };
    assert_eq!(cause.fault(), StoreFault::Corrupt);
}

/// A log that was there before, and is not, is not made again without a word.
#[tokio::test]
async fn a_log_that_has_to_exist_is_not_made() {
    let folder = folder();
    let library = folder.path().join("library");
    let existing = || SyncDb::options().existing_only();
    let refused = async |data_dir: &Path| {
        let before = data_dir.exists().then(|| contents(data_dir));
        let refused = existing().open(LIBRARY, DEVICE, data_dir).await;
        let error = refused.unwrap_err();
        assert!(matches!(error, OpenError::Missing { .. }), "{error:?}");
        assert_eq!(error.kind(), ErrorKind::RepairData);
        assert_eq!(data_dir.exists().then(|| contents(data_dir)), before);
    };
    refused(&library).await;
    std::fs::create_dir(&library).unwrap();
    refused(&library).await;
    std::fs::write(file_in(&library), []).unwrap();
    refused(&library).await;
    std::fs::remove_file(file_in(&library)).unwrap();
    // A database without tables, such as the copy of a file of which nothing was moved out of the
    // `-wal` yet.
    let database = raw(&library);
    database.pragma_update(None, "user_version", 0).unwrap();
    database.execute_batch("VACUUM").unwrap();
    drop(database);
    refused(&library).await;

    let log = open(&library).await;
    log.record(change(1)).await.unwrap();
    log.close().await.unwrap();
    let found = existing().open(LIBRARY, DEVICE, &library).await.unwrap();
    assert_eq!(found.get_since(None, 9).await.unwrap().len(), 1);
}

/// SQLite takes fewer bytes of a path than the system does.
#[cfg(unix)]
#[tokio::test]
async fn a_path_that_sqlite_cannot_take_makes_no_folder() {
    let folder = folder();
    let long = "x".repeat(250);
    let data_dir = folder.path().join(&long).join(&long).join("library");
    let refused = SyncDb::open(LIBRARY, DEVICE, &data_dir).await.unwrap_err();
    let is_named = matches!(refused, OpenError::PathTooLong { max: 504, .. });
    assert!(is_named, "{refused:?}");
    assert_eq!(contents(folder.path()), []);
}
