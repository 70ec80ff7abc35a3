//! The chain (`R4`): what another program did is found before it is served or pruned, and the
//! next opening adopts what is there (`I4`).

use std::path::Path;

use sync_log_sqlite::inspect::Inspector;
use sync_log_sqlite::receive::arrival;
use sync_log_sqlite::{
    ChainFault, Change, Cursor, Hlc, LogError, OpenError, Page, ReadLimits, SyncDb,
};
use tempfile::TempDir;

use crate::common::tables::adoption_causes;
use crate::common::{self, PEER, change, file_in, fresh, open, raw};

const ENTRIES: usize = 6;

/// A log with a peer, and the stamps of its entries, each a group by itself.
async fn log() -> (TempDir, SyncDb, Vec<Hlc>) {
    let (folder, log) = fresh().await;
    log.register_peer(PEER).await.unwrap();
    let changes = (0..ENTRIES as u128).map(change).collect();
    let stamps = log.record_each(changes).await.unwrap();
    (folder, log, stamps)
}

/// The rows of one entry that are deleted.
const ENTRY: &[&str] = &["shared_changes"];
const TAG: &[&str] = &["sync_log_entries"];
const BOTH: &[&str] = &["shared_changes", "sync_log_entries"];

/// Deletes rows of an entry, as a file lacks them that was rebuilt.
fn lose(data_dir: &Path, hlc: Hlc, tables: &[&str]) {
    for table in tables {
        let sql = format!("DELETE FROM {table} WHERE hlc = ?1");
        let gone = raw(data_dir).execute(&sql, [hlc.to_string()]).unwrap();
        assert_eq!(gone, 1, "{table}");
    }
}

fn set(data_dir: &Path, hlc: Hlc, table: &str, set: &str) {
    let sql = format!("UPDATE {table} SET {set} WHERE hlc = ?1");
    let changed = raw(data_dir).execute(&sql, [hlc.to_string()]).unwrap();
    assert_eq!(changed, 1, "{sql}");
}

const UNREADABLE: ChainFault = ChainFault::Unreadable;

/// The stamps of the rows that went aside, and why.
fn aside(data_dir: &Path) -> Vec<(String, String)> {
    let db = raw(data_dir);
    let mut rows = db
        .prepare("SELECT hlc, reason FROM sync_log_aside_changes")
        .unwrap();
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    rows.unwrap().map(Result::unwrap).collect()
}

async fn first_page(log: &SyncDb) -> Result<Page, LogError> {
    log.read_for(PEER, Cursor::ZERO, ReadLimits::default())
        .await
}

fn fault<T: std::fmt::Debug>(outcome: Result<T, LogError>) -> (Hlc, ChainFault) {
    match outcome {
        Err(LogError::Altered(altered)) => (altered.hlc, altered.fault),
        other => panic!("{other:?}"),
    }
}

/// The next opening adopts what is there, once, under another id, and then serves it.
async fn is_adopted_and_served(data_dir: &Path, left: &[Hlc], cause: &str) {
    let id = |path: &Path| Inspector::open(path).unwrap().identity().unwrap().unwrap();
    let before = id(data_dir).log_id;
    let refused = SyncDb::open_read_only(data_dir).await;
    // A log whose fault is on record says so itself.
    let is_noted = refused.is_ok();
    if let Err(error) = &refused {
        assert!(matches!(error, OpenError::NeedsAdoption { .. }), "{error}");
        // A part of the file may be lost, without another program.
        let says = format!("{error}; {}", error.help());
        assert!(!says.contains("another program"), "{says}");
    }
    drop(refused);
    for _ in 0..2 {
        let log = open(data_dir).await;
        assert_ne!(log.identity().log_id, before, "{cause}");
        let floor = log.floor_cursor().await.unwrap();
        let page = log.read_for(PEER, floor, ReadLimits::default());
        let page = page.await.unwrap();
        arrival(log.identity().device_id, floor, &page).unwrap();
        let served: Vec<_> = page.entries.iter().map(|entry| entry.hlc).collect();
        assert_eq!(served, left, "{cause}");
        log.close().await.unwrap();
    }
    let told = adoption_causes(data_dir);
    assert_eq!(told.len(), 1, "once: {told:?}");
    assert!(told[0].contains(cause), "{told:?}");
    assert!(!is_noted || told[0].contains("failed to prove"), "{told:?}");
    let checks = Inspector::open(data_dir).unwrap().verify().unwrap();
    assert!(checks.iter().all(|check| check.is_ok()), "{checks:?}");
}

