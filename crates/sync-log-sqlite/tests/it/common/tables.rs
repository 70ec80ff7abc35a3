//! The tables of a log and of what was adopted, with plain SQL.

use std::path::Path;

use super::raw;
use rusqlite::Connection;
use rusqlite::types::Value;
use sync_log_sqlite::inspect::Inspector;

/// Everything that a query finds, as it is stored.
pub(crate) fn rows(db: &Connection, sql: &str) -> Vec<Vec<Value>> {
    let mut query = db.prepare(sql).unwrap();
    let columns = query.column_count();
    let rows = query
        .query_map([], |row| (0..columns).map(|at| row.get(at)).collect())
        .unwrap();
    rows.map(Result::unwrap).collect()
}

pub(crate) const CHANGES: &str = "hlc, model_type, record_uuid, change_type, data, created_at";
pub(crate) const ACKS: &str = "peer_device_id, last_acked_hlc, acked_at";

pub(crate) fn changes_in(db: &Connection, table: &str) -> Vec<Vec<Value>> {
    rows(db, &format!("SELECT {CHANGES} FROM {table} ORDER BY hlc"))
}

pub(crate) fn acks_in(db: &Connection, table: &str) -> Vec<Vec<Value>> {
    rows(db, &format!("SELECT {ACKS} FROM {table} ORDER BY 1"))
}

/// Why the log was adopted, each time that it was.
pub(crate) fn adoption_causes(data_dir: &Path) -> Vec<String> {
    let adoptions = Inspector::open(data_dir).unwrap().adoptions().unwrap();
    adoptions.into_iter().map(|it| it.cause).collect()
}

/// What a second opening must not change, and what every way to an adopted file
/// must end in.
pub(crate) fn result(data_dir: &Path) -> Vec<Vec<Vec<Value>>> {
    let db = raw(data_dir);
    let tables = [
        format!("SELECT {CHANGES} FROM shared_changes ORDER BY hlc"),
        format!("SELECT adoption, reason, {CHANGES} FROM sync_log_aside_changes ORDER BY hlc"),
        format!("SELECT {ACKS} FROM peer_acks ORDER BY 1"),
        format!("SELECT adoption, reason, {ACKS} FROM sync_log_aside_acks ORDER BY id"),
        "SELECT head, head_tag, floor, floor_tag, high_water, settled, solo, peers_declared, \
         altered_at, altered FROM sync_log_state"
            .to_owned(),
        "SELECT hlc, tag, model_version, group_end FROM sync_log_entries ORDER BY hlc".to_owned(),
        "SELECT peer_device_id, state, admission, registered_by, verified, acked \
         FROM sync_log_peers ORDER BY 1"
            .to_owned(),
        "SELECT kind, hlc, peer FROM sync_log_verdicts ORDER BY 1".to_owned(),
        "SELECT id, cause, kept_changes, kept_acks, head, floor FROM sync_log_adoptions".to_owned(),
        "SELECT version FROM sync_log_migrations ORDER BY 1".to_owned(),
        "SELECT library_id, device_id FROM sync_log_identity".to_owned(),
        "SELECT type, name FROM sqlite_master ORDER BY 1, 2".to_owned(),
    ];
    tables.iter().map(|sql| rows(&db, sql)).collect()
}
