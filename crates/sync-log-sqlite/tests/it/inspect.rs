//! A file as it is: its rows, and whether they hold together.

use std::ops::ControlFlow;
use std::path::Path;

use sync_log_sqlite::inspect::{Check, EXAMPLES_MAX, Inspector};

use crate::common::{DEVICE, PEER, change, contents, file_in, folder, open, raw};

/// Ten entries of which four are pruned, and a peer.
async fn log(at: &Path) {
    let log = open(at).await;
    log.register_peer(PEER).await.unwrap();
    let stamps = log.record_many((0..10).map(change).collect()).await;
    log.on_ack(PEER, stamps.unwrap()[3]).await.unwrap();
    log.close().await.unwrap();
}

fn verify(at: &Path) -> Vec<Check> {
    Inspector::open(at).unwrap().verify().unwrap()
}

#[tokio::test]
async fn rows_are_read_as_they_are_and_the_folder_stays_as_it_was() {
    let folder = folder();
    log(folder.path()).await;
    let before = contents(folder.path());
    let inspector = Inspector::open(folder.path()).unwrap();
    assert_eq!(inspector.path(), file_in(folder.path()));
    assert_eq!(inspector.identity().unwrap().unwrap().device_id, DEVICE);
    let all = inspector.entries_after(None, 100).unwrap();
    assert_eq!(all.len(), 6);
    assert_eq!(all[0].data.as_deref(), Some(r#"{"record":"4"}"#));
    let after = inspector.entries_after(Some(all[1].position()), 2).unwrap();
    assert_eq!(after, all[2..4]);
    assert_eq!(inspector.newest(2).unwrap(), all[4..]);
    assert_eq!(
        inspector
            .entry(all[5].hlc.as_ref().unwrap())
            .unwrap()
            .as_ref(),
        Some(&all[5])
    );
    assert_eq!(inspector.entry("none").unwrap(), None);
    drop(inspector);
    assert_eq!(contents(folder.path()), before);
}

#[tokio::test]
async fn rows_whose_key_is_no_text_are_read_once_each() {
    let folder = folder();
    log(folder.path()).await;
    let sql = "INSERT INTO shared_changes SELECT column1, model_type, record_uuid, change_type, data, \
               created_at FROM shared_changes, (VALUES (NULL), (x'00ff'), (x'01'), \
               (CAST(x'7aff' AS TEXT)), (CAST(x'7afe' AS TEXT))) GROUP BY column1";
    raw(folder.path()).execute_batch(sql).unwrap();
    let inspector = Inspector::open(folder.path()).unwrap();
    let mut keys = Vec::new();
    let read = inspector.each_entry(|entry| {
        keys.push(entry.hlc.clone());
        ControlFlow::Continue(())
    });
    read.unwrap();
    assert_eq!(keys[0], None);
    let odd = ["x'7afe'", "x'7aff'", "x'00ff'", "x'01'"];
    assert_eq!(keys[7..], odd.map(|key| Some(key.to_owned())));
    let (mut paged, mut last) = (Vec::new(), None);
    while let Some(entry) = inspector.entries_after(last.as_ref(), 1).unwrap().pop() {
        last = Some(entry.position().clone());
        paged.push(entry.hlc);
        assert!(paged.len() < keys.len());
    }
    assert_eq!(paged, keys[1..]);
}

#[tokio::test]
async fn a_sound_file_passes_every_check() {
    let folder = folder();
    open(folder.path()).await.close().await.unwrap();
    let names: Vec<_> = verify(folder.path())
        .iter()
        .map(|check| check.name)
        .collect();
    let expected =
        "integrity schema state stamps position columns data times tags chain groups peers";
    assert_eq!(names.join(" "), expected);
    for full in [false, true] {
        if full {
            log(folder.path()).await;
        }
        for check in verify(folder.path()) {
            assert!(check.is_ok(), "{check:?}");
        }
    }
}

#[tokio::test]
async fn each_damage_is_found_by_its_check() {
    let oldest = "(SELECT MIN(hlc) FROM shared_changes)";
    let zero = "0000000000000000-0000000000000000-00000000-0000-0000-0000-000000000000";
    let damages = [
        ("schema", "DROP INDEX idx_shared_changes_record".to_owned()),
        ("schema", "ALTER TABLE peer_acks RENAME COLUMN acked_at TO at".to_owned()),
        ("schema", "DELETE FROM sync_log_migrations".to_owned()),
        ("state", "DELETE FROM sync_log_state".to_owned()),
        ("state", format!("UPDATE sync_log_state SET high_water = '{zero}'")),
        ("state", "UPDATE sync_log_state SET head = floor, floor = head".to_owned()),
        ("stamps", format!("UPDATE shared_changes SET hlc = 'x' WHERE hlc = {oldest}")),
        ("stamps", "UPDATE shared_changes SET hlc = replace(hlc, '-0000-0000000000a0', '-0000-0000000000b0')".to_owned()),
        ("stamps", format!("UPDATE shared_changes SET hlc = 'ffffffffffffffff' || substr(hlc, 17) WHERE hlc = {oldest}")),
        ("position", "UPDATE sync_log_state SET floor = head".to_owned()),
        ("position", "DELETE FROM shared_changes WHERE hlc = (SELECT head FROM sync_log_state)".to_owned()),
        ("columns", "UPDATE shared_changes SET record_uuid = upper(record_uuid) || 'A'".to_owned()),
        ("columns", "UPDATE shared_changes SET change_type = 'upsert'".to_owned()),
        ("columns", "UPDATE shared_changes SET model_type = ''".to_owned()),
        ("data", "UPDATE shared_changes SET data = '{'".to_owned()),
        ("data", "UPDATE shared_changes SET data = x'7b7d'".to_owned()),
        ("times", "UPDATE shared_changes SET created_at = 'yesterday'".to_owned()),
        ("tags", format!("DELETE FROM sync_log_entries WHERE hlc = {oldest}")),
        ("tags", format!("DELETE FROM shared_changes WHERE hlc = {oldest}")),
        ("tags", "UPDATE sync_log_entries SET tag = x'00'".to_owned()),
        ("tags", "UPDATE sync_log_entries SET group_end = 2".to_owned()),
        ("chain", "UPDATE sync_log_entries SET tag = zeroblob(16)".to_owned()),
        ("chain", format!("UPDATE shared_changes SET data = '1' WHERE hlc = {oldest}")),
        ("chain", "UPDATE sync_log_entries SET model_version = 7".to_owned()),
        ("chain", "UPDATE sync_log_state SET head_tag = floor_tag".to_owned()),
        ("groups", "UPDATE sync_log_entries SET group_end = 0".to_owned()),
        ("peers", "UPDATE peer_acks SET last_acked_hlc = 'x'".to_owned()),
        ("peers", "INSERT INTO peer_acks VALUES ('y', 'x', 'x')".to_owned()),
    ];
    for (name, damage) in damages {
        let folder = folder();
        log(folder.path()).await;
        raw(folder.path()).execute_batch(&damage).unwrap();
        let checks = verify(folder.path());
        let failed = checks
            .iter()
            .find(|check| check.name == name && !check.is_ok());
        let failed = failed.unwrap_or_else(|| panic!("{damage}: {checks:?}"));
        assert!(!failed.examples.is_empty());
        assert!(failed.examples.len() <= EXAMPLES_MAX);
    }
}

#[tokio::test]
async fn a_broken_page_is_found_or_reported() {
    let folder = folder();
    log(folder.path()).await;
    let file = file_in(folder.path());
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 4096].fill(0x55);
    std::fs::write(&file, bytes).unwrap();
    let told = Inspector::open(folder.path()).map(|inspector| inspector.verify());
    if let Ok(Ok(checks)) = told {
        assert!(checks.iter().any(|check| !check.is_ok()), "{checks:?}");
    }
}

#[tokio::test]
async fn a_file_of_an_earlier_program_is_read_and_found_wanting() {
    let folder = folder();
    log(folder.path()).await;
    let sql = "DROP TABLE sync_log_migrations; DROP TABLE sync_log_identity; \
               DROP TABLE sync_log_state; DROP TABLE sync_log_peers";
    raw(folder.path()).execute_batch(sql).unwrap();
    let inspector = Inspector::open(folder.path()).unwrap();
    assert_eq!(inspector.identity().unwrap(), None);
    assert_eq!(inspector.entries_after(None, 100).unwrap().len(), 6);
    assert!(!inspector.verify().unwrap()[1].is_ok());
}