fn without(stamps: &[Hlc], position: usize) -> Vec<Hlc> {
    let mut left = stamps.to_vec();
    left.remove(position);
    left
}

#[tokio::test]
async fn a_file_rebuilt_without_its_first_row_is_adopted_before_anything_is_served() {
    for tables in [ENTRY, BOTH] {
        let (folder, log, stamps) = log().await;
        log.close().await.unwrap();
        lose(folder.path(), stamps[0], tables);
        let left = without(&stamps, 0);
        is_adopted_and_served(folder.path(), &left, "does not follow the floor").await;
    }
}

#[tokio::test]
async fn a_file_rebuilt_without_a_row_in_the_middle_is_neither_served_nor_pruned() {
    for (tables, position) in [(ENTRY, 2), (BOTH, 2), (BOTH, ENTRIES - 2)] {
        let (folder, log, stamps) = log().await;
        log.close().await.unwrap();
        lose(folder.path(), stamps[position], tables);
        let left = without(&stamps, position);

        let reopened = open(folder.path()).await;
        reopened
            .record_ack(PEER, stamps[ENTRIES - 1])
            .await
            .unwrap();
        let next = (stamps[position + 1], ChainFault::OtherTag);
        assert_eq!(fault(reopened.prune_acked().await), next);
        // From then on it is on record.
        assert!(matches!(
            first_page(&reopened).await,
            Err(LogError::Altered(_))
        ));
        reopened.close().await.unwrap();
        assert_eq!(common::stamps(&raw(folder.path())).len(), left.len());
        is_adopted_and_served(folder.path(), &left, "what came before it was changed").await;
    }
}

#[tokio::test]
async fn a_file_rebuilt_without_its_last_row_is_adopted_before_anything_is_served() {
    for tables in [ENTRY, BOTH] {
        let (folder, log, stamps) = log().await;
        log.close().await.unwrap();
        lose(folder.path(), stamps[ENTRIES - 1], tables);
        let left = without(&stamps, ENTRIES - 1);
        is_adopted_and_served(folder.path(), &left, "the newest entry is missing").await;
    }
}

#[tokio::test]
async fn an_entry_that_is_lost_while_the_log_is_open_is_missed_by_the_next_page() {
    for (position, tables) in [(0, ENTRY), (0, BOTH), (2, ENTRY), (2, BOTH)] {
        let (folder, log, stamps) = log().await;
        lose(folder.path(), stamps[position], tables);
        let next = (stamps[position + 1], ChainFault::OtherTag);
        assert_eq!(fault(first_page(&log).await), next);
        assert!(matches!(
            log.record(change(9)).await,
            Err(LogError::Altered(_))
        ));
    }
    for tables in [ENTRY, BOTH] {
        let (folder, log, stamps) = log().await;
        lose(folder.path(), stamps[ENTRIES - 1], tables);
        let end = (stamps[ENTRIES - 2], ChainFault::Missing);
        assert_eq!(fault(first_page(&log).await), end);
    }
}

#[tokio::test]
async fn a_prune_whose_last_entry_is_lost_deletes_nothing() {
    let (folder, log, stamps) = log().await;
    log.record_ack(PEER, stamps[3]).await.unwrap();
    lose(folder.path(), stamps[2], BOTH);
    assert_eq!(
        fault(log.prune_acked().await),
        (stamps[3], ChainFault::OtherTag)
    );
    assert_eq!(common::stamps(&raw(folder.path())).len(), ENTRIES - 1);
    assert!(log.floor().await.unwrap().is_zero());
}

