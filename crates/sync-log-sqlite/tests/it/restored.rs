//! A file that was restored is recognised, and shown until a person dismisses it (`H7`, `R2`).

use std::path::{Path, PathBuf};

use sync_log_sqlite::{
    Cause, Cursor, Hlc, LogError, ManualClock, ReadLimits, Remedy, SyncDb, Uuid, Verdict,
    VerdictKind,
};

use crate::common::{self, DEVICE, LIBRARY, PEER, as_child, change, child, file_in, folder, say};

const NOW_MS: i64 = 1_700_000_000_000;
const HOUR_MS: i64 = 60 * 60 * 1000;

async fn open_at(data_dir: &Path, now_ms: i64) -> SyncDb {
    let options = SyncDb::options().wall_clock(ManualClock::new(now_ms));
    options.open(LIBRARY, DEVICE, data_dir).await.unwrap()
}

/// What is shown.
async fn shown(log: &SyncDb) -> Vec<(VerdictKind, Hlc, Option<Uuid>)> {
    let verdicts = log.status().await.unwrap().verdicts;
    let reasons = log.explain().await.unwrap().reasons;
    let explained: Vec<Verdict> = reasons
        .iter()
        .filter_map(|reason| match reason.cause {
            Cause::Restored(verdict) => {
                assert_eq!(reason.remedy, Some(Remedy::NewIdentity));
                Some(verdict)
            }
            _ => None,
        })
        .collect();
    assert_eq!(explained, verdicts);
    let shown = verdicts.iter();
    shown
        .map(|it| (it.kind, it.hlc, it.peer.map(Uuid::from)))
        .collect()
}

async fn refused(log: &SyncDb, cursor: Cursor) -> LogError {
    let read = log.read_for(PEER, cursor, ReadLimits::default());
    read.await.unwrap_err()
}

/// A log that was put back from a backup.
struct Restored {
    folder: tempfile::TempDir,
    log: SyncDb,
    /// Where the peer is.
    further: Cursor,
    /// The stamps that are not in the log any more.
    lost: Vec<Hlc>,
}

impl Restored {
    /// Three entries were in the backup; two more were lost, which the peer has.
    async fn new() -> Self {
        let folder = folder();
        let backed_up = open_at(folder.path(), NOW_MS).await;
        backed_up.register_peer(PEER).await.unwrap();
        let changes = (0..3).map(change).collect();
        backed_up.record_each(changes).await.unwrap();
        backed_up.close().await.unwrap();
        let backup = std::fs::read(file_in(folder.path())).unwrap();

        let ahead = open_at(folder.path(), NOW_MS).await;
        let lost = vec![ahead.tick().await.unwrap(), ahead.tick().await.unwrap()];
        for (record, hlc) in (3..).zip(&lost) {
            ahead.append(change(record).stamped(*hlc)).await.unwrap();
        }
        let page = ahead.read_for(PEER, Cursor::ZERO, ReadLimits::default());
        let further = page.await.unwrap().next;
        ahead.close().await.unwrap();

        std::fs::write(file_in(folder.path()), backup).unwrap();
        let log = open_at(folder.path(), NOW_MS + HOUR_MS).await;
        assert_eq!(shown(&log).await, [], "a restore alone shows nothing");
        Self {
            folder,
            log,
            further,
            lost,
        }
    }

    /// The verdict is shown after a restart, refuses no own write, and can be dismissed.
    async fn keeps(self, kind: VerdictKind, hlc: Hlc, peer: Option<Uuid>) {
        let expected = [(kind, hlc, peer)];
        assert_eq!(shown(&self.log).await, expected);
        let stamp = self.log.record(change(9)).await.unwrap();
        self.log.observe_all(&[stamp]).await.unwrap();
        self.log.prune_acked().await.unwrap();
        self.log.close().await.unwrap();
        let dismissing = open_at(self.folder.path(), NOW_MS + HOUR_MS).await;
        assert_eq!(shown(&dismissing).await, expected, "after a restart");
        assert_eq!(dismissing.dismiss_verdicts().await.unwrap().len(), 1);
        assert_eq!(shown(&dismissing).await, []);
        dismissing.close().await.unwrap();
        let reopened = open_at(self.folder.path(), NOW_MS + HOUR_MS).await;
        assert_eq!(shown(&reopened).await, [], "after a restart");
    }
}

#[tokio::test]
async fn a_reader_that_was_further_is_a_sign() {
    let restored = Restored::new().await;
    let cursor = restored.further;
    let error = refused(&restored.log, cursor).await;
    assert!(matches!(error, LogError::AheadOfHead { .. }), "{error:?}");
    let kind = VerdictKind::AheadOfHead;
    restored.keeps(kind, cursor.hlc(), Some(PEER)).await;
}

#[tokio::test]
async fn an_own_stamp_that_comes_back_is_a_sign() {
    let restored = Restored::new().await;
    let lost = restored.lost[1];
    let observed = restored.log.observe_all(&restored.lost).await;
    assert_eq!(
        observed.unwrap_err().to_string(),
        LogError::UnknownOwnStamp { hlc: lost }.to_string()
    );
    restored.keeps(VerdictKind::OwnStamp, lost, None).await;
}

