//! Opening: what is refused, by which error, and that a refusal changes nothing.

use std::path::Path;
use std::time::{Duration, Instant};

use sync_log_sqlite::inspect::Inspector;
use sync_log_sqlite::{
    Ack, Cursor, ErrorKind, LogError, OpenError, PrunePolicy, ReadLimits, StoreFault, SyncDb, Uuid,
};

use crate::common::{
    self, DEVICE, LIBRARY, PEER, as_child, change, child, contents, file_in, folder, open, raw,
};

async fn refused(data_dir: &Path) -> OpenError {
    let options = SyncDb::options().busy_timeout(Duration::from_millis(300));
    options.open(LIBRARY, DEVICE, data_dir).await.unwrap_err()
}

fn store_kind(error: &OpenError) -> Option<StoreFault> {
    match error.as_log_error()? {
        LogError::Store(error) => Some(error.fault()),
        _ => None,
    }
}

/// The whole chain, as an operator reads it.
fn told(error: &dyn std::error::Error) -> String {
    let mut told = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        told.push_str(": ");
        told.push_str(&cause.to_string());
        source = cause.source();
    }
    told
}

#[tokio::test]
async fn a_missing_folder_is_created() {
    let folder = folder();
    let data_dir = folder.path().join("libraries/Jamie's Library.sdlibrary");
    let log = open(&data_dir).await;
    assert_eq!(log.path(), Some(file_in(&data_dir).as_path()));
    log.close().await.unwrap();
    assert!(file_in(&data_dir).is_file());
}

#[tokio::test]
async fn an_empty_file_is_a_new_log() {
    let folder = folder();
    std::fs::write(file_in(folder.path()), b"").unwrap();
    open(folder.path()).await.record(change(1)).await.unwrap();
}

#[tokio::test]
async fn a_log_that_is_made_beside_records_begins_with_a_floor_and_stays_so() {
    let folder = folder();
    let beside = || SyncDb::options().beside_records();
    let log = beside().open(LIBRARY, DEVICE, folder.path()).await.unwrap();
    let memory = beside().open_in_memory(LIBRARY, DEVICE).await.unwrap();
    for made in [&log, &memory] {
        let (head, floor) = (made.head().await.unwrap(), made.floor().await.unwrap());
        assert!(head == floor && floor.device_id == DEVICE);
        made.register_peer(PEER).await.unwrap();
        let page = made.read_for(PEER, Cursor::ZERO, ReadLimits::default());
        let error = page.await.unwrap_err();
        assert!(matches!(error, LogError::Compacted { .. }), "{error:?}");
        // A snapshot is taken, and the peer reads on from there.
        let cursor = made.head_cursor().await.unwrap();
        let stamp = made.record(change(1)).await.unwrap();
        let after_snapshot = made.read_for(PEER, cursor, ReadLimits::default());
        let next = after_snapshot.await.unwrap().next;
        assert_eq!(next.hlc(), stamp);
        made.acknowledge(Ack::new(PEER, next)).await.unwrap();
        assert_eq!(made.prune_acked().await.unwrap(), 1);
    }
    log.close().await.unwrap();
    for check in Inspector::open(folder.path()).unwrap().verify().unwrap() {
        assert!(check.is_ok(), "{check:?}");
    }
}

#[tokio::test]
async fn a_log_that_is_there_is_opened_as_it_is_beside_records_or_not() {
    for is_made_beside in [false, true] {
        let folder = folder();
        let options = |is_beside| {
            let options = SyncDb::options();
            if is_beside {
                options.beside_records()
            } else {
                options
            }
        };
        let made = options(is_made_beside).open(LIBRARY, DEVICE, folder.path());
        made.await.unwrap().close().await.unwrap();
        let before = contents(folder.path());
        let opened = options(!is_made_beside).open(LIBRARY, DEVICE, folder.path());
        let log = opened.await.unwrap();
        assert_eq!(log.floor().await.unwrap().is_zero(), !is_made_beside);
        log.close().await.unwrap();
        assert_eq!(contents(folder.path()), before);
    }
}

#[tokio::test]
async fn two_logs_in_memory_are_two_logs() {
    let one = SyncDb::open_in_memory(LIBRARY, DEVICE).await.unwrap();
    let other = SyncDb::open_in_memory(LIBRARY, DEVICE).await.unwrap();
    assert_eq!(one.path(), None);
    one.record(change(1)).await.unwrap();
    assert_eq!(other.get_since(None, 10).await.unwrap(), []);
    assert_ne!(one.identity().log_id, other.identity().log_id);
}

