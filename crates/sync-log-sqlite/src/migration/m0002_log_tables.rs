//! The tables of our own: whose log it is, where it stands, who its peers are.

use sea_orm::{ConnectionTrait, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use super::m0001_original_tables::refuse_while_pending;

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "sync_log_0002_log_tables"
    }
}

// `policy_time_ms`, `evaluated_at`, `lagging_since_ms` and `seen_ms` belong to
// the limit policies. They are here from the start because formats are frozen.
const UP: &str = "
CREATE TABLE sync_log_identity (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    library_id TEXT NOT NULL,
    device_id TEXT NOT NULL,
    log_id TEXT NOT NULL,
    created_at TEXT NOT NULL
);
CREATE TABLE sync_log_state (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    head TEXT NOT NULL,
    floor TEXT NOT NULL,
    floor_tag TEXT NOT NULL,
    high_water TEXT NOT NULL,
    solo INTEGER NOT NULL DEFAULT 0 CHECK (solo IN (0, 1)),
    policy_time_ms INTEGER NOT NULL DEFAULT 0,
    evaluated_at TEXT
);
CREATE TABLE sync_log_peers (
    peer_device_id TEXT PRIMARY KEY NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'retired')),
    admission INTEGER NOT NULL DEFAULT 1,
    registered_by TEXT NOT NULL,
    registered_at TEXT NOT NULL,
    retired_at TEXT,
    retired_reason TEXT,
    hold TEXT,
    lagging_since_ms INTEGER,
    seen_ms INTEGER
);
";

const DOWN: &str = "
DROP TABLE sync_log_peers;
DROP TABLE sync_log_state;
DROP TABLE sync_log_identity;
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
        db.execute_unprepared(DOWN).await.map(drop)
    }
}
