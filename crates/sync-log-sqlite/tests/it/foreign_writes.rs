//! A program that knows only the original tables may read our file; if it writes, that
//! is named and never served silently, and the file is adopted again (`I4`).

use rusqlite::types::Value;
use sync_log_sqlite::{
    Ack, Cause, ChainFault, Cursor, ErrorKind, LogError, ReadLimits, Reason, RowFault,
};

use crate::common::tables::{ACKS, CHANGES, changes_in, result, rows};
use crate::common::{PEER, change, fresh, open, other_program, raw};

#[tokio::test]
async fn a_program_that_knows_the_original_tables_reads_our_file() {
    let (folder, log) = fresh().await;
    log.register_peer(PEER).await.unwrap();
    let stamp = log.record(change(7)).await.unwrap();
    log.record_ack(PEER, stamp).await.unwrap();
    let other = other_program(folder.path());
    let text = |text: &str| Value::Text(text.to_owned());
    let read = rows(
        &other,
        &format!("SELECT {CHANGES} FROM shared_changes WHERE hlc > ''"),
    );
    let expected = [
        &stamp.to_string(),
        "tag",
        "00000000-0000-0000-0000-000000000007",
        "update",
        r#"{"record":"7"}"#,
    ];
    assert_eq!(read[0][..5], expected.map(text));
    let acks = rows(&other, &format!("SELECT {ACKS} FROM peer_acks"));
    assert_eq!(
        acks[0][..2],
        [PEER.to_string(), stamp.to_string()].map(Value::Text)
    );
}

/// What another program does to our file, by statement, and what is found.
const WRITES: [(&str, ChainFault); 6] = [
    (
        "INSERT INTO shared_changes SELECT replace(hlc, '-0000000000000000-', '-00000000000000ff-'), \
         model_type, record_uuid, change_type, data, created_at FROM shared_changes LIMIT 1",
        ChainFault::NoTag,
    ),
    (
        "INSERT INTO shared_changes VALUES \
         ('0000ffff00000000-0000000000000000-03614bc1-d5cc-5c77-aed9-56d981cc038b', 'tag', \
         '00000000-0000-0000-0000-000000000001', 'insert', '{}', '2024-01-01T00:00:00Z')",
        ChainFault::NoTag,
    ),
    (
        "DELETE FROM shared_changes WHERE hlc = (SELECT min(hlc) FROM shared_changes)",
        ChainFault::OtherTag,
    ),
    (
        "DELETE FROM shared_changes WHERE hlc = (SELECT max(hlc) FROM shared_changes)",
        ChainFault::Missing,
    ),
    (
        "UPDATE shared_changes SET data = '1' WHERE hlc = (SELECT max(hlc) FROM shared_changes)",
        ChainFault::OtherTag,
    ),
    (
        "INSERT OR REPLACE INTO shared_changes SELECT hlc, model_type, record_uuid, 'delete', \
         data, created_at FROM shared_changes LIMIT 1",
        ChainFault::OtherTag,
    ),
];

#[tokio::test]
async fn what_another_program_wrote_is_named_and_never_served_silently() {
    for (sql, fault) in WRITES {
        let (folder, log) = fresh().await;
        log.register_peer(PEER).await.unwrap();
        for record in 0..3 {
            log.record(change(record)).await.unwrap();
        }
        let page = log.read_for(PEER, Cursor::ZERO, ReadLimits::entries(2));
        let (cursor, high_water) = (page.await.unwrap().next, log.head().await.unwrap());
        log.acknowledge(Ack::new(PEER, cursor)).await.unwrap();
        let changes = other_program(folder.path()).execute(sql, []).unwrap();
        assert_eq!(changes, 1, "{sql}");

        // A log that is open does not go on from where it reads over it.
        let all = log.read_for(PEER, Cursor::ZERO, ReadLimits::default());
        let Err(LogError::Altered(altered)) = all.await else {
            panic!("{sql}: it is served");
        };
        assert_eq!(altered.fault, fault, "{sql}");
        assert_eq!(log.status().await.unwrap().altered, Some(altered));
        let error = log.record(change(9)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Reopen, "{sql}");
        assert_eq!(error.to_string(), altered.to_string(), "{sql}");
        assert!(matches!(log.prune_acked().await, Err(LogError::Altered(_))));
        let cause = altered.to_string();
        log.close().await.unwrap();
        let found = changes_in(&raw(folder.path()), "shared_changes");

        let adopted_log = open(folder.path()).await;
        let db = raw(folder.path());
        let named: String = db
            .query_row("SELECT cause FROM sync_log_adoptions", [], |row| row.get(0))
            .unwrap();
        assert_eq!(named, cause, "{sql}");
        let mut again = changes_in(&db, "shared_changes");
        again.extend(changes_in(&db, "sync_log_aside_changes"));
        again.sort_by_key(|row| format!("{row:?}"));
        let mut found = found;
        found.sort_by_key(|row| format!("{row:?}"));
        assert_eq!(again, found, "{sql}: every row is found again");

        // Nobody goes on where the history is another one, and nothing is pruned.
        let from_cursor = adopted_log.read_for(PEER, cursor, ReadLimits::default());
        assert!(
            matches!(from_cursor.await, Err(LogError::OtherLog { .. })),
            "{sql}"
        );
        let from_zero = adopted_log.read_for(PEER, Cursor::ZERO, ReadLimits::default());
        assert!(
            matches!(from_zero.await, Err(LogError::Compacted { .. })),
            "{sql}"
        );
        assert_eq!(adopted_log.prune_acked().await.unwrap(), 0, "{sql}");
        assert!(
            adopted_log.record(change(9)).await.unwrap() > high_water,
            "{sql}"
        );
        adopted_log.close().await.unwrap();
        let adopted = result(folder.path());
        open(folder.path()).await.close().await.unwrap();
        assert_eq!(result(folder.path()), adopted, "{sql}: once");
    }
}