#[tokio::test]
async fn a_folder_that_is_a_file_is_refused() {
    let folder = folder();
    let file = folder.path().join("a file");
    std::fs::write(&file, b"mine").unwrap();
    let before = contents(folder.path());
    for data_dir in [file.clone(), file.join("below")] {
        let error = refused(&data_dir).await;
        assert!(
            matches!(&error, OpenError::NotAFolder { path } if *path == data_dir),
            "{error:?}"
        );
        assert_eq!(error.kind(), ErrorKind::FixCall);
        assert!(error.to_string().contains("a file"), "{error}");
    }
    assert_eq!(contents(folder.path()), before);
}

#[tokio::test]
async fn a_folder_where_the_file_should_be_is_refused() {
    let folder = folder();
    std::fs::create_dir(file_in(folder.path())).unwrap();
    let error = refused(folder.path()).await;
    assert!(matches!(error, OpenError::NotSqlite { .. }), "{error:?}");
    assert!(error.to_string().contains("sync.db"), "{error}");
    assert_eq!(contents(&file_in(folder.path())), []);
}

#[tokio::test]
async fn a_file_that_is_not_sqlite_is_refused() {
    let texts: [&[u8]; 4] = [b"x", b"SQLite format 3", b"%PDF-1.7\n", &[0xff; 8192]];
    for text in texts {
        let folder = folder();
        std::fs::write(file_in(folder.path()), text).unwrap();
        let before = contents(folder.path());
        let error = refused(folder.path()).await;
        assert!(
            matches!(&error, OpenError::NotSqlite { path } if *path == file_in(folder.path())),
            "{error:?}"
        );
        // A file that is only moved away would be followed by an empty log.
        assert!(error.help().contains("beside the records"), "{error:?}");
        assert_eq!(contents(folder.path()), before);
    }
}

#[tokio::test]
async fn a_nil_id_is_refused_before_anything_is_made() {
    let folder = folder();
    let data_dir = folder.path().join("not made");
    for (library, device, named) in [
        (Uuid::nil(), DEVICE, "library id"),
        (LIBRARY, Uuid::nil(), "device id"),
    ] {
        let error = SyncDb::open(library, device, &data_dir).await.unwrap_err();
        assert!(
            matches!(error.as_log_error(), Some(LogError::NilId { what }) if *what == named),
            "{error:?}"
        );
        assert_eq!(error.kind(), ErrorKind::FixCall);
        let in_memory = SyncDb::open_in_memory(library, device).await.unwrap_err();
        assert!(
            matches!(in_memory.as_log_error(), Some(LogError::NilId { .. })),
            "{in_memory:?}"
        );
    }
    assert!(!data_dir.exists());
}

#[tokio::test]
async fn an_option_out_of_range_is_refused_before_anything_is_made() {
    let folder = folder();
    let data_dir = folder.path().join("not made");
    let policy = PrunePolicy::KeepEntries { count: usize::MAX };
    let options = || SyncDb::options().policy(policy);
    let refusals = [
        options().open_in_memory(LIBRARY, DEVICE).await,
        options().open(LIBRARY, DEVICE, &data_dir).await,
        options().open_read_only(&data_dir).await,
    ];
    for opened in refusals {
        let error = opened.unwrap_err();
        assert!(
            matches!(
                error.as_log_error(),
                Some(LogError::OptionOutOfRange { .. })
            ),
            "{error:?}"
        );
    }
    assert!(!data_dir.exists());
}

