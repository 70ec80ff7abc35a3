//! The library that the tests look at: fixed ids, a fixed clock, so the same rows each time.

use std::path::Path;
use std::process::{Command, Output};

use sync_log_sqlite::{
    Change, ChangeType, FILE_NAME, Hlc, LogError, ManualClock, ReadLimits, SyncDb, Uuid,
};

pub(crate) const LIBRARY: Uuid = Uuid::from_u128(0x11);
pub(crate) const DEVICE: Uuid = Uuid::from_u128(0xa0);
pub(crate) const PHONE: Uuid = Uuid::from_u128(0xb0);
pub(crate) const TABLET: Uuid = Uuid::from_u128(0xc0);

const NOW_MS: i64 = 1_518_233_235_000;

/// A Spacedrive-style `sync.db`: entries of this device and one of another, and an ack.
pub(crate) const EARLIER_PROGRAM: &str = "
    CREATE TABLE shared_changes (
        hlc TEXT PRIMARY KEY, model_type TEXT NOT NULL, record_uuid TEXT NOT NULL,
        change_type TEXT NOT NULL, data TEXT NOT NULL, created_at TEXT NOT NULL);
    CREATE TABLE peer_acks (
        peer_device_id TEXT PRIMARY KEY, last_acked_hlc TEXT NOT NULL, acked_at TEXT NOT NULL);
    INSERT INTO shared_changes VALUES
        ('000001617dc0ae38-0000000000000001-00000000-0000-0000-0000-0000000000a0', 'tag',
         '00000000-0000-0000-0000-000000000001', 'insert', '{}', '2018-02-10T03:27:15Z'),
        ('000001617dc0ae38-0000000000000002-00000000-0000-0000-0000-0000000000a0', 'tag',
         '00000000-0000-0000-0000-000000000001', 'update', '{}', '2018-02-10T03:27:15Z'),
        ('000001617dc0ae39-0000000000000000-00000000-0000-0000-0000-0000000000b0', 'tag',
         '00000000-0000-0000-0000-000000000001', 'delete', '{}', '2018-02-10T03:27:15Z');
    INSERT INTO peer_acks VALUES
        ('00000000-0000-0000-0000-0000000000b0',
         '000001617dc0ae38-0000000000000001-00000000-0000-0000-0000-0000000000a0', '');";

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_sync-log");

/// Runs a command on the log at `path`; the name of the command comes first.
pub(crate) fn run(args: &[&str], path: &Path) -> Output {
    let mut command = Command::new(PROGRAM);
    let (name, rest) = args.split_first().unwrap();
    command.arg(name).arg(path).args(rest).output().unwrap()
}

pub(crate) fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

pub(crate) async fn open(folder: &Path) -> SyncDb {
    let options = SyncDb::options().wall_clock(ManualClock::new(NOW_MS));
    options.open(LIBRARY, DEVICE, folder).await.unwrap()
}

pub(crate) fn change(record: u128) -> Change {
    Change {
        model_type: "tag".to_owned(),
        record_uuid: Uuid::from_u128(record),
        change_type: ChangeType::Insert,
        data: serde_json::json!({"name": format!("a, \"{record}\"")}).into(),
        model_version: 0,
    }
}

pub(crate) fn stamp(counter: u64) -> Hlc {
    Hlc::new(NOW_MS.unsigned_abs(), counter, DEVICE)
}

/// Five entries, of which the phone has three and the tablet none.
pub(crate) fn fill(folder: &Path) {
    block_on(async {
        let log = open(folder).await;
        log.register_peer(PHONE).await.unwrap();
        log.register_peer(TABLET).await.unwrap();
        let stamps = log.record_many((0..5).map(change).collect()).await.unwrap();
        assert_eq!(stamps[4], stamp(4));
        log.record_ack(PHONE, stamps[2]).await.unwrap();
        log.close().await.unwrap();
    });
}

/// As [`fill`], of a file that was put back: the tablet has read one entry more.
pub(crate) fn fill_restored(folder: &Path) {
    fill(folder);
    let (file, copy) = (folder.join(FILE_NAME), folder.join("copy"));
    std::fs::copy(&file, &copy).unwrap();
    block_on(async {
        let log = open(folder).await;
        log.record(change(5)).await.unwrap();
        let further = log.head_cursor().await.unwrap();
        log.close().await.unwrap();
        std::fs::rename(&copy, &file).unwrap();
        let restored = open(folder).await;
        let read = restored.read_for(TABLET, further, ReadLimits::default());
        assert!(matches!(read.await, Err(LogError::AheadOfHead { .. })));
        restored.close().await.unwrap();
    });
}

/// One entry, and nobody who could have it.
pub(crate) fn fill_alone(folder: &Path) {
    block_on(async {
        let log = open(folder).await;
        log.record(change(1)).await.unwrap();
        log.close().await.unwrap();
    });
}

/// Changes the file as another program would.
pub(crate) fn alter(folder: &Path, sql: &str) {
    let file = rusqlite::Connection::open(folder.join(FILE_NAME)).unwrap();
    file.execute_batch(sql).unwrap();
}

pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().unwrap().block_on(work)
}