/// The entry before it was lost, so its place has another past.
#[tokio::test]
async fn the_last_entry_appended_again_after_another_past_is_a_sign() {
    let restored = Restored::new().await;
    let last = restored.lost[1];
    let again = change(4).stamped(last);
    restored.log.append(again).await.unwrap();
    let error = refused(&restored.log, restored.further).await;
    assert!(matches!(error, LogError::Diverged { .. }), "{error:?}");
    restored
        .keeps(VerdictKind::Diverged, last, Some(PEER))
        .await;
}

#[tokio::test]
async fn what_another_process_finds_is_shown_by_every_handle() {
    if let Some(data_dir) = as_child() {
        let log = open_at(&data_dir, NOW_MS).await;
        let unknown = log.tick().await.unwrap();
        log.observe_all(&[unknown]).await.unwrap_err();
        say(unknown);
        return log.close().await.unwrap();
    }
    let folder = folder();
    let log = open_at(folder.path(), NOW_MS).await;
    let other = open_at(folder.path(), NOW_MS).await;
    let reader = SyncDb::open_read_only(folder.path()).await.unwrap();
    let mut process = child(
        what_another_process_finds_is_shown_by_every_handle,
        folder.path(),
    )
    .spawn()
    .unwrap();
    let said = common::parse_stamps(common::heard(&mut process));
    assert!(process.wait().unwrap().success());
    for handle in [&log, &other, &reader] {
        let expected = [(VerdictKind::OwnStamp, said[0], None)];
        assert_eq!(shown(handle).await, expected);
    }
    assert_eq!(other.dismiss_verdicts().await.unwrap().len(), 1);
    for handle in [&log, &other, &reader] {
        assert_eq!(shown(handle).await, []);
    }
    reader.dismiss_verdicts().await.unwrap();
}

/// A handle that may not write refuses the same, and puts nothing on record.
#[tokio::test]
async fn what_is_only_looked_at_takes_no_verdict() {
    let restored = Restored::new().await;
    let reader = SyncDb::open_read_only(restored.folder.path())
        .await
        .unwrap();
    let error = refused(&reader, restored.further).await;
    assert!(matches!(error, LogError::AheadOfHead { .. }), "{error:?}");
    assert_eq!(shown(&restored.log).await, []);
}

/// What cannot be read says nothing, and is found again.
#[tokio::test]
async fn a_verdict_that_cannot_be_read_gives_way_to_the_next() {
    let restored = Restored::new().await;
    for spoiled in ["hlc = 'x'", "found_at = 'once'", "kind = 'other'"] {
        refused(&restored.log, restored.further).await;
        let spoil = format!("UPDATE sync_log_verdicts SET {spoiled}");
        let rows = common::raw(restored.folder.path()).execute(&spoil, []);
        assert_eq!(rows.unwrap(), 1, "{spoiled}");
        assert_eq!(shown(&restored.log).await, [], "{spoiled}");
    }
    let cursor = restored.further;
    refused(&restored.log, cursor).await;
    let sign = (VerdictKind::AheadOfHead, cursor.hlc(), Some(PEER));
    assert_eq!(shown(&restored.log).await, [sign]);
}

/// These stamps of this device are known, or may have been given out by an earlier log.
async fn knows(log: &SyncDb, own: &[Hlc]) {
    for hlc in own {
        let observed = log.observe_all(&[*hlc]).await;
        assert_eq!(observed.unwrap(), Some(*hlc));
    }
    assert_eq!(shown(log).await, []);
}

/// A stamp that this log cannot have given out.
async fn does_not_know(log: &SyncDb) {
    let unknown = log.tick().await.unwrap();
    log.observe_all(&[unknown]).await.unwrap_err();
    assert_eq!(shown(log).await, [(VerdictKind::OwnStamp, unknown, None)]);
}

#[tokio::test]
async fn stamps_of_a_pruned_log_are_no_sign() {
    let folder = folder();
    let log = open_at(folder.path(), NOW_MS).await;
    log.register_peer(PEER).await.unwrap();
    let changes = (0..10).map(change).collect();
    let stamps = log.record_each(changes).await.unwrap();
    log.record_ack(PEER, stamps[6]).await.unwrap();
    assert_eq!(log.prune_acked().await.unwrap(), 7);
    knows(&log, &stamps).await;
    log.close().await.unwrap();
    let reopened = open_at(folder.path(), NOW_MS).await;
    knows(&reopened, &stamps).await;
    does_not_know(&reopened).await;
}

#[tokio::test]
async fn stamps_of_a_log_that_was_deleted_are_no_sign() {
    let folder = folder();
    let log = open_at(folder.path(), NOW_MS).await;
    let stamps = [
        log.record(change(1)).await.unwrap(),
        log.record(change(2)).await.unwrap(),
        log.tick().await.unwrap(),
    ];
    log.close().await.unwrap();
    std::fs::remove_file(file_in(folder.path())).unwrap();
    let new_log = open_at(folder.path(), NOW_MS + HOUR_MS).await;
    knows(&new_log, &stamps).await;
    let error = new_log
        .append(change(1).stamped(stamps[0]))
        .await
        .unwrap_err();
    assert!(matches!(error, LogError::BelowFloor { .. }), "{error:?}");
    does_not_know(&new_log).await;
}

