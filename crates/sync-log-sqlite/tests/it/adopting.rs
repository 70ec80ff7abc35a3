//! A file of an earlier program becomes a log (`I3`): nothing is lost, nothing is
//! invented.

use std::path::Path;
use std::time::Duration;

use rusqlite::types::Value;
use sync_log_sqlite::inspect::Inspector;
use sync_log_sqlite::{
    Ack, AckOutcome, Cause, Cursor, ErrorKind, Hlc, LogError, ManualClock, OpenError, ReadLimits,
    RegisteredBy, Remedy, SyncDb, Uuid,
};

use crate::common::earlier::{DEVICE, LIBRARY, earlier_program};
use crate::common::kills::Kills;
use crate::common::tables::{CHANGES, acks_in, changes_in, result, rows};
use crate::common::{as_child, change, child, contents, folder, other_program, raw};

/// Two devices that acknowledged, and one that left no trace.
const ACKED: [Uuid; 2] = [
    Uuid::from_u128(0x9dc0_e3a6_b66b_5855_89e6_9c30_ef32_6da6),
    Uuid::from_u128(0xfdc7_fe04_fb4a_5019_9bc6_cb9d_03a8_d56c),
];
const SILENT: Uuid = Uuid::from_u128(0x0361_4bc1_d5cc_5c77_aed9_56d9_81cc_038b);

/// Where the wall clock stands, so that every opening adopts a file alike.
const NOW_MS: i64 = 1_700_000_000_000;

async fn open(data_dir: &Path) -> SyncDb {
    let options = SyncDb::options().wall_clock(ManualClock::new(NOW_MS));
    options.open(LIBRARY, DEVICE, data_dir).await.unwrap()
}

async fn refused(data_dir: &Path, device: Uuid) -> OpenError {
    let before = contents(data_dir);
    let error = SyncDb::open(LIBRARY, device, data_dir).await.unwrap_err();
    assert_eq!(contents(data_dir), before, "{error:?}");
    error
}

#[tokio::test]
async fn every_row_of_the_earlier_programs_file_is_found_again() {
    let folder = earlier_program();
    let before = raw(folder.path());
    let (changes, acks) = (
        changes_in(&before, "shared_changes"),
        acks_in(&before, "peer_acks"),
    );
    let others = "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE '%sync\\_log%' ESCAPE '\\' \
                  AND name NOT LIKE 'idx\\_shared%' ESCAPE '\\' \
                  AND name NOT LIKE 'idx\\_peer\\_acks%' ESCAPE '\\' ORDER BY 1";
    let schema = rows(&before, others);
    drop(before);
    let log = open(folder.path()).await;

    let after = raw(folder.path());
    let own = |row: &&Vec<Value>| matches!(&row[0], Value::Text(hlc) if hlc.ends_with(&DEVICE.to_string()));
    let (own, foreign): (Vec<_>, Vec<_>) = changes.into_iter().partition(|row| own(&row));
    assert_eq!((own.len(), foreign.len()), (495, 25));
    assert_eq!(changes_in(&after, "shared_changes"), own, "in place");
    assert_eq!(changes_in(&after, "sync_log_aside_changes"), foreign);
    assert_eq!(acks_in(&after, "peer_acks"), acks, "in place");
    assert_eq!(acks_in(&after, "sync_log_aside_acks").len(), 0);
    assert_eq!(rows(&after, others), schema, "not ours, not touched");
    let index = "SELECT name FROM sqlite_master WHERE name = 'idx_shared_changes_record'";
    assert_eq!(rows(&after, index).len(), 1, "what was missing is made");

    let entries = log.get_since(None, usize::MAX).await.unwrap();
    assert_eq!(entries.len(), 495);
    assert_eq!(log.head().await.unwrap(), entries[494].hlc);
    let floor = log.floor().await.unwrap();
    assert!(floor < entries[0].hlc && !floor.is_zero());
    let next = log.record(change(1)).await.unwrap();
    assert!(next > entries[494].hlc);
}

