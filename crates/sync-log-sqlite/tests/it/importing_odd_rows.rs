//! Rows of an old log that an import must not stumble over: of the far future, at the
//! lowest place, too long, of too many devices, or written while it reads.

use std::path::Path;

use sync_log_sqlite::MAX_DATA_BYTES;
use sync_log_sqlite::legacy::{
    ImportError, ImportOptions, ImportReport, LEGACY_FILE_NAME, LegacyLog, NotTaken, OTHERS_MAX,
    SEQUENCES_MAX, import,
};
use sync_log_sqlite::{ErrorKind, Hlc, ManualClock, SyncDb, Uuid};

use crate::common::old_log::{
    DEVICE, DEVICES, LIBRARY, fill_old, old_log, old_log_of, planned, raw_old, result, run, sum,
};
use crate::common::{self, folder, raw};

#[tokio::test]
async fn a_change_of_the_far_future_stops_the_plan_and_the_import_and_is_named() {
    let old = old_log();
    let future = "UPDATE sync_log SET timestamp = '2099-01-01T00:00:00Z' WHERE sequence = 1486";
    raw_old(old.path()).execute_batch(future).unwrap();
    let new = folder();
    let imported = run(old.path(), new.path(), DEVICE).await;
    for outcome in [planned(old.path(), DEVICE), imported] {
        let error = outcome.unwrap_err();
        assert!(
            matches!(error, ImportError::TooFarAhead { sequence: 1486, .. }),
            "{error:?}"
        );
        assert_eq!(error.kind(), ErrorKind::FixClock);
    }
    // Its own device is the one that it stops.
    let other = Uuid::from_u128(DEVICES[1].0);
    assert_eq!(planned(old.path(), other).unwrap().taken, 942);
}

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
const NOW_MS: i64 = 1_518_233_235_000;

/// Imports with the wall clock at `now_ms`, and says what it left out.
async fn skip(old: &Path, new: &Path, now_ms: i64) -> Result<ImportReport, ImportError> {
    let wall = || ManualClock::new(now_ms);
    let options = ImportOptions::default().wall_clock(wall());
    let options = options.skip_ahead(true);
    let mut legacy = LegacyLog::open(old)?;
    let plan = legacy.plan(DEVICE.into(), &options)?;
    let log = SyncDb::options().wall_clock(wall());
    let log = log.open(LIBRARY, DEVICE, new).await.unwrap();
    let report = import(&log, &mut legacy, &options, |_, _| {}).await;
    if let Ok(report) = &report {
        let next = log.tick().await.unwrap();
        assert!(
            next.timestamp <= (now_ms + DAY_MS + 1).unsigned_abs(),
            "{next}"
        );
        if report.there == 0 {
            assert_eq!(report, &plan);
        }
    }
    log.close().await.unwrap();
    report
}

/// An old log whose rows are so much later than [`NOW_MS`].
fn old_log_ahead(ahead_ms: &[i64]) -> tempfile::TempDir {
    let numbers = 1..=i64::try_from(ahead_ms.len()).unwrap();
    let old = old_log_of(numbers.clone().map(|number| (number, DEVICE)));
    let db = raw_old(old.path());
    for (number, row_ahead_ms) in numbers.zip(ahead_ms) {
        let time = "UPDATE sync_log SET timestamp = \
                    strftime('%Y-%m-%dT%H:%M:%fZ', ?2 / 1000.0, 'unixepoch') WHERE sequence = ?1";
        db.execute(time, (number, NOW_MS + row_ahead_ms)).unwrap();
    }
    old
}

fn ahead(sequences: &[i64]) -> Vec<NotTaken> {
    vec![NotTaken {
        reason: "too far ahead",
        rows: sequences.len() as u64,
        sequences: sequences.to_vec(),
    }]
}

