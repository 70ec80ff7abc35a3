//! Triggers that note what a program does that does not know the other tables.
//!
//! The store's own connection has triggers switched off, so they cost it nothing. A
//! connection on which they are on says of a transaction that it is this program's, by
//! `sync_log_state.writing`.

use super::Raw;
use crate::driver::Template;

const NAMES: [&str; 5] = [
    "sync_log_inserted",
    "sync_log_updated",
    "sync_log_deleted",
    "sync_log_ack_inserted",
    "sync_log_ack_updated",
];

/// Makes the triggers that are not there.
pub(crate) fn make() -> Vec<Template> {
    let make = |text: &str| Template::raw("make the triggers", text, 0);
    TRIGGERS.iter().copied().map(make).collect()
}

/// Removes the triggers from wherever they are.
pub(crate) fn remove() -> Vec<Template> {
    let remove = |name: &str| {
        let text = format!("DROP TRIGGER IF EXISTS {name}");
        Template::raw("remove the triggers", text, 0)
    };
    NAMES.iter().copied().map(remove).collect()
}

/// Whether a trigger is missing, or watches another table: SQLite takes triggers along when
/// a table is renamed.
pub(crate) static ARE_MISSING: Raw = Raw::new(|| {
    let text = "SELECT COUNT(*) < 5 FROM sqlite_master \
                WHERE type = 'trigger' AND (name, tbl_name) IN ( \
                ('sync_log_inserted', 'shared_changes'), \
                ('sync_log_updated', 'shared_changes'), \
                ('sync_log_deleted', 'shared_changes'), \
                ('sync_log_ack_inserted', 'peer_acks'), \
                ('sync_log_ack_updated', 'peer_acks'))";
    Template::raw("see what other programs wrote", text, 0)
});

const TRIGGERS: [&str; 5] = [
    "CREATE TRIGGER IF NOT EXISTS sync_log_inserted AFTER INSERT ON shared_changes
WHEN (SELECT writing FROM sync_log_state WHERE id = 1) = 0
BEGIN
    UPDATE sync_log_state SET foreign_write = COALESCE(foreign_write, 'an entry was inserted')
    WHERE id = 1;
END",
    "CREATE TRIGGER IF NOT EXISTS sync_log_updated AFTER UPDATE ON shared_changes
WHEN (SELECT writing FROM sync_log_state WHERE id = 1) = 0
BEGIN
    UPDATE sync_log_state SET foreign_write = COALESCE(foreign_write, 'an entry was changed')
    WHERE id = 1;
END",
    "CREATE TRIGGER IF NOT EXISTS sync_log_deleted AFTER DELETE ON shared_changes
WHEN (SELECT writing FROM sync_log_state WHERE id = 1) = 0
BEGIN
    UPDATE sync_log_state SET foreign_write = COALESCE(foreign_write, 'an entry was deleted')
    WHERE id = 1;
END",
    "CREATE TRIGGER IF NOT EXISTS sync_log_ack_inserted BEFORE INSERT ON peer_acks
WHEN (SELECT writing FROM sync_log_state WHERE id = 1) = 0
BEGIN
    UPDATE sync_log_peers SET verified = 0
    WHERE peer_device_id = NEW.peer_device_id AND NEW.last_acked_hlc > COALESCE((
        SELECT last_acked_hlc FROM peer_acks WHERE peer_device_id = NEW.peer_device_id), '');
END",
    "CREATE TRIGGER IF NOT EXISTS sync_log_ack_updated AFTER UPDATE ON peer_acks
WHEN (SELECT writing FROM sync_log_state WHERE id = 1) = 0
BEGIN
    UPDATE sync_log_peers SET verified = 0
    WHERE peer_device_id = NEW.peer_device_id
        AND (NEW.last_acked_hlc > OLD.last_acked_hlc OR NEW.peer_device_id <> OLD.peer_device_id);
END",
];
