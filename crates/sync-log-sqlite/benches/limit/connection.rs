//! Connections, and what they do on the thread that calls.

use std::hint::black_box;
use std::path::Path;

use rusqlite::{CachedStatement, Connection, params};
use sync_log_sqlite::{FILE_NAME, Hlc, Uuid};

use super::rows::now;

/// A connection that is as safe as ours: what is committed survives a power cut.
pub(crate) fn connect(folder: &Path) -> Connection {
    let connection = Connection::open(folder.join(FILE_NAME)).unwrap();
    connection
        .pragma_update(None, "synchronous", "FULL")
        .unwrap();
    let mode: String = connection
        .pragma_query_value(None, "journal_mode", |row| row.get(0))
        .unwrap();
    assert_eq!(mode, "wal", "the file was made by our log");
    connection
}

/// Reads pages: the five columns of an entry, as text.
pub(crate) struct Pages<'a>(CachedStatement<'a>);

impl<'a> Pages<'a> {
    pub(crate) fn on(connection: &'a Connection) -> Self {
        let sql = "SELECT hlc, model_type, record_uuid, change_type, data FROM shared_changes \
                   WHERE hlc > ?1 ORDER BY hlc LIMIT ?2";
        Self(connection.prepare_cached(sql).unwrap())
    }

    pub(crate) fn page(&mut self, after: &str, entries: usize) -> Vec<[String; 5]> {
        let mut page = Vec::with_capacity(entries);
        let mut rows = self.0.query(params![after, entries as i64]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            page.push([0, 1, 2, 3, 4].map(|column| row.get(column).unwrap()));
        }
        page
    }
}

/// What whoever serves peers has to know besides, read in one transaction with the
/// page: the log's identity and state, the entry at the place, the peer's rows.
pub(crate) struct Standing<'a>(CachedStatement<'a>);

impl<'a> Standing<'a> {
    pub(crate) fn on(connection: &'a Connection) -> Self {
        let sql = "SELECT * FROM sync_log_identity AS i JOIN sync_log_state AS s ON s.id = i.id \
                   LEFT JOIN shared_changes ON hlc = ?1 \
                   LEFT JOIN peer_acks AS a ON a.peer_device_id = ?2 \
                   LEFT JOIN sync_log_peers AS p ON p.peer_device_id = ?2";
        Self(connection.prepare_cached(sql).unwrap())
    }

    pub(crate) fn read(&mut self, position: &str, peer: &str) {
        let columns = self.0.column_count();
        let texts = self.0.query_row(params![position, peer], |row| {
            let texts = (0..columns).filter_map(|column| row.get::<_, String>(column).ok());
            Ok(texts.collect::<Vec<_>>())
        });
        black_box(texts.unwrap());
    }
}

/// Moves the acknowledgements of peers: the row that every program of this format
/// has to write, and no other.
pub(crate) struct Acks(Connection);

impl Acks {
    pub(crate) fn open(folder: &Path) -> Self {
        Self(connect(folder))
    }

    pub(crate) fn acknowledge(&self, peer: Uuid, hlc: Hlc) {
        let sql = "UPDATE peer_acks SET last_acked_hlc = ?2, acked_at = ?3 \
                   WHERE peer_device_id = ?1";
        let mut update = self.0.prepare_cached(sql).unwrap();
        let mut buffer = Uuid::encode_buffer();
        let peer: &str = peer.hyphenated().encode_lower(&mut buffer);
        let moved = update
            .execute(params![peer, hlc.to_text().as_str(), now()])
            .unwrap();
        assert_eq!(moved, 1, "the peer has a row");
    }
}

/// Deletes every entry up to and including `last`, in one step.
pub(crate) fn delete_through(connection: &Connection, last: &str) -> usize {
    let sql = "DELETE FROM shared_changes WHERE hlc <= ?1";
    let mut delete = connection.prepare_cached(sql).unwrap();
    delete.execute([last]).unwrap()
}
