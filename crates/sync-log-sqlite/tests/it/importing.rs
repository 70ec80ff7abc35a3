//! One device's part of a log of the old design becomes its log: nothing is lost,
//! nothing is invented, and every run does the same.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::types::Value;
use sync_log_sqlite::legacy::{
    ImportError, ImportOptions, ImportReport, LEGACY_FILE_NAME, LegacyLog, NotTaken, try_import,
};
use sync_log_sqlite::{Cursor, ErrorKind, Hlc, ReadLimits, SyncDb, Uuid};

use crate::common::kills::Kills;
use crate::common::old_log::{
    DEVICE, DEVICES, LIBRARY, lifted, old_log, old_log_of, planned, raw_old, result, run,
};
use crate::common::tables::{CHANGES, rows};
use crate::common::{self, PEER, as_child, change, child, contents, folder, raw};

#[tokio::test]
async fn every_row_of_each_device_is_taken_or_named() {
    let old = old_log();
    for (device, all, markers) in DEVICES {
        let (new, device) = (folder(), Uuid::from_u128(device));
        let report = run(old.path(), new.path(), device).await.unwrap();
        assert_eq!((report.rows, report.taken), (1500, all - markers));
        assert_eq!((report.there, report.redated), (0, 0));
        assert_eq!(report.markers, markers);
        assert_eq!(report.not_taken, []);
        let others = report.others.into_iter();
        let others: Vec<(Uuid, u64)> = others.map(|(id, rows)| (id.into(), rows)).collect();
        let mut expected: Vec<_> = DEVICES
            .iter()
            .map(|(other, rows, _)| (Uuid::from_u128(*other), *rows))
            .filter(|(other, _)| *other != device)
            .collect();
        expected.sort_unstable();
        assert_eq!(others, expected);

        // Plain SQL on both sides, in the order of the old log.
        let found = rows(
            &raw(new.path()),
            "SELECT model_type, replace(record_uuid, '-', ''), change_type, data \
             FROM shared_changes ORDER BY hlc",
        );
        let wanted = format!(
            "SELECT model_type, lower(hex(record_id)), change_type, data FROM sync_log \
             WHERE hex(device_id) = upper(replace('{device}', '-', '')) \
             AND change_type <> 'bulk_insert' ORDER BY sequence"
        );
        assert_eq!(found, rows(&raw_old(old.path()), &wanted), "{device}");
    }
}

#[tokio::test]
async fn stamps_are_the_times_of_the_rows_lifted_where_they_go_back() {
    let (old, new) = (old_log(), folder());
    run(old.path(), new.path(), DEVICE).await.unwrap();
    let times = format!(
        "SELECT CAST(round((julianday(timestamp) - 2440587.5) * 86400000) AS INTEGER) \
         FROM sync_log WHERE hex(device_id) = upper(replace('{DEVICE}', '-', '')) \
         AND change_type <> 'bulk_insert' ORDER BY sequence"
    );
    let times = rows(&raw_old(old.path()), &times).into_iter();
    let times = times.map(|row| match row[0] {
        Value::Integer(ms) => u64::try_from(ms).unwrap(),
        ref other => panic!("{other:?}"),
    });
    let stamps = common::stamps(&raw(new.path())).into_iter();
    let stamps = stamps.map(|text| text.parse::<Hlc>().unwrap());
    let (mut highest, mut last) = (0, Hlc::ZERO);
    for (ms, stamp) in times.zip(stamps) {
        highest = ms.max(highest);
        let counter = if highest == last.timestamp {
            last.counter + 1
        } else {
            0
        };
        assert_eq!(stamp, Hlc::new(highest, counter, DEVICE));
        last = stamp;
    }
}

#[tokio::test]
async fn a_second_run_changes_nothing_and_says_so() {
    let (old, new) = (old_log(), folder());
    let first = run(old.path(), new.path(), DEVICE).await.unwrap();
    let (before, bytes) = (result(new.path()), contents(new.path()));
    let second = run(old.path(), new.path(), DEVICE).await.unwrap();
    assert_eq!((second.taken, second.there), (0, first.taken));
    assert_eq!(result(new.path()), before);
    assert_eq!(contents(new.path()), bytes);
    let other = folder();
    run(old.path(), other.path(), DEVICE).await.unwrap();
    assert_eq!(result(other.path()), before, "the same on every run");
}