#[tokio::test]
async fn any_busy_timeout_is_taken() {
    let folder = folder();
    for busy in [Duration::ZERO, Duration::MAX] {
        let options = SyncDb::options().busy_timeout(busy);
        let log = options.clone();
        let log = log.open(LIBRARY, DEVICE, folder.path()).await.unwrap();
        log.record(change(1)).await.unwrap();
        log.close().await.unwrap();
        let reading = options.open_read_only(folder.path()).await.unwrap();
        reading.head().await.unwrap();
        reading.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_log_of_another_library_or_device_is_refused() {
    let folder = folder();
    open(folder.path()).await.close().await.unwrap();
    let before = contents(folder.path());
    let other = Uuid::from_u128(0xee);
    for (library, device) in [(other, DEVICE), (LIBRARY, other), (other, other)] {
        let opened = SyncDb::open(library, device, folder.path()).await;
        let error = opened.unwrap_err();
        let Some(LogError::IdentityMismatch {
            stored_library,
            stored_device,
            ..
        }) = error.as_log_error()
        else {
            panic!("{error:?}");
        };
        assert_eq!(
            (*stored_library, *stored_device),
            (LIBRARY.into(), DEVICE.into())
        );
        assert_eq!(error.kind(), ErrorKind::FixCall);
        assert!(
            told(&error).contains(&other.to_string()),
            "{}",
            told(&error)
        );
    }
    assert_eq!(contents(folder.path()), before);
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_named_before_anything_else() {
    let folder = folder();
    open(folder.path()).await.close().await.unwrap();
    raw(folder.path())
        .execute_batch(
            "INSERT INTO sync_log_migrations VALUES ('sync_log_9999_from_the_future', 0);
             UPDATE sync_log_identity SET device_id = 'in a form that is not known yet';",
        )
        .unwrap();
    let before = contents(folder.path());
    let error = refused(folder.path()).await;
    let OpenError::SchemaTooNew { path, unknown } = &error else {
        panic!("{error:?}");
    };
    assert_eq!(*path, file_in(folder.path()));
    assert_eq!(unknown, &["sync_log_9999_from_the_future"]);
    assert!(error.to_string().contains("sync_log_9999"), "{error}");
    assert_eq!(contents(folder.path()), before);
}

#[tokio::test]
async fn a_database_with_tables_of_an_app_is_opened_beside_them() {
    let folder = folder();
    raw(folder.path())
        .execute_batch("CREATE TABLE notes (text TEXT); INSERT INTO notes VALUES ('mine');")
        .unwrap();
    let log = open(folder.path()).await;
    log.record(change(1)).await.unwrap();
    log.close().await.unwrap();
    let note: String = raw(folder.path())
        .query_row("SELECT text FROM notes", [], |row| row.get(0))
        .unwrap();
    assert_eq!(note, "mine");
}

#[tokio::test]
async fn a_file_that_was_left_half_written_is_rolled_back_and_opened() {
    let (folder, left) = (folder(), common::folder());
    let other = raw(folder.path());
    other
        .execute_batch(
            "CREATE TABLE notes (text TEXT); INSERT INTO notes VALUES ('mine');
             PRAGMA cache_size = 1; PRAGMA cache_spill = 1;
             BEGIN; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 99)
             INSERT INTO notes SELECT hex(zeroblob(1000)) FROM n;",
        )
        .unwrap();
    // What is there now is what a process leaves that is killed now.
    for file in ["sync.db", "sync.db-journal"] {
        std::fs::copy(folder.path().join(file), left.path().join(file)).unwrap();
    }
    let log = open(left.path()).await;
    log.record(change(1)).await.unwrap();
    log.close().await.unwrap();
    let sql = "SELECT count(*) FROM notes";
    let notes: u32 = raw(left.path())
        .query_row(sql, [], |row| row.get(0))
        .unwrap();
    assert_eq!(notes, 1);
}

#[tokio::test]
async fn a_file_that_stays_locked_is_refused_after_the_wait() {
    let folder = folder();
    let other = raw(folder.path());
    other
        .execute_batch("CREATE TABLE notes (text TEXT); BEGIN EXCLUSIVE;")
        .unwrap();
    let before = contents(folder.path());
    let began = Instant::now();
    let error = refused(folder.path()).await;
    assert_eq!(store_kind(&error), Some(StoreFault::Locked), "{error:?}");
    assert_eq!(error.kind(), ErrorKind::Retry);
    assert!(began.elapsed() >= Duration::from_millis(300));
    assert!(began.elapsed() < Duration::from_secs(5));
    assert_eq!(contents(folder.path()), before);
    other.execute_batch("COMMIT").unwrap();
    open(folder.path()).await;
}

/// Waits for a lock, for another handle's commit, and for the end, on whatever runtime this
/// is called.
async fn wait_for_everything(data_dir: &Path) {
    let other = raw(data_dir);
    // Turning this file into one with a WAL takes a lock that SQLite gives up at once.
    let held = "CREATE TABLE notes (text TEXT); BEGIN IMMEDIATE";
    other.execute_batch(held).unwrap();
    let freed = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        drop(other);
    });
    let log = open(data_dir).await;
    freed.join().unwrap();
    let looking = SyncDb::open_read_only(data_dir).await.unwrap();
    let second = open(data_dir).await;
    for reader in [&second, &looking] {
        let mut watch = reader.watch(log.head().await.unwrap());
        let stamp = log.record(change(1)).await.unwrap();
        assert_eq!(watch.changed().await.unwrap(), stamp);
    }
    for handle in [log, looking, second] {
        handle.close().await.unwrap();
    }
}