#[tokio::test]
async fn an_entry_that_is_changed_while_the_log_is_open_is_not_served() {
    let changes = [
        ("shared_changes", "data = '1'"),
        ("shared_changes", "model_type = 'album'"),
        ("shared_changes", "change_type = 'delete'"),
        ("sync_log_entries", "model_version = 1"),
        ("sync_log_entries", "group_end = 0"),
        ("sync_log_entries", "tag = zeroblob(16)"),
    ];
    for (table, change) in changes {
        for position in [0, 2, ENTRIES - 1] {
            let (folder, log, stamps) = log().await;
            set(folder.path(), stamps[position], table, change);
            let found = (stamps[position], ChainFault::OtherTag);
            assert_eq!(fault(first_page(&log).await), found, "{change}");
            log.close().await.unwrap();
            is_adopted_and_served(folder.path(), &stamps, "was changed").await;
        }
    }
}

#[tokio::test]
async fn an_entry_that_is_changed_while_the_log_is_closed_is_not_served() {
    let (folder, log, stamps) = log().await;
    log.close().await.unwrap();
    set(folder.path(), stamps[0], "shared_changes", "data = '1'");
    is_adopted_and_served(folder.path(), &stamps, "does not follow the floor").await;

    let (other_folder, other_log, other_stamps) = self::log().await;
    other_log.close().await.unwrap();
    set(
        other_folder.path(),
        other_stamps[3],
        "shared_changes",
        "data = '1'",
    );
    let reopened = open(other_folder.path()).await;
    let found = (other_stamps[3], ChainFault::OtherTag);
    assert_eq!(fault(first_page(&reopened).await), found);
    reopened.close().await.unwrap();
    is_adopted_and_served(other_folder.path(), &other_stamps, "was changed").await;
}

#[tokio::test]
async fn a_tag_that_is_deleted_or_cannot_be_read_is_as_good_as_none() {
    for position in [0, 2, ENTRIES - 1] {
        let (folder, log, stamps) = log().await;
        lose(folder.path(), stamps[position], TAG);
        let found = (stamps[position], ChainFault::NoTag);
        assert_eq!(fault(first_page(&log).await), found);
        log.close().await.unwrap();
        is_adopted_and_served(folder.path(), &stamps, "another program wrote").await;
    }
    for broken in [
        "tag = x'00'",
        "tag = 'sixteen letters.'",
        "group_end = 2",
        "model_version = -1",
        "model_version = 4294967296",
    ] {
        let (folder, log, stamps) = log().await;
        set(folder.path(), stamps[2], "sync_log_entries", broken);
        let found = (stamps[2], ChainFault::NoTag);
        assert_eq!(fault(first_page(&log).await), found, "{broken}");
    }
}

#[tokio::test]
async fn opening_looks_at_both_ends_of_the_chain() {
    let ends: [(usize, &[&str], &str); 2] = [
        (0, TAG, "the oldest entry has no tag"),
        (ENTRIES - 1, TAG, "the newest tag is not that of the head"),
    ];
    for (position, tables, cause) in ends {
        let (folder, log, stamps) = log().await;
        log.close().await.unwrap();
        lose(folder.path(), stamps[position], tables);
        is_adopted_and_served(folder.path(), &stamps, cause).await;
    }
    let statements = [
        ("DELETE FROM sync_log_entries", "the entries have no tags"),
        (
            "UPDATE sync_log_state SET head_tag = floor_tag",
            "the newest tag is not that of the head",
        ),
        (
            "INSERT INTO sync_log_entries VALUES ('0', zeroblob(16), 0, 1)",
            "the oldest tag is not that of the oldest entry",
        ),
        (
            "INSERT INTO sync_log_entries VALUES (x'ff', zeroblob(16), 0, 1)",
            "the newest tag is not that of the head",
        ),
    ];
    for (sql, cause) in statements {
        let (folder, log, stamps) = log().await;
        log.close().await.unwrap();
        raw(folder.path()).execute_batch(sql).unwrap();
        is_adopted_and_served(folder.path(), &stamps, cause).await;
    }
}

