//! A function of this product inside a transaction of the app's.

use std::time::Duration;

use app::tag;
use rusqlite::Connection;
use sea_orm::{
    ActiveModelTrait, ConnectOptions, ConnectionTrait, Database, Schema, Set, TransactionTrait,
};
use sea_orm_migration::MigratorTrait;
use sync_log_sqlite::migration::Migrator;
use sync_log_sqlite::{StoreFault, log_state};

use crate::common::{DEVICE, LIBRARY, change, open, raw};

#[tokio::test]
async fn an_app_asks_where_the_log_stands_in_a_transaction_of_a_spawned_task() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path()).await;
    let head = log.record(change(1)).await.unwrap();
    let db = app::connect(log.path().unwrap()).await.unwrap();

    let in_a_transaction = tokio::spawn(async move {
        let tags = Schema::new(db.get_database_backend()).create_table_from_entity(tag::Entity);
        db.execute(&tags).await.unwrap();
        let txn = db.begin().await.unwrap();
        let beach = tag::ActiveModel {
            id: Set("1".to_owned()),
            name: Set("Beach".to_owned()),
        };
        beach.insert(&txn).await.unwrap();
        let state = log_state(&txn).await.unwrap();
        txn.commit().await.unwrap();
        state
    });
    let state = in_a_transaction.await.unwrap();
    assert_eq!(state.identity, log.identity());
    assert_eq!(
        (state.head.hlc, state.floor.hlc),
        (head, log.floor().await.unwrap())
    );
    assert_eq!(
        (state.identity.library_id, state.identity.device_id),
        (LIBRARY.into(), DEVICE.into())
    );
    log.close().await.unwrap();
}

#[tokio::test]
async fn what_another_program_spoiled_is_named_over_either_connection() {
    for (spoiled, column) in [
        ("UPDATE sync_log_state SET head = x'00'", "head"),
        ("UPDATE sync_log_state SET solo = 'no'", "solo"),
        ("UPDATE sync_log_identity SET log_id = 'none'", "log_id"),
        ("UPDATE sync_log_state SET floor_tag = 1.5", "floor_tag"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let log = open(folder.path()).await;
        let other = raw(folder.path());
        other
            .pragma_update(None, "ignore_check_constraints", true)
            .unwrap();
        other.execute(spoiled, []).unwrap();
        let db = app::connect(log.path().unwrap()).await.unwrap();
        let over_the_app = log_state(&db).await.unwrap_err();
        let in_place = log.head().await.unwrap_err();
        assert_eq!(over_the_app.fault(), StoreFault::Corrupt, "{spoiled}");
        assert_eq!(over_the_app.to_string(), in_place.to_string(), "{spoiled}");
        let names = over_the_app
            .to_string()
            .contains(&format!("column {column} of"));
        assert!(names, "{over_the_app}");
    }
}

#[tokio::test]
async fn a_database_without_a_log_is_no_log_that_stands_at_zero() {
    let folder = tempfile::tempdir().unwrap();
    let db = app::connect(&folder.path().join("app.db")).await.unwrap();
    assert_eq!(log_state(&db).await.unwrap_err().fault(), StoreFault::Io);
    Migrator::up(&db, None).await.unwrap();
    let refused = log_state(&db).await.unwrap_err();
    assert_eq!(refused.fault(), StoreFault::Corrupt);
    assert!(refused.to_string().contains("no row"), "{refused}");
}

#[tokio::test]
async fn sqlites_codes_are_told_apart_over_the_apps_driver() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.db");
    let options = ConnectOptions::new(format!("sqlite:{}?mode=rwc", path.display()))
        .map_sqlx_sqlite_opts(|options| options.busy_timeout(Duration::ZERO))
        .to_owned();
    let db = Database::connect(options).await.unwrap();
    Migrator::up(&db, None).await.unwrap();
    let fault = async || log_state(&db).await.unwrap_err().fault();

    // Not in WAL mode, so a writer holds readers up.
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    assert_eq!(fault().await, StoreFault::Locked);
    other
        .execute_batch("ROLLBACK; DROP TABLE sync_log_state")
        .unwrap();
    assert_eq!(fault().await, StoreFault::Io);
}