#[tokio::test]
async fn stamps_from_before_a_log_that_was_made_beside_records_are_no_sign() {
    let folder = folder();
    let options = SyncDb::options().wall_clock(ManualClock::new(NOW_MS));
    let beside = options.beside_records();
    let log = beside.open(LIBRARY, DEVICE, folder.path()).await.unwrap();
    let before = Hlc::new((NOW_MS - HOUR_MS).cast_unsigned(), 7, DEVICE);
    let stamp = log.record(change(1)).await.unwrap();
    knows(&log, &[before, log.floor().await.unwrap(), stamp]).await;
    does_not_know(&log).await;
}

#[tokio::test]
async fn stamps_of_an_adopted_file_are_no_sign() {
    use common::earlier::{DEVICE, LIBRARY, earlier_program};
    let folder = earlier_program();
    // The row that is spoiled goes aside; what came after the newest entry was pruned.
    let (aside, pruned) = (
        Hlc::new((NOW_MS + HOUR_MS).cast_unsigned(), 0, DEVICE),
        Hlc::new((NOW_MS - HOUR_MS).cast_unsigned(), 0, DEVICE),
    );
    let spoiled = format!("INSERT INTO shared_changes VALUES ('{aside}', '', '', '', '', '')");
    let other = common::other_program(folder.path());
    other.execute_batch(&spoiled).unwrap();
    drop(other);
    let options = SyncDb::options().wall_clock(ManualClock::new(NOW_MS));
    let log = options.open(LIBRARY, DEVICE, folder.path()).await.unwrap();
    let retained = log.get_since(None, 495).await.unwrap();
    let mut own: Vec<Hlc> = retained.iter().map(|entry| entry.hlc).collect();
    own.extend([Hlc::new(1, 0, DEVICE), aside, pruned]);
    knows(&log, &own).await;
    does_not_know(&log).await;
}

#[tokio::test]
async fn stamps_of_a_log_of_ours_that_is_adopted_again_are_no_sign() {
    let folder = folder();
    let log = open_at(folder.path(), NOW_MS).await;
    let changes = (0..10).map(change).collect();
    let mut stamps = log.record_each(changes).await.unwrap();
    stamps.push(log.tick().await.unwrap());
    log.close().await.unwrap();
    let other = common::other_program(folder.path());
    let altered = format!(
        "DELETE FROM shared_changes WHERE hlc IN ('{}', '{}'); \
         UPDATE shared_changes SET data = '{{' WHERE hlc = '{}'",
        stamps[5], stamps[9], stamps[7]
    );
    other.execute_batch(&altered).unwrap();
    drop(other);
    let adopted = open_at(folder.path(), NOW_MS).await;
    assert_eq!(adopted.get_since(None, 10).await.unwrap().len(), 7);
    knows(&adopted, &stamps).await;
    does_not_know(&adopted).await;
}

#[tokio::test]
async fn a_verdict_outlives_an_adoption() {
    let folder = folder();
    let log = open_at(folder.path(), NOW_MS).await;
    let stamp = log.record(change(1)).await.unwrap();
    does_not_know(&log).await;
    let before = shown(&log).await;
    log.close().await.unwrap();
    let other = common::other_program(folder.path());
    let altered = format!("UPDATE shared_changes SET data = '[]' WHERE hlc = '{stamp}'");
    other.execute_batch(&altered).unwrap();
    drop(other);
    let adopted = open_at(folder.path(), NOW_MS).await;
    assert!(
        !adopted.status().await.unwrap().peers_declared,
        "it was adopted"
    );
    assert_eq!(shown(&adopted).await, before);
}

#[tokio::test]
async fn stamps_of_an_imported_log_are_no_sign() {
    use common::old_log::{DEVICE, LIBRARY, old_log, run};
    let (old, new) = (old_log(), folder());
    let mut lost = PathBuf::new();
    let mut own = Vec::new();
    // The second time, the log that the first run made was lost.
    for _ in 0..2 {
        if lost.exists() {
            std::fs::remove_file(&lost).unwrap();
        }
        run(old.path(), new.path(), DEVICE).await.unwrap();
        lost = file_in(new.path());
        let log = SyncDb::open(LIBRARY, DEVICE, new.path()).await.unwrap();
        let imported = log.get_since(None, 1000).await.unwrap();
        own.extend(imported.iter().map(|entry| entry.hlc));
        knows(&log, &own).await;
        own.push(log.record(change(1)).await.unwrap());
        log.close().await.unwrap();
        // So that the next log is made later than this stamp.
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let log = SyncDb::open(LIBRARY, DEVICE, new.path()).await.unwrap();
    knows(&log, &own).await;
    does_not_know(&log).await;
}