#[tokio::test]
async fn an_entry_that_cannot_be_read_is_put_aside_by_the_next_opening() {
    let broken = "data = data || '}'";
    for position in [0, 2, ENTRIES - 1] {
        let (folder, log, stamps) = log().await;
        log.close().await.unwrap();
        set(folder.path(), stamps[position], "shared_changes", broken);
        let reopened = open(folder.path()).await;
        assert_eq!(
            fault(first_page(&reopened).await),
            (stamps[position], UNREADABLE)
        );
        assert_eq!(
            fault(reopened.record(change(9)).await),
            (stamps[position], UNREADABLE)
        );
        reopened.close().await.unwrap();
        is_adopted_and_served(folder.path(), &without(&stamps, position), "cannot be read").await;
        let aside = aside(folder.path());
        assert_eq!(
            aside,
            [(stamps[position].to_string(), "data is not JSON".to_owned())]
        );
    }
}

/// A prune shares its commit with other jobs. They are not refused for what it finds.
#[tokio::test]
async fn a_prune_over_an_entry_that_cannot_be_read_deletes_nothing() {
    let (folder, log, stamps) = log().await;
    set(folder.path(), stamps[2], "shared_changes", "data = '{'");
    log.record_ack(PEER, stamps[ENTRIES - 1]).await.unwrap();
    assert_eq!(fault(log.prune_acked().await), (stamps[2], UNREADABLE));
    let count = "SELECT COUNT(*) FROM shared_changes";
    let left: i64 = raw(folder.path())
        .query_row(count, [], |row| row.get(0))
        .unwrap();
    assert_eq!(left, 6);
    log.close().await.unwrap();
    is_adopted_and_served(folder.path(), &without(&stamps, 2), "cannot be read").await;
}

/// Nothing was found yet, so nothing is on record.
#[tokio::test]
async fn an_entry_that_is_repaired_before_it_is_read_is_as_it_was() {
    let (folder, log, stamps) = log().await;
    set(
        folder.path(),
        stamps[2],
        "shared_changes",
        "data = data || '}'",
    );
    let repair = "data = substr(data, 1, length(data) - 1)";
    set(folder.path(), stamps[2], "shared_changes", repair);
    assert_eq!(first_page(&log).await.unwrap().entries.len(), ENTRIES);
    log.close().await.unwrap();
    let reopened = open(folder.path()).await;
    assert_eq!(first_page(&reopened).await.unwrap().entries.len(), ENTRIES);
    assert_eq!(adoption_causes(folder.path()), [""; 0]);
}

#[tokio::test]
async fn a_log_of_which_everything_is_deleted_is_not_an_empty_one() {
    let all = "DELETE FROM shared_changes; DELETE FROM sync_log_entries";
    let (folder, log, stamps) = log().await;
    raw(folder.path()).execute_batch(all).unwrap();
    assert_eq!(
        fault(first_page(&log).await),
        (Hlc::ZERO, ChainFault::Missing)
    );
    log.close().await.unwrap();
    is_adopted_and_served(folder.path(), &[], "are missing").await;

    let (other_folder, other_log, _) = self::log().await;
    other_log.close().await.unwrap();
    raw(other_folder.path()).execute_batch(all).unwrap();
    is_adopted_and_served(other_folder.path(), &[], "the newest entry is missing").await;
    let adopted = open(other_folder.path()).await;
    assert!(adopted.record(change(1)).await.unwrap() > stamps[ENTRIES - 1]);
}

