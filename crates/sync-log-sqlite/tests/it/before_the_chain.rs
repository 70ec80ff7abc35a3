//! A log of the version before the chain: acks were in `peer_acks` alone, and triggers noted
//! what other programs wrote.

use std::path::Path;

use rusqlite::types::Value;
use sync_log_sqlite::inspect::Inspector;
use sync_log_sqlite::{Hlc, Uuid};

use crate::common::tables::rows;
use crate::common::{PEER, change, folder, open, raw};

const OTHER: Uuid = Uuid::from_u128(0xb1);
const SILENT: Uuid = Uuid::from_u128(0xb2);

/// Takes a file of ours back to that version.
const BACK: &str = "
ALTER TABLE sync_log_peers DROP COLUMN acked;
ALTER TABLE sync_log_peers DROP COLUMN acked_at;
ALTER TABLE sync_log_state DROP COLUMN altered;
ALTER TABLE sync_log_state DROP COLUMN altered_at;
ALTER TABLE sync_log_state DROP COLUMN head_tag;
ALTER TABLE sync_log_state DROP COLUMN settled;
DROP TABLE sync_log_verdicts;
UPDATE sync_log_state SET floor_tag = '0011223344556677';
DROP TABLE sync_log_entries;
DELETE FROM sync_log_migrations WHERE version >= 'sync_log_0004_chain';
ALTER TABLE sync_log_state ADD COLUMN foreign_write TEXT;
ALTER TABLE sync_log_state ADD COLUMN writing INTEGER NOT NULL DEFAULT 0;
CREATE TRIGGER sync_log_deleted AFTER DELETE ON shared_changes
WHEN (SELECT writing FROM sync_log_state WHERE id = 1) = 0
BEGIN UPDATE sync_log_state SET foreign_write = 'an entry was deleted' WHERE id = 1; END;
CREATE TRIGGER sync_log_ack_inserted BEFORE INSERT ON peer_acks
BEGIN UPDATE sync_log_peers SET verified = 0; END;
";

/// A log without entries, as that version left it, in which two peers acknowledged the last;
/// the ack of one is not verified. A third never acknowledged.
async fn former_log(folder: &Path) -> Hlc {
    let log = open(folder).await;
    for peer in [PEER, OTHER] {
        log.register_peer(peer).await.unwrap();
    }
    let stamp = log.record(change(1)).await.unwrap();
    for peer in [PEER, OTHER] {
        log.record_ack(peer, stamp).await.unwrap();
    }
    assert_eq!(log.prune_acked().await.unwrap(), 1);
    log.register_peer(SILENT).await.unwrap();
    log.close().await.unwrap();
    let file = raw(folder);
    file.execute_batch(BACK).unwrap();
    let unverified =
        format!("UPDATE sync_log_peers SET verified = 0 WHERE peer_device_id = '{OTHER}'");
    file.execute_batch(&unverified).unwrap();
    stamp
}

#[tokio::test]
async fn each_ack_is_adopted_once_as_far_as_it_was_believed() {
    let folder = folder();
    let stamp = former_log(folder.path()).await;
    let log = open(folder.path()).await;
    let peers = log.peers().await.unwrap();
    let peers: Vec<_> = peers.into_iter().map(Result::unwrap).collect();
    let acked: Vec<_> = peers.iter().map(|peer| peer.acked).collect();
    assert_eq!(acked, [stamp, stamp, Hlc::ZERO]);
    let verified: Vec<_> = peers.iter().map(|peer| peer.facts.verified).collect();
    assert_eq!(verified, [true, false, true]);
    log.close().await.unwrap();

    // What another program writes from then on is taken for no ack of before.
    let forged = format!("UPDATE peer_acks SET last_acked_hlc = '{stamp}'");
    raw(folder.path()).execute_batch(&forged).unwrap();
    let again = "DELETE FROM sync_log_migrations WHERE version = 'sync_log_0004_chain'";
    raw(folder.path()).execute_batch(again).unwrap();
    let reopened = open(folder.path()).await;
    let silent = reopened.peers().await.unwrap().pop().unwrap();
    silent.unwrap_err();
    let query = "SELECT acked FROM sync_log_peers ORDER BY peer_device_id DESC LIMIT 1";
    let zero = Value::Text(Hlc::ZERO.to_string());
    assert_eq!(rows(&raw(folder.path()), query), [[zero]]);
}

#[tokio::test]
async fn an_ack_that_is_none_counts_for_nothing() {
    let folder = folder();
    former_log(folder.path()).await;
    raw(folder.path())
        .execute_batch("UPDATE peer_acks SET last_acked_hlc = x'00', acked_at = x'00'")
        .unwrap();
    let log = open(folder.path()).await;
    for peer in log.peers().await.unwrap() {
        assert!(peer.unwrap().acked.is_zero());
    }
}

#[tokio::test]
async fn its_triggers_are_gone_and_what_they_wrote_does_no_harm() {
    let folder = folder();
    former_log(folder.path()).await;
    open(folder.path()).await.close().await.unwrap();
    let file = raw(folder.path());
    let triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger'";
    assert_eq!(rows(&file, triggers).len(), 0);
    let log = open(folder.path()).await;
    log.record(change(2)).await.unwrap();
    log.close().await.unwrap();
    for check in Inspector::open(folder.path()).unwrap().verify().unwrap() {
        assert!(check.is_ok(), "{check:?}");
    }
}

/// Of what that version gave out, no more is known than what is retained or was pruned.
#[tokio::test]
async fn own_stamps_that_it_knows_are_no_sign_of_a_restore() {
    let folder = folder();
    let pruned = former_log(folder.path()).await;
    let log = open(folder.path()).await;
    let retained = log.record(change(2)).await.unwrap();
    log.observe_all(&[pruned, retained]).await.unwrap();
    assert_eq!(log.status().await.unwrap().verdicts, []);
}
