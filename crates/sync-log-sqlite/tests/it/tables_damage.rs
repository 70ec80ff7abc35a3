//! What the conformance suite reads and spoils in the tables of a log, wherever they are.

use rusqlite::{Connection, ToSql};
use sync_log_conformance::{Damage, RowDamage};
use sync_log_sqlite::Hlc;

const DELETE_ENTRY: &str = "DELETE FROM shared_changes WHERE hlc = ?";
const DELETE_TAG: &str = "DELETE FROM sync_log_entries WHERE hlc = ?";
const INSERT_ENTRY: &str =
    "INSERT INTO shared_changes VALUES (?, ?, ?, ?, ?, '2024-01-01T00:00:00Z')";
const PUT_MIRROR: &str = "INSERT OR REPLACE INTO peer_acks VALUES (?, ?, '2024-01-01T00:00:00Z')";
const SPOIL: &str = "UPDATE sync_log_peers SET acked = 'garbage' WHERE peer_device_id = ?";
const SPOIL_WHOLE: &str =
    "UPDATE sync_log_peers SET acked = 'garbage', admission = -1 WHERE peer_device_id = ?";

/// The stamps of all entries.
pub(crate) fn retained(raw: &Connection) -> Vec<Hlc> {
    let mut query = raw
        .prepare("SELECT hlc FROM shared_changes ORDER BY hlc")
        .unwrap();
    let stamps = query.query_map([], |row| row.get::<_, String>(0)).unwrap();
    stamps.map(|text| text.unwrap().parse().unwrap()).collect()
}

pub(crate) fn damage_row(raw: &Connection, peer_device_id: &str, damage: RowDamage) {
    let one = |statement: &str, values: &[&dyn ToSql]| change_one(raw, statement, values);
    let id: &dyn ToSql = &peer_device_id;
    match damage {
        RowDamage::Mirror(text) => one(PUT_MIRROR, &[id, &text]),
        RowDamage::MirrorDeleted => {
            one("DELETE FROM peer_acks WHERE peer_device_id = ?", &[id]);
        }
        RowDamage::Acked(hlc) => {
            let other = "UPDATE sync_log_peers SET acked = ?2 WHERE peer_device_id = ?1";
            one(other, &[id, &hlc.to_string()]);
        }
        RowDamage::Spoiled => one(SPOIL, &[id]),
        RowDamage::SpoiledWhole => one(SPOIL_WHOLE, &[id]),
        RowDamage::Deleted => {
            one("DELETE FROM sync_log_peers WHERE peer_device_id = ?", &[id]);
        }
    }
}

pub(crate) fn damage(raw: &Connection, damage: Damage) {
    let one = |statement: &str, values: &[&dyn ToSql]| change_one(raw, statement, values);
    match damage {
        Damage::DataChanged(hlc, data) => {
            let changed = "UPDATE shared_changes SET data = ? WHERE hlc = ?";
            one(changed, &[&data.as_str(), &hlc.to_string()]);
        }
        Damage::EntryDeleted(hlc) => one(DELETE_ENTRY, &[&hlc.to_string()]),
        Damage::EntryAndTagDeleted(hlc) => {
            one(DELETE_ENTRY, &[&hlc.to_string()]);
            one(DELETE_TAG, &[&hlc.to_string()]);
        }
        Damage::AllDeleted => raw.execute_batch("DELETE FROM shared_changes").unwrap(),
        Damage::Inserted(entry) => {
            let values: [&dyn ToSql; 5] = [
                &entry.hlc.to_string(),
                &entry.model_type,
                &entry.record_uuid.to_string(),
                &entry.change_type.as_str(),
                &entry.data.as_str(),
            ];
            one(INSERT_ENTRY, &values);
        }
        Damage::TagChanged(hlc, tag) => {
            let changed = "UPDATE sync_log_entries SET tag = ? WHERE hlc = ?";
            one(changed, &[&tag.to_bytes(), &hlc.to_string()]);
        }
        Damage::TagDeleted(hlc) => one(DELETE_TAG, &[&hlc.to_string()]),
    }
}

/// Makes the log one that was adopted, whose peers are not declared.
pub(crate) fn adopt(raw: &Connection) {
    let all = "UPDATE sync_log_state SET peers_declared = 0, settled = high_water; \
               UPDATE sync_log_peers SET verified = 0";
    raw.execute_batch(all).unwrap();
}

fn change_one(raw: &Connection, statement: &str, values: &[&dyn ToSql]) {
    let changed = raw.execute(statement, values).unwrap();
    assert_eq!(changed, 1, "{statement}");
}