#[tokio::test]
async fn a_plan_says_what_an_import_will_do_and_writes_nothing() {
    let (old, new) = (old_log(), folder());
    let before = contents(old.path());
    let plan = planned(&old.path().join(LEGACY_FILE_NAME), DEVICE).unwrap();
    assert_eq!(contents(old.path()), before, "and no file beside it");
    let report = run(old.path(), new.path(), DEVICE).await.unwrap();
    assert_eq!(plan, report);
    assert_eq!(contents(old.path()), before, "it is only read");
}

/// What would be taken into a log that is there.
async fn tried(old: &Path, new: &Path) -> Result<ImportReport, ImportError> {
    let mut legacy = LegacyLog::open(old)?;
    let log = SyncDb::open_read_only(new).await.unwrap();
    let report = try_import(&log, &mut legacy, &ImportOptions::default()).await;
    log.close().await.unwrap();
    report
}

#[tokio::test]
async fn an_import_goes_on_after_any_batch_of_it() {
    let (old, whole) = (old_log(), folder());
    run(old.path(), whole.path(), DEVICE).await.unwrap();
    let log = SyncDb::open(LIBRARY, DEVICE, whole.path()).await.unwrap();
    let entries = log.get_since(None, 1000).await.unwrap();
    for there in [1, 37, 490, 491] {
        let new = folder();
        let partial = lifted(new.path()).await;
        partial
            .append_many(entries[..there].to_vec())
            .await
            .unwrap();
        partial.close().await.unwrap();
        let tried = tried(old.path(), new.path()).await;
        let report = run(old.path(), new.path(), DEVICE).await.unwrap();
        assert_eq!(tried.unwrap(), report);
        assert_eq!(report.there, there as u64);
        assert_eq!(report.taken, 491 - there as u64);
        assert_eq!(result(new.path()), result(whole.path()));
    }
}

