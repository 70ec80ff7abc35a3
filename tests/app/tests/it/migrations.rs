//! The log's migrations, run by the app: by hand, or spliced into its own migrator.

use sea_orm::{DatabaseConnection, EntityTrait, PaginatorTrait, TransactionTrait};
use sea_orm_migration::{MigrationTrait, MigratorTrait};
use sync_log_sqlite::entity::shared_changes;
use sync_log_sqlite::migration::{MIGRATION_TABLE, Migrator, migrations};
use sync_log_sqlite::{FILE_NAME, Hlc, OpenError, SyncDb};
use tempfile::TempDir;

use crate::common::{DEVICE, LIBRARY, change, open, raw, tables};

async fn connect(folder: &TempDir) -> DatabaseConnection {
    app::connect(&folder.path().join(FILE_NAME)).await.unwrap()
}

#[tokio::test]
async fn migrations_run_up_again_and_down() {
    let folder = tempfile::tempdir().unwrap();
    let db = connect(&folder).await;
    let there = || tables(&raw(folder.path()));
    Migrator::up(&db, None).await.unwrap();
    let made = there();
    assert_eq!(made.len(), 11, "{made:?}");
    Migrator::up(&db, None).await.unwrap();
    assert_eq!(there(), made);
    Migrator::down(&db, None).await.unwrap();
    assert_eq!(there(), ["sync_log_migrations"]);
    Migrator::up(&db, None).await.unwrap();
    assert_eq!(there(), made);
}

#[tokio::test]
async fn migrations_can_run_inside_a_transaction_and_be_rolled_back() {
    let folder = tempfile::tempdir().unwrap();
    let db = connect(&folder).await;
    let txn = db.begin().await.unwrap();
    Migrator::up(&txn, None).await.unwrap();
    txn.rollback().await.unwrap();
    assert_eq!(tables(&raw(folder.path())), [""; 0]);
}

#[tokio::test]
async fn no_migration_goes_down_while_an_entry_is_pending() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path()).await;
    log.record(change(1)).await.unwrap();
    log.close().await.unwrap();
    let db = connect(&folder).await;
    // One by one, so that each migration is asked.
    for steps in 1..=migrations().len() {
        let refused = Migrator::down(&db, Some(1)).await.unwrap_err();
        assert!(
            refused.to_string().contains("1 entries are pending"),
            "{refused}"
        );
        raw(folder.path())
            .execute(
                "DELETE FROM sync_log_migrations WHERE version = \
                 (SELECT max(version) FROM sync_log_migrations)",
                [],
            )
            .unwrap();
        assert_eq!(tables(&raw(folder.path())).len(), 11, "{steps}");
    }
    let entries = shared_changes::Entity::find().count(&db).await.unwrap();
    assert_eq!(entries, 1);
}

#[tokio::test]
async fn going_down_drops_the_tables_once_nothing_is_pending() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path()).await;
    log.record(change(1)).await.unwrap();
    log.declare_solo().await.unwrap();
    assert_eq!(log.prune_acked().await.unwrap(), 1);
    log.close().await.unwrap();
    Migrator::down(&connect(&folder).await, None).await.unwrap();
    assert_eq!(tables(&raw(folder.path())), ["sync_log_migrations"]);
}

/// An app's own migrator, with the default table for its records.
struct AppMigrator;

impl MigratorTrait for AppMigrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        migrations()
    }
}

#[tokio::test]
async fn migrations_can_be_spliced_into_an_apps_own_migrator() {
    let folder = tempfile::tempdir().unwrap();
    let db = connect(&folder).await;
    AppMigrator::up(&db, None).await.unwrap();
    let made = tables(&raw(folder.path()));
    assert!(made.contains(&"seaql_migrations".to_owned()), "{made:?}");
    assert!(made.contains(&"shared_changes".to_owned()), "{made:?}");
    assert!(!made.contains(&MIGRATION_TABLE.to_owned()));
    db.close().await.unwrap();

    let log = open(folder.path()).await;
    log.record(change(1)).await.unwrap();
    log.close().await.unwrap();

    // The next release of the app runs its migrations again.
    let reconnected = connect(&folder).await;
    AppMigrator::up(&reconnected, None).await.unwrap();
    assert_eq!(
        open(folder.path())
            .await
            .status()
            .await
            .unwrap()
            .pending_entries,
        1
    );
}

