//! The receiver's tables, made by hand or by a migrator.

use rusqlite::Connection;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, MigratorTrait, SchemaManager};
use serde_json::json;
use sync_log_sqlite::migration::{
    Migrator, RECORDS_MIGRATION_TABLE, RecordsMigrator, migrations, records_migrations,
};
use sync_log_sqlite::records::{RecordsError, make_tables};
use tempfile::TempDir;

use super::gallery::{Gallery, TABLES, entry};
use crate::common::tables;

async fn connect(folder: &TempDir) -> DatabaseConnection {
    app::connect(&folder.path().join("app.db")).await.unwrap()
}

fn raw(folder: &TempDir) -> Connection {
    Connection::open(folder.path().join("app.db")).unwrap()
}

/// The tables of records, and the table that says who made them.
fn of_records(folder: &TempDir) -> Vec<String> {
    let mut tables = tables(&raw(folder));
    tables.retain(|name| name.contains("versions") || name.contains("ties"));
    tables
}

const BOTH: [&str; 2] = ["sync_log_ties", "sync_log_versions"];

#[tokio::test]
async fn the_migrations_of_records_run_up_again_and_down() {
    let folder = tempfile::tempdir().unwrap();
    let db = connect(&folder).await;
    for _ in 0..2 {
        RecordsMigrator::up(&db, None).await.unwrap();
        assert_eq!(of_records(&folder), BOTH);
    }
    RecordsMigrator::down(&db, None).await.unwrap();
    assert_eq!(of_records(&folder), [""; 0]);
}

#[tokio::test]
async fn the_tables_and_their_names_are_frozen() {
    let names = records_migrations().into_iter();
    let names: Vec<_> = names.map(|it| it.name().to_owned()).collect();
    assert_eq!(
        names,
        [
            "sync_log_records_0001_versions",
            "sync_log_records_0002_receiver",
            "sync_log_records_0003_origins"
        ]
    );
    for migration in records_migrations() {
        assert_eq!(migration.use_transaction(), Some(true));
    }

    let folder = tempfile::tempdir().unwrap();
    make_tables(&connect(&folder).await).await.unwrap();
    let described = "SELECT group_concat(name || ' ' || type || iif(\"notnull\", ' NOT NULL', '') \
                       || iif(pk, ' KEY' || pk, ''), ', ') FROM pragma_table_info(?1)";
    let file = raw(&folder);
    let columns = |table: &str| {
        let columns = file.query_row(described, [table], |row| row.get::<_, String>(0));
        columns.unwrap()
    };
    assert_eq!(
        columns("sync_log_versions"),
        "model_type TEXT NOT NULL KEY1, record_uuid TEXT NOT NULL KEY2, hlc TEXT NOT NULL, \
         digest BLOB NOT NULL, change_type TEXT NOT NULL, model_version INTEGER NOT NULL, \
         data TEXT NOT NULL, inserted TEXT NOT NULL, deleted TEXT, parts TEXT, \
         standing TEXT NOT NULL, detail TEXT"
    );
    assert_eq!(
        columns("sync_log_ties"),
        "tie TEXT NOT NULL KEY1, model_type TEXT NOT NULL KEY2, record_uuid TEXT NOT NULL KEY3"
    );
    let entry = "hlc TEXT NOT NULL KEY1, model_type TEXT NOT NULL, record_uuid TEXT NOT NULL, \
                 change_type TEXT NOT NULL, data TEXT NOT NULL, model_version INTEGER NOT NULL, \
                 group_end INTEGER NOT NULL";
    assert_eq!(columns("sync_log_outbox"), entry);
    assert_eq!(columns("sync_log_waiting"), entry);
    assert_eq!(
        columns("sync_log_watermarks"),
        "origin TEXT NOT NULL KEY1, cursor TEXT NOT NULL, updated_at TEXT NOT NULL"
    );
    assert_eq!(
        columns("sync_log_origins"),
        "origin TEXT NOT NULL KEY1, head TEXT NOT NULL, last_page_at TEXT NOT NULL, refused TEXT"
    );
    assert_eq!(
        columns("peer_received_watermarks"),
        "device_uuid TEXT NOT NULL KEY1, peer_device_uuid TEXT NOT NULL KEY2, \
         max_received_hlc TEXT NOT NULL, updated_at TEXT NOT NULL"
    );
    assert_eq!(
        columns("sync_log_receiver"),
        "id INTEGER KEY1, library_id TEXT NOT NULL, device_id TEXT NOT NULL, \
         has_outbox INTEGER NOT NULL, issued TEXT NOT NULL, observed TEXT NOT NULL, \
         cleared TEXT NOT NULL, forgotten TEXT NOT NULL, unversioned TEXT NOT NULL, \
         models TEXT NOT NULL"
    );
    assert_eq!(
        columns(RECORDS_MIGRATION_TABLE),
        "version varchar NOT NULL KEY1, applied_at INTEGER NOT NULL"
    );
}