#[tokio::test]
async fn opening_another_programs_file_prunes_nothing_and_explain_names_the_remedy() {
    let folder = earlier_program();
    let log = open(folder.path()).await;
    assert_eq!(log.prune_acked().await.unwrap(), 0);
    let reasons = log.explain().await.unwrap().reasons;
    let told: Vec<_> = reasons
        .iter()
        .map(|reason| {
            (
                &reason.cause,
                reason.peer,
                reason.remedy,
                reason.lag_entries,
            )
        })
        .collect();
    let undeclared = (&Cause::PeersNotDeclared, None, Some(Remedy::Register), 495);
    assert!(told.contains(&undeclared), "{told:?}");
    for peer in ACKED {
        let unverified = reasons
            .iter()
            .find(|reason| reason.peer == Some(peer.into()))
            .unwrap();
        assert!(
            matches!(&unverified.cause, Cause::UnverifiedAck { .. }),
            "{told:?}"
        );
        assert_eq!(unverified.remedy, Some(Remedy::Bootstrap));
        assert_eq!(unverified.registered_by, Some(RegisteredBy::Adoption));
    }

    // The third device is declared; all acknowledge, and no more than that goes.
    log.declare_peers(&[ACKED[0], ACKED[1], SILENT])
        .await
        .unwrap();
    let entries = log.get_since(None, 495).await.unwrap();
    let ack = |peer, index: usize| log.record_ack(peer, entries[index].hlc);
    assert_eq!(ack(ACKED[0], 200).await.unwrap(), AckOutcome::Advanced);
    assert_eq!(ack(ACKED[1], 300).await.unwrap(), AckOutcome::Advanced);
    assert_eq!(log.prune_acked().await.unwrap(), 0, "one never answered");
    ack(SILENT, 9).await.unwrap();
    assert_eq!(log.prune_acked().await.unwrap(), 10);
}

#[tokio::test]
async fn with_an_operators_word_the_two_acks_release_a_hundred_entries() {
    let folder = earlier_program();
    let log = open(folder.path()).await;
    assert_eq!(log.trust_adopted_acks().await.unwrap(), 2);
    assert_eq!(log.prune_acked().await.unwrap(), 100);
}

#[tokio::test]
async fn no_reader_passes_what_the_other_program_may_have_pruned() {
    let folder = earlier_program();
    let log = open(folder.path()).await;
    log.declare_peers(&[SILENT]).await.unwrap();
    let page = log.read_for(SILENT, Cursor::ZERO, ReadLimits::default());
    let error = page.await.unwrap_err();
    assert!(matches!(error, LogError::Compacted { .. }), "{error:?}");
    let cursor = log.head_cursor().await.unwrap();
    log.acknowledge(Ack::new(SILENT, cursor)).await.unwrap();
    log.record(change(1)).await.unwrap();
    let from_head = log.read_for(SILENT, cursor, ReadLimits::default());
    assert_eq!(from_head.await.unwrap().entries.len(), 1);
}

#[tokio::test]
async fn opening_again_changes_nothing() {
    let folder = earlier_program();
    open(folder.path()).await.close().await.unwrap();
    let (adopted, bytes) = (result(folder.path()), contents(folder.path()));
    let log = open(folder.path()).await;
    assert_eq!(log.prune_acked().await.unwrap(), 0);
    log.close().await.unwrap();
    assert_eq!(result(folder.path()), adopted);
    assert_eq!(contents(folder.path()), bytes);
}

#[tokio::test]
async fn a_file_that_is_only_looked_at_is_not_adopted() {
    let folder = earlier_program();
    let before = contents(folder.path());
    let error = SyncDb::open_read_only(folder.path()).await.unwrap_err();
    assert!(matches!(error, OpenError::NeedsAdoption { .. }));
    assert_eq!(error.kind(), ErrorKind::RepairData);
    assert_eq!(contents(folder.path()), before, "and no file beside it");
}

#[tokio::test]
async fn of_a_file_without_an_entry_of_this_device_everything_goes_aside() {
    let folder = earlier_program();
    let found = changes_in(&raw(folder.path()), "shared_changes");
    let acks = acks_in(&raw(folder.path()), "peer_acks");
    let log = SyncDb::open(LIBRARY, SILENT, folder.path()).await.unwrap();
    let file = raw(folder.path());
    assert_eq!(changes_in(&file, "sync_log_aside_changes"), found);
    assert_eq!(acks_in(&file, "sync_log_aside_acks"), acks);
    let (head, floor) = (log.head().await.unwrap(), log.floor().await.unwrap());
    assert_eq!(head, floor);
    assert_eq!(head.device_id, SILENT);
    let next = log.record(change(1)).await.unwrap().to_text();
    let is_above =
        |row: &Vec<Value>| matches!(&row[0], Value::Text(hlc) if hlc.as_str() < next.as_str());
    assert!(found.iter().all(is_above), "above all that there was");
    // Whoever acknowledged something else has nothing of this log.
    let peers = log.peers().await.unwrap();
    assert_eq!(peers.len(), ACKED.len());
    for peer in peers {
        assert!(peer.unwrap().acked.is_zero());
    }
}

