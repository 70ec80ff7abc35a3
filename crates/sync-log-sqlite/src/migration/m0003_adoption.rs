//! What adoption needs: where rows go that are not entries of this log, what was
//! adopted when, and triggers that notice another program's writes.

use sea_orm::{ConnectionTrait, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use super::m0001_original_tables::refuse_while_pending;

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "sync_log_0003_adoption"
    }
}

// The columns of the rows that go aside have no type, so that SQLite keeps what it
// is given, byte for byte.
const UP: &str = "
ALTER TABLE sync_log_state ADD COLUMN peers_declared INTEGER NOT NULL DEFAULT 1
    CHECK (peers_declared IN (0, 1));
ALTER TABLE sync_log_state ADD COLUMN foreign_write TEXT;
ALTER TABLE sync_log_state ADD COLUMN writing INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sync_log_peers ADD COLUMN verified INTEGER NOT NULL DEFAULT 1
    CHECK (verified IN (0, 1));
CREATE TABLE sync_log_adoptions (
    id INTEGER PRIMARY KEY,
    adopted_at TEXT NOT NULL,
    cause TEXT NOT NULL,
    kept_changes INTEGER NOT NULL,
    kept_acks INTEGER NOT NULL,
    head TEXT NOT NULL,
    floor TEXT NOT NULL,
    log_id TEXT NOT NULL
);
CREATE TABLE sync_log_aside_changes (
    id INTEGER PRIMARY KEY,
    adoption INTEGER NOT NULL,
    reason TEXT NOT NULL,
    hlc, model_type, record_uuid, change_type, data, created_at
);
CREATE TABLE sync_log_aside_acks (
    id INTEGER PRIMARY KEY,
    adoption INTEGER NOT NULL,
    reason TEXT NOT NULL,
    peer_device_id, last_acked_hlc, acked_at
);
";

/// Triggers that note what a program does that does not know the other tables. The
/// store's own connection has triggers switched off, so they cost it nothing; one on
/// which they are on says of a transaction that it is this program's, by
/// `sync_log_state.writing`. Made anew where they are missing: whoever makes
/// `shared_changes` anew drops them.
pub(crate) const TRIGGERS: &str = "
CREATE TRIGGER sync_log_inserted AFTER INSERT ON shared_changes
WHEN (SELECT writing FROM sync_log_state WHERE id = 1) = 0
BEGIN
    UPDATE sync_log_state SET foreign_write = COALESCE(foreign_write, 'an entry was inserted')
    WHERE id = 1;
END;
CREATE TRIGGER sync_log_updated AFTER UPDATE ON shared_changes
WHEN (SELECT writing FROM sync_log_state WHERE id = 1) = 0
BEGIN
    UPDATE sync_log_state SET foreign_write = COALESCE(foreign_write, 'an entry was changed')
    WHERE id = 1;
END;
CREATE TRIGGER sync_log_deleted AFTER DELETE ON shared_changes
WHEN (SELECT writing FROM sync_log_state WHERE id = 1) = 0
BEGIN
    UPDATE sync_log_state SET foreign_write = COALESCE(foreign_write, 'an entry was deleted')
    WHERE id = 1;
END;
CREATE TRIGGER sync_log_ack_inserted BEFORE INSERT ON peer_acks
WHEN (SELECT writing FROM sync_log_state WHERE id = 1) = 0
BEGIN
    UPDATE sync_log_peers SET verified = 0
    WHERE peer_device_id = NEW.peer_device_id AND NEW.last_acked_hlc >
        COALESCE((SELECT last_acked_hlc FROM peer_acks WHERE peer_device_id = NEW.peer_device_id), '');
END;
CREATE TRIGGER sync_log_ack_updated AFTER UPDATE ON peer_acks
WHEN (SELECT writing FROM sync_log_state WHERE id = 1) = 0
BEGIN
    UPDATE sync_log_peers SET verified = 0
    WHERE peer_device_id = NEW.peer_device_id
        AND (NEW.last_acked_hlc > OLD.last_acked_hlc OR NEW.peer_device_id <> OLD.peer_device_id);
END;
";

/// Whether a trigger of [`TRIGGERS`] is missing, or watches another table: SQLite takes
/// triggers along when a table is renamed.
pub(crate) const TRIGGERS_ARE_MISSING: &str = "
SELECT COUNT(*) < 5 FROM sqlite_master WHERE type = 'trigger' AND (name, tbl_name) IN (
    ('sync_log_inserted', 'shared_changes'),
    ('sync_log_updated', 'shared_changes'),
    ('sync_log_deleted', 'shared_changes'),
    ('sync_log_ack_inserted', 'peer_acks'),
    ('sync_log_ack_updated', 'peer_acks'))
";

/// Removes them from wherever they are.
pub(crate) const DROP_TRIGGERS: &str = "
DROP TRIGGER IF EXISTS sync_log_inserted;
DROP TRIGGER IF EXISTS sync_log_updated;
DROP TRIGGER IF EXISTS sync_log_deleted;
DROP TRIGGER IF EXISTS sync_log_ack_inserted;
DROP TRIGGER IF EXISTS sync_log_ack_updated;
";

const DOWN: &str = "
DROP TABLE sync_log_aside_acks;
DROP TABLE sync_log_aside_changes;
DROP TABLE sync_log_adoptions;
ALTER TABLE sync_log_peers DROP COLUMN verified;
ALTER TABLE sync_log_state DROP COLUMN writing;
ALTER TABLE sync_log_state DROP COLUMN foreign_write;
ALTER TABLE sync_log_state DROP COLUMN peers_declared;
";

// `async_trait` tells `SchemaManager` from `SchemaManager<'_>`, and the trait has
// the former.
#[allow(elided_lifetimes_in_paths)]
#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        db.execute_unprepared(UP).await?;
        db.execute_unprepared(TRIGGERS).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        refuse_while_pending(db).await?;
        refuse_while_aside(db).await?;
        db.execute_unprepared(DROP_TRIGGERS).await?;
        db.execute_unprepared(DOWN).await.map(drop)
    }
}

/// What went aside may hold changes that somebody still wants.
async fn refuse_while_aside<C: ConnectionTrait>(db: &C) -> Result<(), DbErr> {
    let sql = "SELECT (SELECT COUNT(*) FROM sync_log_aside_changes) \
               + (SELECT COUNT(*) FROM sync_log_aside_acks)";
    let backend = db.get_database_backend();
    let row = db
        .query_one_raw(sea_orm::Statement::from_string(backend, sql))
        .await?;
    let aside: i64 = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
    if aside > 0 {
        let text = format!("failed to remove the sync log: {aside} rows are aside");
        return Err(DbErr::Migration(text));
    }
    Ok(())
}
