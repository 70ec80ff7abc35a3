//! The two tables of the original design, which other programs read too.

use sea_orm::{ConnectionTrait, DbErr, Statement};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

pub(super) struct Migration;

/// Under this it is on record.
pub(crate) const NAME: &str = "sync_log_0001_original_tables";

impl MigrationName for Migration {
    fn name(&self) -> &str {
        NAME
    }
}

const UP: &str = "
CREATE TABLE shared_changes (
    hlc TEXT PRIMARY KEY,
    model_type TEXT NOT NULL,
    record_uuid TEXT NOT NULL,
    change_type TEXT NOT NULL,
    data TEXT NOT NULL,
    created_at TEXT NOT NULL
);
CREATE INDEX idx_shared_changes_hlc ON shared_changes (hlc);
CREATE INDEX idx_shared_changes_model ON shared_changes (model_type);
CREATE INDEX idx_shared_changes_record ON shared_changes (record_uuid);
CREATE TABLE peer_acks (
    peer_device_id TEXT NOT NULL,
    last_acked_hlc TEXT NOT NULL,
    acked_at TEXT NOT NULL,
    PRIMARY KEY (peer_device_id)
);
CREATE INDEX idx_peer_acks_hlc ON peer_acks (last_acked_hlc);
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
        manager
            .get_connection()
            .execute_unprepared(UP)
            .await
            .map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        refuse_while_pending(db).await?;
        db.execute_unprepared("DROP TABLE shared_changes; DROP TABLE peer_acks;")
            .await
            .map(drop)
    }
}

/// Makes what an earlier program did not, or removed.
pub(crate) fn missing() -> String {
    UP.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS")
        .replace("CREATE INDEX", "CREATE INDEX IF NOT EXISTS")
}

/// No way down may lose a change.
pub(super) async fn refuse_while_pending<C: ConnectionTrait>(db: &C) -> Result<(), DbErr> {
    let sql = "SELECT COUNT(*) FROM shared_changes";
    let row = db
        .query_one_raw(Statement::from_string(db.get_database_backend(), sql))
        .await?;
    let pending: i64 = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
    if pending > 0 {
        let text = format!("failed to remove the sync log: {pending} entries are pending");
        return Err(DbErr::Migration(text));
    }
    Ok(())
}