#[tokio::test]
async fn of_a_device_that_only_acks_mention_everything_goes_aside_and_is_named() {
    let folder = earlier_program();
    let acked = Hlc::new(1_600_000_000_000, 3, SILENT);
    let peer = Uuid::from_u128(0xb7);
    let row = "INSERT INTO peer_acks VALUES (?1, ?2, '2024-01-01T00:00:00Z')";
    other_program(folder.path())
        .execute(row, [peer.to_string(), acked.to_string()])
        .unwrap();
    let options = SyncDb::options().wall_clock(ManualClock::new(NOW_MS));
    let log = options.open(LIBRARY, SILENT, folder.path()).await.unwrap();
    assert_eq!(log.floor().await.unwrap(), acked, "it recorded up to there");
    let peers = log.peers().await.unwrap();
    let peers: Vec<_> = peers.into_iter().map(Result::unwrap).collect();
    let kept = peers.iter().find(|known| known.device_id == peer).unwrap();
    assert_eq!((kept.acked, kept.facts.verified), (acked, false));
    let adoptions = Inspector::open(folder.path()).unwrap().adoptions().unwrap();
    assert_eq!((adoptions[0].kept_changes, adoptions[0].kept_acks), (0, 1));
    let aside: Vec<_> = adoptions[0]
        .aside
        .iter()
        .map(|aside| (aside.table.as_str(), aside.reason.as_str(), aside.rows))
        .collect();
    let expected = [
        ("shared_changes", "of another device", 520),
        (
            "peer_acks",
            "last_acked_hlc is a stamp of another device",
            2,
        ),
    ];
    assert_eq!(aside, expected);
}

#[tokio::test]
async fn a_file_is_adopted_alike_if_it_is_opened_beside_records() {
    let (one, other) = (earlier_program(), earlier_program());
    open(one.path()).await.close().await.unwrap();
    let options = SyncDb::options()
        .wall_clock(ManualClock::new(NOW_MS))
        .beside_records();
    let log = options.open(LIBRARY, DEVICE, other.path()).await.unwrap();
    log.close().await.unwrap();
    assert_eq!(result(other.path()), result(one.path()));
}

#[tokio::test]
async fn tables_in_which_no_log_can_be_kept_are_refused_in_either_journal_mode() {
    let sound = "CREATE TABLE shared_changes (hlc TEXT PRIMARY KEY, model_type TEXT, \
                 record_uuid TEXT, change_type TEXT, data TEXT, created_at TEXT);";
    let cases = [
        (
            "CREATE TABLE shared_changes (hlc TEXT PRIMARY KEY)".to_owned(),
            "other columns",
        ),
        (
            "CREATE TABLE peer_acks (hlc TEXT)".to_owned(),
            "other columns",
        ),
        (sound.replace("PRIMARY KEY", ""), "the key"),
        (sound.replace("data TEXT", "data JSON"), ""),
        (sound.replace("model_type TEXT", "model_type NUMERIC"), ""),
        (sound.replace("data TEXT", "data TEXT UNIQUE"), ""),
        (sound.replace("shared_changes", "Shared_Changes"), ""),
        (
            format!("{sound} CREATE UNIQUE INDEX u ON shared_changes (record_uuid);"),
            "",
        ),
        (sound.replace(");", ") WITHOUT ROWID;"), "no rowid"),
        (
            format!("{sound} CREATE TRIGGER t AFTER INSERT ON shared_changes BEGIN SELECT 1; END"),
            "triggers",
        ),
    ];
    for (sql, named) in cases {
        for mode in ["delete", "wal"] {
            let folder = folder();
            let made = format!("PRAGMA journal_mode = {mode}; {sql}");
            other_program(folder.path()).execute_batch(&made).unwrap();
            let error = refused(folder.path(), DEVICE).await;
            assert!(matches!(error, OpenError::NotAdoptable { .. }), "{error:?}");
            assert!(error.to_string().contains(named), "{error} names {named}");
        }
    }
}

