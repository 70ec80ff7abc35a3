//! What an error of the app's own statement says to do.

use std::fs;
use std::time::Duration;

use sea_orm::{ConnectOptions, Database};
use sync_log_sqlite::records::{SharedRecords, SyncError, begin};
use sync_log_sqlite::{Change, ErrorKind, StoreFault, Uuid};

use super::device::{Device, LAPTOP, LIBRARY, Layout, PHONE, database, make_tables, new_tag};
use crate::records::gallery::declared;

fn assert_says(error: &SyncError, kind: ErrorKind, says: &str) {
    assert_eq!(error.kind(), kind, "{error:?}");
    assert!(error.help().contains(says), "{error:?}: {}", error.help());
}

/// SQLite refuses to write to a database that was moved since it was opened.
#[tokio::test]
async fn a_database_of_the_app_that_is_moved_while_it_is_open_is_opened_again() {
    for layout in Layout::BOTH {
        let folder = tempfile::tempdir().unwrap();
        let phone = Device::alone(layout, folder.path(), PHONE).await;
        phone.add_tag(1, "beach").await;
        let path = database(folder.path());
        fs::rename(&path, path.with_extension("moved")).unwrap();
        let error = phone.records.insert(new_tag(2, "city")).await.unwrap_err();
        assert_says(&error, ErrorKind::Reopen, "the app's database was moved");
    }
}

#[tokio::test]
async fn a_call_in_a_transaction_that_has_the_only_connection_says_which_call_to_use() {
    let folder = tempfile::tempdir().unwrap();
    make_tables(folder.path());
    let path = database(folder.path());
    let mut options = ConnectOptions::new(format!("sqlite:{}", path.display()));
    options
        .max_connections(1)
        .acquire_timeout(Duration::from_millis(100));
    let db = Database::connect(options).await.unwrap();
    let records = SharedRecords::attach(&db, declared(), LIBRARY, PHONE);
    let records = records.await.unwrap();
    let txn = begin(&db).await.unwrap();
    let error = records.insert(new_tag(1, "beach")).await.unwrap_err();
    assert_says(&error, ErrorKind::Retry, "`record_in`");
    assert!(error.to_string().contains("no connection"), "{error}");
    let SyncError::Store(error) = error else {
        panic!("{error:?}");
    };
    assert_eq!(error.fault(), StoreFault::NoConnection);

    let change = Change::insert(
        "tag",
        Uuid::from_u128(1),
        &serde_json::json!({"name": "beach"}),
    );
    records.record_in(&txn, change.unwrap()).await.unwrap();
    txn.rollback().await.unwrap();
    records.insert(new_tag(1, "beach")).await.unwrap();
}

#[tokio::test]
async fn an_update_of_a_row_that_another_device_deleted_says_that_it_is_not_there() {
    let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let phone = Device::new(folders[0].path(), PHONE, LAPTOP).await;
    let laptop = Device::new(folders[1].path(), LAPTOP, PHONE).await;
    let beach = phone.add_tag(1, "beach").await;
    laptop.pull(&phone).await;
    assert!(laptop.delete_tag(1).await);
    phone.pull(&laptop).await;
    let renamed = new_tag(1, "sea");
    assert_eq!(renamed.id.clone().unwrap(), beach.id);
    let error = phone.records.update(renamed).await.unwrap_err();
    assert_says(&error, ErrorKind::FixCall, "`not_shown`");
    phone.records.insert(new_tag(1, "sea")).await.unwrap();
    assert_eq!(phone.tags().await, ["sea"]);
}