#[tokio::test]
async fn tables_that_were_made_by_hand_are_opened() {
    let folder = tempfile::tempdir().unwrap();
    let db = connect(&folder).await;
    Migrator::up(&db, None).await.unwrap();
    db.close().await.unwrap();
    let log = open(folder.path()).await;
    log.record(change(1)).await.unwrap();
    assert!(log.floor().await.unwrap().is_zero(), "it is a new log");
    log.close().await.unwrap();
}

#[tokio::test]
async fn tables_that_were_made_half_are_opened() {
    for steps in 1..=2 {
        let folder = tempfile::tempdir().unwrap();
        let db = connect(&folder).await;
        AppMigrator::up(&db, Some(steps)).await.unwrap();
        db.close().await.unwrap();
        let opened = SyncDb::open(LIBRARY, DEVICE, folder.path()).await;
        let log = opened.unwrap();
        log.record(change(1)).await.unwrap();
        log.close().await.unwrap();
        // The app goes on with what is now there.
        AppMigrator::up(&connect(&folder).await, None)
            .await
            .unwrap();
        assert_eq!(
            open(folder.path()).await.head().await.unwrap().device_id,
            DEVICE
        );
    }
}

#[tokio::test]
async fn entries_in_tables_that_were_made_by_hand_are_adopted() {
    let folder = tempfile::tempdir().unwrap();
    let db = connect(&folder).await;
    Migrator::up(&db, None).await.unwrap();
    db.close().await.unwrap();
    let own = Hlc::new(1, 0, DEVICE);
    let row = format!(
        "INSERT INTO shared_changes VALUES ('{own}', 'tag', '{LIBRARY}', 'delete', '{{}}', '')"
    );
    raw(folder.path()).execute(&row, []).unwrap();
    let log = open(folder.path()).await;
    assert_eq!(log.head().await.unwrap(), own);
    assert!(
        !log.floor().await.unwrap().is_zero(),
        "what was before is unknown"
    );
    log.close().await.unwrap();
}

#[tokio::test]
async fn an_apps_own_table_by_one_of_our_names_is_not_taken_for_ours() {
    for made in [
        "CREATE TABLE peer_acks (id INTEGER PRIMARY KEY, what TEXT)",
        "CREATE TABLE shared_changes (hlc TEXT PRIMARY KEY, more TEXT)",
        "CREATE TABLE sync_log_adoptions (id INTEGER PRIMARY KEY)",
    ] {
        let folder = tempfile::tempdir().unwrap();
        raw(folder.path()).execute_batch(made).unwrap();
        let db = connect(&folder).await;
        let refused = Migrator::up(&db, None).await.unwrap_err().to_string();
        assert!(
            refused.contains("there is one with other columns"),
            "{refused}"
        );
        let unmade = Migrator::down(&db, None).await;
        let name = made.split(' ').nth(2).unwrap().to_owned();
        assert!(
            tables(&raw(folder.path())).contains(&name),
            "{made}: {unmade:?}"
        );
    }
}

#[tokio::test]
async fn a_migration_of_a_newer_program_is_refused_by_name_whoever_ran_it() {
    for table in ["seaql_migrations", MIGRATION_TABLE] {
        let folder = tempfile::tempdir().unwrap();
        let db = connect(&folder).await;
        match table {
            MIGRATION_TABLE => Migrator::up(&db, None).await.unwrap(),
            _ => AppMigrator::up(&db, None).await.unwrap(),
        }
        db.close().await.unwrap();
        let newer = format!("INSERT INTO {table} VALUES ('sync_log_9999_newer', 0)");
        raw(folder.path()).execute(&newer, []).unwrap();
        let refused = SyncDb::open(LIBRARY, DEVICE, folder.path())
            .await
            .unwrap_err();
        let text = refused.to_string();
        assert!(matches!(refused, OpenError::SchemaTooNew { .. }), "{text}");
        assert!(text.contains("sync_log_9999_newer"), "{text}");
    }
}