/// A tag names the whole past, so the stamp alone does not close the gap.
#[tokio::test]
async fn an_entry_appended_again_after_a_restore_is_another_position() {
    let (folder, log, _) = log().await;
    log.close().await.unwrap();
    let backup = std::fs::read(file_in(folder.path())).unwrap();
    let reopened = open(folder.path()).await;
    let kept = reopened.head_cursor().await.unwrap();
    reopened.record(change(7)).await.unwrap();
    let last = change(8).stamped(reopened.tick().await.unwrap());
    reopened.append(last.clone()).await.unwrap();
    let page = reopened.read_for(PEER, kept, ReadLimits::default());
    let cursor = page.await.unwrap().next;
    assert_eq!(cursor.hlc(), last.hlc);
    reopened.close().await.unwrap();

    std::fs::write(file_in(folder.path()), backup).unwrap();
    let restored = open(folder.path()).await;
    assert_eq!(
        restored.identity().log_id,
        cursor.log_id(),
        "it is not adopted"
    );
    restored.append(last.clone()).await.unwrap();
    assert_eq!(restored.head().await.unwrap(), cursor.hlc());
    let from_cursor = restored.read_for(PEER, cursor, ReadLimits::default()).await;
    assert!(
        matches!(from_cursor, Err(LogError::Diverged { .. })),
        "{from_cursor:?}"
    );
    let from_kept = restored.read_for(PEER, kept, ReadLimits::default());
    assert_eq!(from_kept.await.unwrap().entries, [last]);
}

#[tokio::test]
async fn groups_and_versions_are_served_as_they_were_recorded_and_survive_an_adoption() {
    let (folder, log) = fresh().await;
    log.register_peer(PEER).await.unwrap();
    let group = |first: u128| -> Vec<Change> {
        let changes = (first..first + 4).map(change);
        let versions = changes.map(|change| Change {
            model_version: 3,
            ..change
        });
        versions.collect()
    };
    log.record_many(group(0)).await.unwrap();
    log.record_many(group(10)).await.unwrap();
    let ends = |page: &Page| -> Vec<bool> {
        assert!(page.entries.iter().all(|entry| entry.model_version == 3));
        page.entries.iter().map(|entry| entry.group_end).collect()
    };
    let one = [false, false, false, true];
    for limit in [1, 4, 5, 7] {
        let page = log.read_for(PEER, Cursor::ZERO, ReadLimits::entries(limit));
        assert_eq!(ends(&page.await.unwrap()), one, "{limit}");
    }
    let written = "UPDATE sync_log_state SET altered = 'other_tag'";
    raw(folder.path()).execute(written, []).unwrap();
    log.close().await.unwrap();
    let adopted = open(folder.path()).await;
    assert_eq!(adoption_causes(folder.path()).len(), 1);
    let floor = adopted.floor_cursor().await.unwrap();
    let page = adopted.read_for(PEER, floor, ReadLimits::default());
    assert_eq!(ends(&page.await.unwrap()), [one, one].concat());
}

#[tokio::test]
async fn a_group_that_lost_its_end_ends_with_the_log_when_it_is_adopted() {
    let (folder, log) = fresh().await;
    log.register_peer(PEER).await.unwrap();
    let stamps = log.record_many((0..4).map(change).collect()).await.unwrap();
    log.close().await.unwrap();
    lose(folder.path(), stamps[3], BOTH);
    is_adopted_and_served(folder.path(), &stamps[..3], "the newest entry is missing").await;
}

#[tokio::test]
async fn verify_names_what_is_missing_in_a_file_that_was_rebuilt() {
    let last = ENTRIES - 1;
    let cases: [(usize, &[&str], &[&str]); 8] = [
        (0, BOTH, &["chain"]),
        (2, BOTH, &["chain"]),
        (last, BOTH, &["position", "chain"]),
        (0, ENTRY, &["tags", "chain"]),
        (2, ENTRY, &["tags", "chain"]),
        (last, ENTRY, &["position", "tags", "chain"]),
        (2, TAG, &["tags", "chain"]),
        (last, TAG, &["tags", "chain"]),
    ];
    for (position, tables, expected) in cases {
        let (folder, log, stamps) = log().await;
        log.close().await.unwrap();
        lose(folder.path(), stamps[position], tables);
        let checks = Inspector::open(folder.path()).unwrap().verify().unwrap();
        let failed = checks.iter().filter(|check| !check.is_ok());
        let failed: Vec<_> = failed.map(|check| check.name).collect();
        assert_eq!(failed, expected, "{position} {tables:?}: {checks:?}");
    }
}