#[tokio::test]
async fn versions_are_not_removed() {
    let folder = tempfile::tempdir().unwrap();
    let gallery = Gallery::made(&folder.path().join("app.db")).await;
    let red = [entry(1, "tag", 1, json!({ "name": "red" }))];
    gallery.merge(&red).await.unwrap();
    let refused = RecordsMigrator::down(&gallery.db, None).await.unwrap_err();
    let said = refused.to_string();
    assert!(said.contains("1 records have versions"), "{said}");
    assert_eq!(of_records(&folder), BOTH);
}

#[tokio::test]
async fn tables_of_a_log_and_of_records_are_made_in_one_database() {
    let folder = tempfile::tempdir().unwrap();
    let db = connect(&folder).await;
    for _ in 0..2 {
        make_tables(&db).await.unwrap();
        Migrator::up(&db, None).await.unwrap();
        RecordsMigrator::up(&db, None).await.unwrap();
    }
    Migrator::down(&db, None).await.unwrap();
    assert_eq!(of_records(&folder), BOTH);
}

/// The app's own tables.
struct Own;

impl MigrationName for Own {
    fn name(&self) -> &str {
        "m0001_gallery"
    }
}

#[async_trait::async_trait]
#[allow(elided_lifetimes_in_paths, reason = "the trait leaves it out")]
impl MigrationTrait for Own {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        db.execute_unprepared(TABLES).await.map(drop)
    }
}

struct AppMigrator;

impl MigratorTrait for AppMigrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut all: Vec<Box<dyn MigrationTrait>> = vec![Box::new(Own)];
        all.extend(migrations());
        all.extend(records_migrations());
        all
    }
}

#[tokio::test]
async fn migrations_are_spliced_beside_the_apps_own_and_need_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    AppMigrator::up(&connect(&folder).await, None)
        .await
        .unwrap();
    assert!(!tables(&raw(&folder)).contains(&RECORDS_MIGRATION_TABLE.to_owned()));
    let gallery = Gallery::opened(&folder.path().join("app.db"))
        .await
        .unwrap();
    let red = [entry(1, "tag", 1, json!({ "name": "red" }))];
    gallery.merge(&red).await.unwrap();
    AppMigrator::up(&gallery.db, None).await.unwrap();
}

#[tokio::test]
async fn tables_that_were_made_half_are_completed() {
    let half = [
        "DROP TABLE sync_log_ties",
        "DROP INDEX idx_sync_log_ties_record",
        "DROP INDEX idx_sync_log_versions_not_shown; DROP TABLE sync_log_ties",
    ];
    for dropped in half {
        let folder = tempfile::tempdir().unwrap();
        let db = connect(&folder).await;
        make_tables(&db).await.unwrap();
        let unrecorded = format!("{dropped}; DELETE FROM {RECORDS_MIGRATION_TABLE}");
        raw(&folder).execute_batch(&unrecorded).unwrap();
        make_tables(&db).await.unwrap();
        let indexes = "SELECT count(*) FROM sqlite_master WHERE name GLOB 'idx_sync_log_*'";
        let indexes = raw(&folder).query_row(indexes, [], |row| row.get::<_, i64>(0));
        assert_eq!(
            (of_records(&folder).len(), indexes.unwrap()),
            (2, 3),
            "{dropped}"
        );
    }
}

#[tokio::test]
async fn a_table_of_the_apps_own_by_one_of_our_names_is_not_taken_for_ours() {
    let folder = tempfile::tempdir().unwrap();
    let other = "CREATE TABLE sync_log_ties (id INTEGER PRIMARY KEY, what TEXT)";
    raw(&folder).execute_batch(other).unwrap();
    let refused = make_tables(&connect(&folder).await).await.unwrap_err();
    let said = refused.to_string();
    assert!(said.contains("there is one with other columns"), "{said}");
}

#[tokio::test]
async fn tables_of_a_newer_program_are_refused_by_name() {
    for table in ["seaql_migrations", RECORDS_MIGRATION_TABLE] {
        let folder = tempfile::tempdir().unwrap();
        let db = connect(&folder).await;
        match table {
            RECORDS_MIGRATION_TABLE => make_tables(&db).await.unwrap(),
            _ => AppMigrator::up(&db, None).await.unwrap(),
        }
        let newer = format!("INSERT INTO {table} VALUES ('sync_log_records_9999_newer', 0)");
        raw(&folder).execute(&newer, []).unwrap();
        let refused = make_tables(&db).await.unwrap_err();
        assert!(
            matches!(refused, RecordsError::SchemaTooNew { .. }),
            "{refused}"
        );
        assert!(refused.to_string().contains("sync_log_records_9999_newer"));
    }
}
