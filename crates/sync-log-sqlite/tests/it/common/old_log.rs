//! Logs of the old design, and imports from them.

use std::path::{Path, PathBuf};

pub(crate) use super::earlier::LIBRARY;
use super::tables::rows;
use super::{folder, raw};
use rusqlite::Connection;
use rusqlite::types::Value;
use sync_log_sqlite::legacy::{
    ImportError, ImportOptions, ImportReport, LEGACY_FILE_NAME, LegacyLog, import,
};
use sync_log_sqlite::{Hlc, SyncDb, Uuid};

/// The devices of the old log, with how many rows and how many markers each has.
pub(crate) const DEVICES: [(u128, u64, u64); 4] = [
    (0xfb4f_4e87_5e9b_56f8_8c10_ec8e_c3ce_38b0, 495, 4),
    (0x9dc0_e3a6_b66b_5855_89e6_9c30_ef32_6da6, 953, 11),
    (0x0361_4bc1_d5cc_5c77_aed9_56d9_81cc_038b, 32, 0),
    (0xfdc7_fe04_fb4a_5019_9bc6_cb9d_03a8_d56c, 20, 0),
];
pub(crate) const DEVICE: Uuid = Uuid::from_u128(DEVICES[0].0);

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/legacy-leader")
}

/// A copy of a log that the old design made: 1,500 rows of four devices.
pub(crate) fn old_log() -> tempfile::TempDir {
    let folder = folder();
    let name = LEGACY_FILE_NAME;
    std::fs::copy(fixture().join(name), folder.path().join(name)).unwrap();
    folder
}

pub(crate) fn raw_old(folder: &Path) -> Connection {
    Connection::open(folder.join(LEGACY_FILE_NAME)).unwrap()
}

/// Imports from the folder `old` into the folder `new`.
pub(crate) async fn run(old: &Path, new: &Path, device: Uuid) -> Result<ImportReport, ImportError> {
    let mut legacy = LegacyLog::open(old)?;
    let log = SyncDb::open(LIBRARY, device, new).await.unwrap();
    let report = import(&log, &mut legacy, &ImportOptions::default(), |_, _| {}).await;
    log.close().await.unwrap();
    report
}

/// A new log as an import that was stopped leaves it: it takes stamps from before it was made, and begins
/// with a floor, because the old log has rows that it does not take.
pub(crate) async fn lifted(new: &Path) -> SyncDb {
    let log = SyncDb::open(LIBRARY, DEVICE, new).await.unwrap();
    let lift = "UPDATE sync_log_state SET settled = ?1, head = ?2, floor = ?2";
    let stamps = [Hlc::ZERO, Hlc::new(0, 0, DEVICE)].map(|hlc| hlc.to_string());
    assert_eq!(raw(new).execute(lift, stamps).unwrap(), 1);
    log
}

/// What would be taken.
pub(crate) fn planned(old: &Path, device: Uuid) -> Result<ImportReport, ImportError> {
    LegacyLog::open(old)?.plan(device.into(), &ImportOptions::default())
}

/// An old log of rows with these sequence numbers and devices, where the number is the key.
pub(crate) fn old_log_of(of: impl IntoIterator<Item = (i64, Uuid)>) -> tempfile::TempDir {
    let folder = folder();
    fill_old(&raw_old(folder.path()), of);
    folder
}

pub(crate) fn fill_old(db: &Connection, of: impl IntoIterator<Item = (i64, Uuid)>) {
    db.execute_batch(
        "BEGIN; CREATE TABLE sync_log (sequence INTEGER PRIMARY KEY, device_id, timestamp, \
         model_type, record_id, change_type, data)",
    )
    .unwrap();
    for (sequence, device) in of {
        let values = (sequence, device.as_bytes(), device.as_bytes());
        db.execute(
            "INSERT INTO sync_log VALUES \
             (?1, ?2, '2018-02-10T03:27:15Z', 'tag', ?3, 'insert', '{}')",
            values,
        )
        .unwrap();
    }
    db.execute_batch("COMMIT").unwrap();
}

pub(crate) fn sum(report: &ImportReport) -> u64 {
    let others = report.others.values().sum::<u64>() + report.more_others;
    let not_taken: u64 = report.not_taken.iter().map(|it| it.rows).sum();
    report.taken + report.there + report.markers + others + not_taken
}

/// All that an import may decide.
pub(crate) fn result(new: &Path) -> [Vec<Vec<Value>>; 2] {
    let entries = "SELECT hlc, model_type, record_uuid, change_type, data FROM shared_changes";
    let state = "SELECT head, floor FROM sync_log_state";
    [entries, state].map(|sql| rows(&raw(new), sql))
}