/// Own stamps, in order.
fn own(counter: u64) -> Hlc {
    Hlc::new(1_700_000_000_000, counter, DEVICE)
}

/// Values that make a row no entry: the column, the value, and what the reason names.
fn spoiled_values() -> [(usize, String, &'static str); 14] {
    let ceiling = Hlc::new((1 << 48) - (1 << 32), 0, DEVICE);
    [
        (0, "NULL".to_owned(), "hlc is not a stamp"),
        (0, "x'00ff'".to_owned(), "hlc is not a stamp"),
        (
            0,
            format!("'{}'", own(9).to_string().to_uppercase()),
            "hlc is not a stamp",
        ),
        (
            0,
            format!("'{}'", Hlc::new(1, 0, SILENT)),
            "of another device",
        ),
        (0, format!("'{ceiling}'"), "no clock gives"),
        (0, format!("'{}'", Hlc::new(0, 0, DEVICE)), "no clock gives"),
        (1, "''".to_owned(), "model_type"),
        (1, format!("'{}'", "x".repeat(129)), "model_type"),
        (1, "x'ff'".to_owned(), "model_type"),
        (
            2,
            "'00000000000000000000000000000001'".to_owned(),
            "record_uuid",
        ),
        (3, "'bulk_insert'".to_owned(), "change_type"),
        (4, "'{'".to_owned(), "not JSON"),
        (
            4,
            format!("'\"{}\"'", "x".repeat(1 << 20)),
            "over the limit",
        ),
        (5, "x'00'".to_owned(), "created_at"),
    ]
}

#[tokio::test]
async fn rows_that_are_not_entries_go_aside_byte_for_byte_each_with_its_reason() {
    let folder = earlier_program();
    let cases = spoiled_values();
    let db = other_program(folder.path());
    for (number, (column, value, _)) in cases.iter().enumerate() {
        let stamp = format!("'{}'", own(100 + number as u64));
        let id = "'00000000-0000-0000-0000-000000000001'";
        let created_at = "'2024-01-01T00:00:00Z'";
        let sound = [&stamp, "'tag'", id, "'update'", "'{}'", created_at];
        let mut row = sound.map(str::to_owned);
        row[*column].clone_from(value);
        let sql = format!("INSERT INTO shared_changes VALUES ({})", row.join(", "));
        db.execute_batch(&sql).unwrap();
    }
    let all = format!("SELECT {CHANGES} FROM shared_changes WHERE rowid > 520 ORDER BY rowid");
    let planted = rows(&db, &all);
    drop(db);
    open(folder.path()).await.close().await.unwrap();

    let after = raw(folder.path());
    assert_eq!(changes_in(&after, "shared_changes").len(), 495);
    let mut aside = rows(
        &after,
        &format!("SELECT reason, {CHANGES} FROM sync_log_aside_changes"),
    );
    for ((_, _, reason), row) in cases.iter().zip(planted) {
        let found = aside.iter().position(|found| found[1..] == row[..]);
        let found = aside.swap_remove(found.unwrap_or_else(|| panic!("{reason}: {row:?}")));
        assert!(
            matches!(&found[0], Value::Text(text) if text.contains(reason)),
            "{found:?} names {reason}"
        );
    }
    assert_eq!(aside.len(), 25, "the other device's");
    let high_water: String = after
        .query_row("SELECT high_water FROM sync_log_state", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(high_water, own(113).to_string(), "all below the ceiling");
}

#[tokio::test]
async fn acks_that_cannot_be_believed_go_aside_and_their_peers_stay() {
    let folder = earlier_program();
    let db = other_program(folder.path());
    let head: String = db
        .query_row(
            "SELECT max(hlc) FROM shared_changes WHERE hlc LIKE '%38b0'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    let peers = [1, 2, 3, 4].map(|id| Uuid::from_u128(id).to_string());
    let bad = [
        (peers[0].clone(), "garbage".to_owned()),
        (peers[1].clone(), Hlc::new(1, 0, SILENT).to_string()),
        (peers[2].clone(), own(u64::MAX).to_string()),
        ("laptop".to_owned(), head.clone()),
        (DEVICE.to_string(), head.clone()),
        (Uuid::nil().to_string(), head),
    ];
    for (peer, hlc) in &bad {
        db.execute("INSERT INTO peer_acks VALUES (?1, ?2, 'once')", [peer, hlc])
            .unwrap();
    }
    let zero = "INSERT INTO peer_acks VALUES (?1, ?2, 'once')";
    db.execute(zero, [&peers[3], &Hlc::ZERO.to_string()])
        .unwrap();
    drop(db);
    let log = open(folder.path()).await;
    let aside = acks_in(&raw(folder.path()), "sync_log_aside_acks");
    let mut planted: Vec<Vec<Value>> = bad
        .iter()
        .map(|(peer, hlc)| {
            [peer, hlc, "once"]
                .map(|text| Value::Text(text.to_owned()))
                .to_vec()
        })
        .collect();
    planted.sort_by_key(|row| format!("{row:?}"));
    let mut found = aside;
    found.sort_by_key(|row| format!("{row:?}"));
    assert_eq!(found, planted);
    let kept = log.peers().await.unwrap();
    let kept: Vec<_> = kept.into_iter().map(Result::unwrap).collect();
    assert_eq!(kept.len(), 6, "{kept:?}");
    let silent: Vec<_> = kept.iter().filter(|peer| peer.acked.is_zero()).collect();
    assert_eq!(silent.len(), 4, "{kept:?}");
    assert!(silent.iter().all(|peer| peer.facts.verified), "{silent:?}");
}

#[tokio::test]
async fn an_empty_file_of_an_earlier_program_may_have_been_pruned() {
    for acked in [None, Some(own(5))] {
        let folder = earlier_program();
        let db = other_program(folder.path());
        db.execute_batch("DELETE FROM shared_changes; DELETE FROM peer_acks")
            .unwrap();
        if let Some(acked) = acked {
            let row = "INSERT INTO peer_acks VALUES (?1, ?2, '')";
            db.execute(row, [SILENT.to_string(), acked.to_string()])
                .unwrap();
        }
        drop(db);
        let log = open(folder.path()).await;
        log.declare_peers(&[SILENT]).await.unwrap();
        let page = log.read_for(SILENT, Cursor::ZERO, ReadLimits::default());
        assert!(matches!(page.await, Err(LogError::Compacted { .. })));
        let stamp = log.record(change(1)).await.unwrap();
        assert!(acked.is_none_or(|acked| stamp > acked), "{stamp}");
    }
}

#[tokio::test]
async fn an_adoption_that_is_killed_at_any_moment_is_done_by_the_next_opening() {
    if let Some(data_dir) = as_child() {
        return open(&data_dir).await.close().await.unwrap();
    }
    let clean = earlier_program();
    let mut kills = Kills::spread_over(child(
        an_adoption_that_is_killed_at_any_moment_is_done_by_the_next_opening,
        clean.path(),
    ));
    let wanted = result(clean.path());
    let (mut untouched, mut adopted) = (0, 0);
    while kills.are_left() {
        let folder = earlier_program();
        kills.next(child(
            an_adoption_that_is_killed_at_any_moment_is_done_by_the_next_opening,
            folder.path(),
        ));
        let left = raw(folder.path());
        let count = |sql: &str| left.query_row(sql, [], |row| row.get::<_, i64>(0));
        let all = count("SELECT COUNT(*) FROM shared_changes").unwrap();
        let aside = count("SELECT COUNT(*) FROM sync_log_aside_changes").unwrap_or(0);
        assert_eq!(all + aside, 520, "no row is in between");
        match aside {
            0 => untouched += 1,
            25 => adopted += 1,
            other => panic!("{other} rows are aside"),
        }
        drop(left);
        open(folder.path()).await.close().await.unwrap();
        assert_eq!(result(folder.path()), wanted);
    }
    assert!(
        untouched > 5 && adopted > 0,
        "{untouched} before, {adopted} after"
    );
}

#[tokio::test]
async fn an_adoption_waits_for_a_program_that_is_writing() {
    let folder = earlier_program();
    let other = other_program(folder.path());
    other
        .execute_batch("BEGIN IMMEDIATE; DELETE FROM peer_acks")
        .unwrap();
    let hasty = SyncDb::options().busy_timeout(Duration::from_millis(50));
    let error = hasty
        .open(LIBRARY, DEVICE, folder.path())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Retry, "{error:?}");
    other.execute_batch("ROLLBACK").unwrap();
    open(folder.path()).await.close().await.unwrap();
    assert_eq!(acks_in(&raw(folder.path()), "peer_acks").len(), 2);
}