#[tokio::test]
async fn changes_of_the_far_future_can_be_left_out_and_are_named() {
    let far = 80 * 365 * DAY_MS;
    let old = old_log_ahead(&[0, far, MINUTE_MS, DAY_MS, DAY_MS + 1, 0]);
    let new = folder();
    let report = skip(old.path(), new.path(), NOW_MS).await.unwrap();
    assert_eq!((report.rows, report.taken, sum(&report)), (6, 4, 6));
    assert_eq!(report.not_taken, ahead(&[2, 5]));
    let times: Vec<Hlc> = common::stamps(&raw(new.path()))
        .iter()
        .map(|stamp| stamp.parse().unwrap())
        .collect();
    let times = times.iter().map(|stamp| (stamp.timestamp, stamp.counter));
    let now = NOW_MS.unsigned_abs();
    let day = now + DAY_MS.unsigned_abs();
    let minute = now + MINUTE_MS.unsigned_abs();
    let expected = [(now, 0), (minute, 0), (day, 0), (day, 1)];
    assert_eq!(times.collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn what_was_left_out_stays_out_when_its_day_has_come() {
    let old = old_log_ahead(&[0, 2 * DAY_MS, MINUTE_MS, MINUTE_MS]);
    let whole = folder();
    skip(old.path(), whole.path(), NOW_MS).await.unwrap();
    let log = SyncDb::open(LIBRARY, DEVICE, whole.path()).await.unwrap();
    let entries = log.get_since(None, 10).await.unwrap();
    log.close().await.unwrap();
    // A run that was stopped once the third row was in, or had been to its end.
    for there in [2, 3] {
        let new = folder();
        let options = SyncDb::options().wall_clock(ManualClock::new(NOW_MS));
        let partial = options.open(LIBRARY, DEVICE, new.path()).await.unwrap();
        partial
            .append_many(entries[..there].to_vec())
            .await
            .unwrap();
        partial.close().await.unwrap();
        let later = NOW_MS + 3 * DAY_MS;
        let report = skip(old.path(), new.path(), later).await.unwrap();
        assert_eq!(
            (report.there, report.taken),
            (there as u64, 3 - there as u64)
        );
        assert_eq!(report.not_taken, ahead(&[2]));
        assert_eq!(result(new.path())[0], result(whole.path())[0]);
    }
}

#[tokio::test]
async fn a_report_names_so_many_other_devices_and_counts_the_rest() {
    let all = 3 * OTHERS_MAX as u64;
    let rows = (0..all).map(|number| {
        let device = Uuid::from_u128(u128::from(number / 2) + 1);
        (i64::try_from(number).unwrap(), device)
    });
    let old = old_log_of(rows);
    let report = planned(old.path(), DEVICE).unwrap();
    let named = report.others.values().sum::<u64>();
    assert_eq!(
        (report.others.len(), named),
        (OTHERS_MAX, 2 * OTHERS_MAX as u64)
    );
    assert_eq!((report.more_others, sum(&report)), (OTHERS_MAX as u64, all));
    let broken = "UPDATE sync_log SET device_id = ''";
    raw_old(old.path()).execute_batch(broken).unwrap();
    let of_broken_rows = planned(old.path(), DEVICE).unwrap();
    assert_eq!(of_broken_rows.not_taken[0].rows, all);
    assert_eq!(of_broken_rows.not_taken[0].sequences.len(), SEQUENCES_MAX);
}

#[tokio::test]
async fn a_row_at_the_lowest_position_is_imported_like_any_other() {
    let rows = [i64::MIN, -1, 0, i64::MAX].map(|sequence| (sequence, DEVICE));
    let (old, new) = (old_log_of(rows), folder());
    let report = run(old.path(), new.path(), DEVICE).await.unwrap();
    assert_eq!((report.rows, report.taken, sum(&report)), (4, 4, 4));
}

#[tokio::test]
async fn the_numbers_add_up_though_the_leader_still_writes() {
    let (old, new) = (old_log(), folder());
    let mut legacy = LegacyLog::open(old.path()).unwrap();
    let log = SyncDb::open(LIBRARY, DEVICE, new.path()).await.unwrap();
    let another = "INSERT INTO sync_log (sequence, device_id, timestamp, model_type, record_id, \
                   change_type, version, data) SELECT MAX(sequence) + 1, device_id, timestamp, \
                   model_type, record_id, change_type, version, data FROM sync_log";
    let leader = |done, rows| {
        assert!(done <= rows, "{done} of {rows}");
        raw_old(old.path()).execute_batch(another).unwrap();
    };
    let report = import(&log, &mut legacy, &ImportOptions::default(), leader)
        .await
        .unwrap();
    assert_eq!((report.rows, sum(&report)), (1500, 1500));
    // What came meanwhile is for the next run.
    let options = ImportOptions::default();
    let next = import(&log, &mut legacy, &options, |_, _| {})
        .await
        .unwrap();
    assert!(next.rows > 1500 && sum(&next) == next.rows, "{next:?}");
    log.close().await.unwrap();
}

#[tokio::test]
async fn data_is_judged_by_its_length_however_it_is_stored() {
    for encoding in ["UTF-8", "UTF-16"] {
        let (old, new) = (folder(), folder());
        let db = raw_old(old.path());
        db.pragma_update(None, "encoding", encoding).unwrap();
        fill_old(&db, (1..=3).map(|sequence| (sequence, DEVICE)));
        for (sequence, length) in [(1, MAX_DATA_BYTES), (2, MAX_DATA_BYTES + 1)] {
            let data = format!("\"{}\"", "x".repeat(length - 2));
            let long = "UPDATE sync_log SET data = ?2 WHERE sequence = ?1";
            db.execute(long, (sequence, data)).unwrap();
        }
        let report = run(old.path(), new.path(), DEVICE).await.unwrap();
        assert_eq!(report.taken, 2, "{encoding}");
        let not_taken = &report.not_taken[0];
        assert_eq!(not_taken.reason, "data is over the limit");
        assert_eq!(not_taken.sequences, [2]);
    }
}

/// Cuts the chains of the pages that hold the rest of a long value, so that nobody can
/// read it, and its length still can be.
fn cut_long_values(old: &Path) {
    let path = old.join(LEGACY_FILE_NAME);
    let mut bytes = std::fs::read(&path).unwrap();
    let page_size = usize::from(u16::from_be_bytes([bytes[16], bytes[17]]));
    let is_rest = |page: &&mut [u8]| page[4..].iter().all(|byte| *byte == b'x');
    let rests = bytes.chunks_mut(page_size).filter(is_rest);
    let cut = rests.map(|page| page[..4].fill(0)).count();
    assert!(cut > 4, "{cut}");
    std::fs::write(path, bytes).unwrap();
}

#[tokio::test]
async fn rows_that_are_skipped_are_not_read_whole() {
    let other = Uuid::from_u128(DEVICES[1].0);
    let rows = [(1, DEVICE), (2, DEVICE), (3, other), (4, DEVICE)];
    let (old, new) = (old_log_of(rows), folder());
    let long = "UPDATE sync_log SET data = replace(hex(zeroblob(2000000)), '0', 'x') \
                WHERE sequence = 2;
                UPDATE sync_log SET data = replace(hex(zeroblob(9000)), '0', 'x') \
                WHERE sequence = 3;
                UPDATE sync_log SET change_type = replace(hex(zeroblob(9000)), '0', 'x') \
                WHERE sequence = 4";
    raw_old(old.path()).execute_batch(long).unwrap();
    cut_long_values(old.path());
    let report = run(old.path(), new.path(), DEVICE).await.unwrap();
    assert_eq!((report.taken, report.others[&other.into()]), (1, 1));
    let reasons: Vec<_> = report.not_taken.iter().map(|it| it.reason).collect();
    assert_eq!(
        reasons,
        ["data is over the limit", "change_type is none of the three"]
    );
}