/// Peers read the imported log from zero, and never got what the rows that were left out said.
#[tokio::test]
async fn peers_of_a_log_that_lacks_a_row_of_the_old_one_take_a_snapshot() {
    let mark = "UPDATE sync_log SET change_type = 'bulk_insert' WHERE sequence = 2";
    let unreadable = "UPDATE sync_log SET data = 'no JSON' WHERE sequence = 2";
    let nothing_left = "UPDATE sync_log SET data = 'no JSON'";
    for (left_out, is_whole) in [
        ("SELECT 1", true),
        (mark, false),
        (unreadable, false),
        (nothing_left, false),
    ] {
        let (old, new) = (old_log_of((1..4).map(|number| (number, DEVICE))), folder());
        raw_old(old.path()).execute_batch(left_out).unwrap();
        for _ in 0..2 {
            run(old.path(), new.path(), DEVICE).await.unwrap();
        }
        let log = SyncDb::open(LIBRARY, DEVICE, new.path()).await.unwrap();
        log.register_peer(PEER).await.unwrap();
        let page = log.read_for(PEER, Cursor::ZERO, ReadLimits::default());
        match page.await {
            Ok(page) => assert!(is_whole && page.entries.len() == 3, "{left_out}"),
            Err(refused) => {
                assert!(!is_whole, "{left_out}: {refused}");
                assert_eq!(
                    refused.kind(),
                    ErrorKind::Bootstrap,
                    "{left_out}: {refused}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_log_that_holds_anything_else_is_left_as_it_is() {
    let (old, whole) = (old_log(), folder());
    run(old.path(), whole.path(), DEVICE).await.unwrap();
    let log = SyncDb::open(LIBRARY, DEVICE, whole.path()).await.unwrap();
    let entries = log.get_since(None, 1000).await.unwrap();
    let mut altered = entries[..9].to_vec();
    altered[4].model_type.push('s');
    let cases = [
        ("a part, and another change", entries[..9].to_vec(), true),
        ("all of it, and another change", entries.clone(), true),
        ("a part with another content", altered, false),
        (
            "a part with a hole",
            [&entries[..4], &entries[5..9]].concat(),
            false,
        ),
        ("another change", Vec::new(), true),
    ];
    for (what, batch, more) in cases {
        let new = folder();
        let filled = lifted(new.path()).await;
        filled.append_many(batch).await.unwrap();
        if more {
            filled.record(change(1)).await.unwrap();
        }
        filled.close().await.unwrap();
        let before = result(new.path());
        let tried = tried(old.path(), new.path()).await;
        for outcome in [tried, run(old.path(), new.path(), DEVICE).await] {
            let error = outcome.unwrap_err();
            assert!(
                matches!(error, ImportError::LogNotEmpty { .. }),
                "{what}: {error:?}"
            );
            assert_eq!(error.kind(), ErrorKind::FixCall);
            assert!(error.help().contains("had not ended"), "{what}");
        }
        assert_eq!(result(new.path()), before, "{what}");
    }
    // One that was pruned, though nothing is left of it.
    let pruned = SyncDb::open(LIBRARY, DEVICE, whole.path()).await.unwrap();
    pruned.declare_solo().await.unwrap();
    pruned.prune_acked().await.unwrap();
    pruned.close().await.unwrap();
    let error = run(old.path(), whole.path(), DEVICE).await.unwrap_err();
    assert!(
        matches!(error, ImportError::LogNotEmpty { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_log_that_was_made_beside_records_is_left_as_it_is() {
    let (old, new) = (old_log(), folder());
    let beside = SyncDb::options().beside_records();
    let log = beside.open(LIBRARY, DEVICE, new.path()).await.unwrap();
    log.close().await.unwrap();
    let before = contents(new.path());
    let error = run(old.path(), new.path(), DEVICE).await.unwrap_err();
    assert!(
        matches!(error, ImportError::LogNotEmpty { .. }),
        "{error:?}"
    );
    assert_eq!(contents(new.path()), before);
}

#[tokio::test]
async fn rows_that_cannot_be_read_are_named_and_the_others_are_taken() {
    let damage = [
        ("device_id = x'00'", "device_id is no UUID"),
        (
            "model_type = ''",
            "model_type is empty, too long or no text",
        ),
        ("record_id = 'x'", "record_id is no UUID"),
        ("change_type = 'upsert'", "change_type is none of the three"),
        ("data = x'ff'", "data is no text"),
        ("data = '{'", "data is not JSON"),
        (
            "data = '\"' || hex(zeroblob(600000)) || '\"'",
            "data is over the limit",
        ),
        ("sequence = 'x'", "sequence is no number"),
    ];
    let old = old_log();
    for (number, (set, _)) in damage.iter().enumerate() {
        let sql = format!("UPDATE sync_log SET {set} WHERE id = {}", number + 1);
        raw_old(old.path()).execute_batch(&sql).unwrap();
    }
    let times = "UPDATE sync_log SET timestamp = 'yesterday' WHERE id = 20;
                 UPDATE sync_log SET timestamp = '1969-12-31T23:59:59Z' WHERE id = 21;
                 UPDATE sync_log SET record_id = '00000000-0000-0000-0000-000000000009' \
                 WHERE id = 22";
    raw_old(old.path()).execute_batch(times).unwrap();
    let new = folder();
    let report = run(old.path(), new.path(), DEVICE).await.unwrap();
    assert_eq!(report.taken, 491 - 8);
    assert_eq!(report.redated, 2);
    let mut expected: Vec<NotTaken> = damage
        .iter()
        .enumerate()
        .map(|(number, (_, reason))| NotTaken {
            reason,
            rows: 1,
            sequences: vec![if number == 7 { 0 } else { number as i64 + 1 }],
        })
        .collect();
    let mut found = report.not_taken;
    found.sort_by_key(|it| it.reason);
    expected.sort_by_key(|it| it.reason);
    assert_eq!(found, expected);
    let all = rows(
        &raw(new.path()),
        &format!("SELECT {CHANGES} FROM shared_changes"),
    );
    assert_eq!(all.len(), 483, "no other row is lost");
    let again = run(old.path(), new.path(), DEVICE).await.unwrap();
    assert_eq!((again.taken, again.there), (0, 483));
}

#[tokio::test]
async fn a_log_that_was_adopted_is_left_as_it_is() {
    let old = old_log();
    let tables = "
        CREATE TABLE shared_changes (
            hlc TEXT PRIMARY KEY, model_type TEXT NOT NULL, record_uuid TEXT NOT NULL,
            change_type TEXT NOT NULL, data TEXT NOT NULL, created_at TEXT NOT NULL);
        CREATE TABLE peer_acks (peer_device_id TEXT PRIMARY KEY, last_acked_hlc TEXT NOT NULL,
            acked_at TEXT NOT NULL);";
    let entry = format!(
        "INSERT INTO shared_changes VALUES ('{}', 'tag', \
         '00000000-0000-0000-0000-000000000001', 'insert', '{{}}', '2018-02-10T03:27:15Z')",
        Hlc::new(1_518_233_235_000, 0, DEVICE)
    );
    for entries in ["", &entry] {
        let new = folder();
        let earlier = Connection::open(common::file_in(new.path())).unwrap();
        earlier.execute_batch(tables).unwrap();
        earlier.execute_batch(entries).unwrap();
        drop(earlier);
        let log = SyncDb::open(LIBRARY, DEVICE, new.path()).await.unwrap();
        log.close().await.unwrap();
        let before = result(new.path());
        let error = run(old.path(), new.path(), DEVICE).await.unwrap_err();
        assert!(
            matches!(error, ImportError::OfAnotherProgram { .. }),
            "{entries:?}: {error:?}"
        );
        assert_eq!(error.kind(), ErrorKind::FixCall);
        assert_eq!(result(new.path()), before);
    }
}

#[tokio::test]
async fn a_file_that_is_no_legacy_log_is_refused_by_name() {
    let new = folder();
    let log = SyncDb::open(LIBRARY, DEVICE, new.path()).await.unwrap();
    log.close().await.unwrap();
    let error = LegacyLog::open(&common::file_in(new.path())).unwrap_err();
    assert!(
        matches!(error, ImportError::NotALegacyLog { .. }),
        "{error:?}"
    );
    let text = new.path().join("notes.txt");
    std::fs::write(&text, "x".repeat(5000)).unwrap();
    for path in [text, new.path().join("missing.db"), new.path().to_owned()] {
        let unreadable = LegacyLog::open(&path).unwrap_err();
        assert!(matches!(unreadable, ImportError::Open(_)), "{unreadable:?}");
    }
}

#[tokio::test]
async fn an_import_killed_at_any_moment_resumes_to_the_same_result() {
    if let Some(new) = as_child() {
        run(&fixture_copy_beside(&new), &new, DEVICE).await.unwrap();
        return;
    }
    let clean = folder();
    let old = old_log();
    std::fs::copy(
        old.path().join(LEGACY_FILE_NAME),
        clean.path().join(LEGACY_FILE_NAME),
    )
    .unwrap();
    let mut kills = Kills::spread_over(child(
        an_import_killed_at_any_moment_resumes_to_the_same_result,
        clean.path(),
    ));
    let wanted = result(clean.path());
    assert_eq!(wanted[0].len(), 491);
    let mut unfinished = 0;
    while kills.are_left() {
        let new = folder();
        std::fs::copy(
            old.path().join(LEGACY_FILE_NAME),
            new.path().join(LEGACY_FILE_NAME),
        )
        .unwrap();
        kills.next(child(
            an_import_killed_at_any_moment_resumes_to_the_same_result,
            new.path(),
        ));
        let report = run(new.path(), new.path(), DEVICE).await.unwrap();
        assert_eq!(report.there + report.taken, 491);
        unfinished += u32::from(report.taken > 0);
        assert_eq!(result(new.path()), wanted);
    }
    assert!(unfinished > 5, "{unfinished} were stopped");
}

/// The old log lies in the same folder as the new one.
fn fixture_copy_beside(new: &Path) -> PathBuf {
    new.join(LEGACY_FILE_NAME)
}

/// It can be run on any thread.
#[tokio::test(flavor = "multi_thread")]
async fn an_import_may_be_a_task() {
    let (old, new) = (old_log(), folder());
    let (from, to) = (old.path().to_owned(), new.path().to_owned());
    let task = tokio::spawn(async move { run(&from, &to, DEVICE).await });
    assert_eq!(task.await.unwrap().unwrap().taken, 491);
}

/// An import keeps the id of the log, so a handle that was open before it goes on with the same log.
#[tokio::test]
async fn a_handle_that_is_open_during_an_import_goes_on_above_it() {
    let (old, new) = (old_log(), folder());
    let before = SyncDb::open(LIBRARY, DEVICE, new.path()).await.unwrap();
    assert_eq!(before.get_since(None, 10).await.unwrap(), []);
    let report = run(old.path(), new.path(), DEVICE).await.unwrap();
    let entries = before.get_since(None, 10_000).await.unwrap();
    assert_eq!(entries.len() as u64, report.taken);
    let recorded = before.record(change(1)).await.unwrap();
    assert!(recorded > entries.last().unwrap().hlc);
    before.close().await.unwrap();
}
