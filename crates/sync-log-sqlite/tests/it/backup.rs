//! Backups of a log that is in use (`I7`).

use std::fs;
use std::path::Path;

use sync_log_sqlite::inspect::Inspector;
use sync_log_sqlite::{BackupError, ErrorKind, FILE_NAME, OpenError, StoreFault, SyncDb, Uuid};

use crate::common::{DEVICE, LIBRARY, change, contents, file_in, folder, fresh, open};

/// How many entries a file has.
async fn entries_in(file: &Path) -> usize {
    let copy = SyncDb::open_read_only(file).await.unwrap();
    copy.get_since(None, 10_000).await.unwrap().len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_a_log_in_use_is_one_whole_sound_file() {
    let (folder, log) = fresh().await;
    log.record_each((0..100).map(change).collect())
        .await
        .unwrap();
    let writing = tokio::spawn({
        let log = log.clone();
        async move {
            for record in 0.. {
                if log.record_many(vec![change(record); 2]).await.is_err() {
                    break;
                }
            }
        }
    });
    for name in ["first", "second"] {
        let backups = folder.path().join(name);
        fs::create_dir(&backups).unwrap();
        let backup = backups.join(FILE_NAME);
        log.backup_to(&backup).await.unwrap();
        let files = contents(&backups);
        assert_eq!(files.len(), 1, "{files:?}");
        let copied = entries_in(&backup).await;
        assert!(copied >= 100 && copied.is_multiple_of(2), "{copied}");
        let checks = Inspector::open(&backup).unwrap().verify().unwrap();
        assert!(checks.iter().all(|check| check.is_ok()), "{checks:?}");
    }
    log.close().await.unwrap();
    writing.await.unwrap();
}

#[tokio::test]
async fn a_backup_is_marked_and_opens_only_to_be_read() {
    let (_folder, log) = fresh().await;
    log.record(change(1)).await.unwrap();
    let backups = folder();
    log.backup_to(&file_in(backups.path())).await.unwrap();
    let before = contents(backups.path());
    let refused = SyncDb::open(LIBRARY, DEVICE, backups.path()).await;
    let error = refused.unwrap_err();
    assert!(matches!(error, OpenError::Copy { .. }), "{error:?}");
    assert_eq!(error.kind(), ErrorKind::NewIdentity);
    assert_eq!(contents(backups.path()), before);
    let copy = SyncDb::open_read_only(backups.path()).await.unwrap();
    assert_eq!(copy.identity(), log.identity());
    let is_backup = |path: &Path| Inspector::open(path).unwrap().is_backup().unwrap();
    assert!(is_backup(backups.path()));
    assert!(!is_backup(log.path().unwrap()));
}

#[tokio::test]
async fn a_backup_replaces_nothing() {
    let (folder, log) = fresh().await;
    for name in ["taken", "taken-too.db-wal"] {
        fs::write(folder.path().join(name), "kept").unwrap();
    }
    for name in ["taken", "taken-too.db", FILE_NAME] {
        let error = log.backup_to(&folder.path().join(name)).await.unwrap_err();
        assert!(matches!(error, BackupError::Exists { .. }), "{error:?}");
        assert_eq!(error.kind(), ErrorKind::FixCall);
    }
    assert_eq!(fs::read(folder.path().join("taken")).unwrap(), b"kept");
    assert!(!folder.path().join("taken-too.db").exists());
    log.record(change(1)).await.unwrap();
}

/// A process that was killed while it made a backup left a part of it. Another one may be at work on
/// a backup at the same path.
#[tokio::test]
async fn what_a_killed_backup_left_is_removed_by_the_next_one() {
    let (_folder, log) = fresh().await;
    log.record(change(1)).await.unwrap();
    let backups = folder();
    let backup = backups.path().join("copy.db");
    let partial = |number| {
        let part = format!("copy.db-partial-{}", Uuid::from_u128(number));
        backups.path().join(part)
    };
    let journal = format!("{}-journal", partial(1).display());
    let of_a_person = backups.path().join("copy.db-partial-notes");
    for left in [&partial(1), Path::new(&journal), &partial(2), &of_a_person] {
        fs::write(left, "a part").unwrap();
    }
    let at_work = fs::File::open(partial(2)).unwrap();
    at_work.try_lock().unwrap();
    log.backup_to(&backup).await.unwrap();
    assert_eq!(entries_in(&backup).await, 1);
    assert!(!partial(1).exists() && !Path::new(&journal).exists());
    assert!(partial(2).exists() && of_a_person.exists());

    drop(at_work);
    log.backup_to(&backup).await.unwrap_err();
    assert!(!partial(2).exists() && backup.exists() && of_a_person.exists());
}

#[cfg(unix)]
#[tokio::test]
async fn a_path_that_sqlite_cannot_take_is_refused_by_name() {
    use std::os::unix::ffi::OsStrExt;
    let (_folder, log) = fresh().await;
    let backups = folder();
    let far = backups.path().join("d".repeat(180)).join("d".repeat(180));
    fs::create_dir_all(&far).unwrap();
    let of_bytes = |bytes: usize| far.join("c".repeat(bytes - far.as_os_str().len() - 1));
    for long in [of_bytes(460), backups.path().join("c".repeat(203))] {
        let error = log.backup_to(&long).await.unwrap_err();
        assert!(
            matches!(error, BackupError::PathTooLong { .. }),
            "{error:?}"
        );
        assert_eq!(error.kind(), ErrorKind::FixCall);
        assert!(error.help().contains("459 bytes"));
    }
    let not_text = far.join(std::ffi::OsStr::from_bytes(b"copy-\xff.db"));
    let error = log.backup_to(&not_text).await.unwrap_err();
    assert!(
        matches!(error, BackupError::PathNotUtf8 { .. }),
        "{error:?}"
    );
    assert_eq!(error.kind(), ErrorKind::FixCall);
    assert_eq!(contents(&far), []);
    for longest in [of_bytes(459), backups.path().join("c".repeat(202))] {
        log.backup_to(&longest).await.unwrap();
        assert_eq!(entries_in(&longest).await, 0);
    }
}

#[tokio::test]
async fn a_backup_that_fails_leaves_nothing() {
    let (folder, log) = fresh().await;
    let missing = folder.path().join("missing").join("copy.db");
    log.backup_to(&missing).await.unwrap_err();
    let backups = crate::common::folder();
    let backup = backups.path().join("copy.db");
    let following = SyncDb::open_read_only(folder.path()).await.unwrap();
    following.backup_to(&backup).await.unwrap_err();
    log.close().await.unwrap();
    let BackupError::Failed { source, .. } = log.backup_to(&backup).await.unwrap_err() else {
        panic!("it is closed");
    };
    assert_eq!(source.fault(), StoreFault::Closed);
    assert_eq!(contents(backups.path()), []);
}

#[cfg(unix)]
#[tokio::test]
async fn the_files_of_a_log_and_of_a_backup_are_private() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, log) = fresh().await;
    log.record(change(1)).await.unwrap();
    log.backup_to(&folder.path().join("copy.db")).await.unwrap();
    for name in ["sync.db", "sync.db-wal", "sync.db-shm", "copy.db"] {
        let metadata = fs::metadata(folder.path().join(name)).unwrap();
        let mode = metadata.permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    // Rights that a person gave to a file are left alone.
    log.close().await.unwrap();
    let mode = PermissionsExt::from_mode(0o640);
    fs::set_permissions(file_in(folder.path()), mode).unwrap();
    let again = open(folder.path()).await;
    again.record(change(2)).await.unwrap();
    let metadata = fs::metadata(file_in(folder.path())).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o777, 0o640);
}