#[test]
fn no_runtime_has_to_have_a_timer() {
    let folder = folder();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(wait_for_everything(folder.path()));
}

#[tokio::test(start_paused = true)]
async fn a_runtimes_clock_may_stand_still() {
    let folder = folder();
    wait_for_everything(folder.path()).await;
}

#[tokio::test]
async fn opening_at_once_makes_one_log() {
    for _ in 0..10 {
        let folder = folder();
        let opening: Vec<_> = (0..4)
            .map(|_| {
                let data_dir = folder.path().to_owned();
                tokio::spawn(async move { open(&data_dir).await })
            })
            .collect();
        let mut ids = Vec::new();
        for log in opening {
            ids.push(log.await.unwrap().identity().log_id);
        }
        ids.dedup();
        assert_eq!(ids.len(), 1, "{ids:?}");
    }
}

#[test]
fn processes_that_make_a_file_at_once_make_one_log() {
    if let Some(data_dir) = as_child() {
        let id = run(async move { open(&data_dir).await.identity().log_id });
        return common::say(id);
    }
    for _ in 0..5 {
        let folder = folder();
        let children: Vec<_> = (0..4)
            .map(|_| {
                child(
                    processes_that_make_a_file_at_once_make_one_log,
                    folder.path(),
                )
                .spawn()
                .unwrap()
            })
            .collect();
        let mut ids: Vec<String> = Vec::new();
        for mut child in children {
            ids.extend(common::heard(&mut child));
            assert!(child.wait().unwrap().success());
        }
        assert_eq!(ids.len(), 4);
        ids.dedup();
        assert_eq!(ids.len(), 1, "{ids:?}");
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be made")
        .block_on(future)
}

#[cfg(unix)]
mod rights {
    //! Permission bits do not bind root, so these run as another user.

    use super::*;
    use crate::common::rights::{set_mode, unprivileged};

    async fn refused_as_read_only(data_dir: &Path) {
        let before = contents(data_dir);
        let error = refused(data_dir).await;
        assert_eq!(
            store_kind(&error),
            Some(StoreFault::ReadOnly),
            "{}",
            told(&error)
        );
        assert_eq!(error.kind(), ErrorKind::Reopen);
        assert!(error.to_string().contains("sync.db"), "{error}");
        // In a file that may not be written not even SQLite tidies up.
        let after = contents(data_dir);
        assert_eq!(after.first(), before.first());
    }

    #[test]
    fn a_read_only_file_is_refused() {
        unprivileged(a_read_only_file_is_refused, async |data_dir| {
            open(data_dir).await.close().await.unwrap();
            set_mode(&file_in(data_dir), 0o444);
            refused_as_read_only(data_dir).await;
        });
    }

    #[test]
    fn a_file_in_a_read_only_folder_is_refused() {
        unprivileged(a_file_in_a_read_only_folder_is_refused, async |data_dir| {
            open(data_dir).await.close().await.unwrap();
            set_mode(data_dir, 0o555);
            refused_as_read_only(data_dir).await;
        });
    }

    #[test]
    fn a_read_only_folder_without_a_file_is_refused() {
        unprivileged(
            a_read_only_folder_without_a_file_is_refused,
            async |data_dir| {
                set_mode(data_dir, 0o555);
                refused_as_read_only(data_dir).await;
            },
        );
    }

    #[test]
    fn a_file_that_cannot_be_read_is_refused() {
        unprivileged(a_file_that_cannot_be_read_is_refused, async |data_dir| {
            open(data_dir).await.close().await.unwrap();
            set_mode(&file_in(data_dir), 0o000);
            let error = refused(data_dir).await;
            assert_eq!(error.kind(), ErrorKind::Reopen, "{}", told(&error));
        });
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_refused() {
        unprivileged(a_folder_that_cannot_be_made_is_refused, async |data_dir| {
            set_mode(data_dir, 0o555);
            let error = refused(&data_dir.join("below")).await;
            assert_eq!(error.kind(), ErrorKind::Reopen, "{}", told(&error));
            assert_eq!(contents(data_dir), []);
        });
    }
}