#[tokio::test]
async fn tables_that_another_program_recreated_are_adopted() {
    let (folder, log) = fresh().await;
    let stamps = [
        log.record(change(1)).await.unwrap(),
        log.record(change(2)).await.unwrap(),
    ];
    log.close().await.unwrap();
    let anew = "CREATE TABLE copy AS SELECT * FROM shared_changes WHERE hlc <> \
                (SELECT min(hlc) FROM shared_changes);
                DROP TABLE shared_changes;
                CREATE TABLE shared_changes (hlc TEXT PRIMARY KEY, model_type TEXT NOT NULL, \
                record_uuid TEXT NOT NULL, change_type TEXT NOT NULL, data TEXT NOT NULL, \
                created_at TEXT NOT NULL);
                INSERT INTO shared_changes SELECT * FROM copy; DROP TABLE copy;";
    other_program(folder.path()).execute_batch(anew).unwrap();
    let adopted = open(folder.path()).await;
    assert_eq!(adopted.head().await.unwrap(), stamps[1]);
    assert!(adopted.floor().await.unwrap() >= stamps[0]);
    let gone = other_program(folder.path()).execute("DELETE FROM shared_changes", []);
    assert_eq!(gone.unwrap(), 1);
    let read = adopted.get_since(None, 9).await;
    assert!(matches!(read, Err(LogError::Altered(_))), "{read:?}");
}

#[tokio::test]
async fn an_ack_that_another_program_moved_on_is_not_believed() {
    let moves = [
        "UPDATE peer_acks SET last_acked_hlc = ?1",
        "INSERT OR REPLACE INTO peer_acks SELECT peer_device_id, ?1, '' FROM peer_acks",
    ];
    for sql in moves {
        let (folder, log) = fresh().await;
        log.register_peer(PEER).await.unwrap();
        let first = log.record(change(1)).await.unwrap();
        let second = log.record(change(2)).await.unwrap();
        log.record_ack(PEER, first).await.unwrap();
        let other = other_program(folder.path());
        assert_eq!(other.execute(sql, [second.to_string()]).unwrap(), 1);
        let reasons = log.explain().await.unwrap().reasons;
        let is_named = |reason: &Reason| matches!(&reason.cause, Cause::UntrustedRow(row) if row.fault == RowFault::OtherMirror);
        assert!(reasons.iter().any(is_named), "{reasons:?}");
        assert_eq!(
            log.prune_acked().await.unwrap(),
            1,
            "what it told us: {sql}"
        );
        assert_eq!(log.prune_acked().await.unwrap(), 0, "{sql}");
        // What this program writes itself counts, in both tables.
        log.record_ack(PEER, second).await.unwrap();
        assert_eq!(log.prune_acked().await.unwrap(), 1, "{sql}");
        assert!(log.peers().await.unwrap()[0].is_ok(), "{sql}");
    }
}

#[tokio::test]
async fn the_floor_never_goes_back_whatever_another_program_puts_below_it() {
    let (folder, log) = fresh().await;
    log.register_peer(PEER).await.unwrap();
    let stamps = log.record_each((0..100).map(change).collect()).await;
    let stamps = stamps.unwrap();
    log.record_ack(PEER, stamps[89]).await.unwrap();
    assert_eq!(log.prune_acked().await.unwrap(), 90);
    let (floor, log_id) = (log.floor().await.unwrap(), log.identity().log_id);
    log.close().await.unwrap();
    let planted = format!(
        "INSERT INTO shared_changes VALUES ('{}', 'tag', '{PEER}', 'delete', '{{}}', '')",
        stamps[10]
    );
    other_program(folder.path())
        .execute_batch(&planted)
        .unwrap();

    let adopted = open(folder.path()).await;
    assert_ne!(adopted.identity().log_id, log_id, "it was adopted");
    assert!(adopted.floor().await.unwrap() >= floor);
    let kept = adopted.get_since(None, 100).await.unwrap();
    let kept: Vec<_> = kept.iter().map(|entry| entry.hlc).collect();
    assert_eq!(kept, stamps[90..]);
    let page = adopted.read_for(PEER, Cursor::ZERO, ReadLimits::default());
    let error = page.await.unwrap_err();
    assert!(matches!(error, LogError::Compacted { .. }), "{error:?}");
    let aside = "SELECT hlc, reason FROM sync_log_aside_changes";
    let expected = [
        stamps[10].to_string(),
        "hlc is not above the floor".to_owned(),
    ];
    assert_eq!(
        rows(&raw(folder.path()), aside),
        [expected.map(Value::Text)]
    );
}
