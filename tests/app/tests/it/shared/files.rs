//! One of the two files is deleted or restored from a backup (`W4`).

use std::fs;
use std::path::Path;

use sync_log_sqlite::records::SyncError;
use sync_log_sqlite::{Cursor, LogError, ReadLimits, SyncDb, Uuid};

use super::device::{Device, LAPTOP, LIBRARY, PHONE, database, tag_id};
use crate::records::gallery::declared;

/// The files of a database, with what SQLite keeps beside it.
fn files(database: &Path) -> [std::path::PathBuf; 3] {
    ["", "-wal", "-shm"].map(|suffix| {
        let mut name = database.as_os_str().to_owned();
        name.push(suffix);
        name.into()
    })
}

pub(super) fn remove(database: &Path) {
    for file in files(database) {
        let _ = fs::remove_file(file);
    }
}

pub(super) fn log_of(folder: &Path) -> std::path::PathBuf {
    folder.join("sync.db")
}

pub(super) fn put_back(backup: &Path, database: &Path) {
    remove(database);
    fs::copy(backup, database).unwrap();
}

/// A phone with a change that the laptop has, and a backup of both of its files from then.
struct Backed {
    folder: tempfile::TempDir,
    app: std::path::PathBuf,
    log: std::path::PathBuf,
    _laptop_folder: tempfile::TempDir,
    laptop: Device,
}

impl Backed {
    async fn up() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let laptop_folder = tempfile::tempdir().unwrap();
        let phone = Device::new(folder.path(), PHONE, LAPTOP).await;
        let laptop = Device::new(laptop_folder.path(), LAPTOP, PHONE).await;
        phone.add_tag(1, "beach").await;
        laptop.pull(&phone).await;
        phone.close().await;
        let app = folder.path().join("app.backup");
        let log = folder.path().join("log.backup");
        fs::copy(database(folder.path()), &app).unwrap();
        fs::copy(log_of(folder.path()), &log).unwrap();
        Self {
            folder,
            app,
            log,
            _laptop_folder: laptop_folder,
            laptop,
        }
    }

    async fn phone(&self) -> Device {
        Device::open(self.folder.path(), PHONE).await
    }

    /// Adds a tag that the laptop does not get.
    async fn add_another(&self) {
        let phone = self.phone().await;
        phone.add_tag(2, "city").await;
        phone.close().await;
    }

    /// How the phone answers a read of the laptop.
    async fn read(&self, phone: &Device, cursor: Cursor) -> Result<usize, LogError> {
        let limits = ReadLimits::default();
        let page = phone.records.log().read_for(LAPTOP, cursor, limits).await?;
        Ok(page.entries.len())
    }
}

#[tokio::test]
async fn a_log_that_was_deleted_begins_again_where_it_ended() {
    let backed = Backed::up().await;
    backed.add_another().await;
    remove(&log_of(backed.folder.path()));

    let phone = backed.phone().await;
    assert_eq!(phone.tags().await, ["beach", "city"]);
    phone.records.log().register_peer(LAPTOP).await.unwrap();
    let from_start = backed.read(&phone, Cursor::ZERO).await;
    assert!(
        matches!(from_start, Err(LogError::Compacted { .. })),
        "{from_start:?}"
    );
    let cursor = backed.laptop.cursor(&phone).await;
    let from_before = backed.read(&phone, cursor).await;
    assert!(
        matches!(from_before, Err(LogError::OtherLog { .. })),
        "{from_before:?}"
    );

    // A change from now on is above all that was lost.
    let lost = phone.records.record(&tag_id(2)).await.unwrap().unwrap();
    phone.rename_tag(2, "town").await;
    assert!(phone.pending().await[0].hlc > lost.version.source.hlc);
}

#[tokio::test]
async fn what_is_in_the_outbox_survives_the_loss_of_the_log() {
    let backed = Backed::up().await;
    let phone = backed.phone().await;
    let txn = sync_log_sqlite::records::begin(&phone.db).await.unwrap();
    let change = sync_log_sqlite::Change::delete("tag", Uuid::from_u128(1));
    phone.records.record_in(&txn, change).await.unwrap();
    txn.commit().await.unwrap();
    phone.records.log().close().await.unwrap();
    phone.db.close().await.unwrap();
    remove(&log_of(backed.folder.path()));

    assert_eq!(backed.phone().await.pending().await.len(), 1);
}

#[tokio::test]
async fn a_log_that_was_restored_gets_a_new_id() {
    let backed = Backed::up().await;
    backed.add_another().await;
    put_back(&backed.log, &log_of(backed.folder.path()));

    let phone = backed.phone().await;
    let status = phone.records.status().await.unwrap();
    assert!(status.unversioned.is_zero(), "the records lack nothing");
    let cursor = backed.laptop.cursor(&phone).await;
    let read = backed.read(&phone, cursor).await;
    assert!(matches!(read, Err(LogError::OtherLog { .. })), "{read:?}");
    let from_start = backed.read(&phone, Cursor::ZERO).await;
    assert!(
        matches!(from_start, Err(LogError::Compacted { .. })),
        "{from_start:?}"
    );
    phone.add_tag(3, "wood").await;
    assert_eq!(phone.tags().await, ["beach", "city", "wood"]);
    assert_eq!(
        phone.pending().await.last().unwrap().record_uuid,
        Uuid::from_u128(3)
    );
}

#[tokio::test]
async fn a_log_that_was_restored_keeps_the_id_that_it_got() {
    let backed = Backed::up().await;
    backed.add_another().await;
    put_back(&backed.log, &log_of(backed.folder.path()));

    let first = backed.phone().await;
    let id = first.records.log().identity().log_id;
    first.close().await;
    let second = backed.phone().await;
    assert_eq!(second.records.log().identity().log_id, id);
    // A second process opens the records, and the handle of the first one stays usable.
    let third = backed.phone().await;
    second.add_tag(3, "wood").await;
    third.add_tag(4, "sea").await;
    assert_eq!(second.pending().await.len(), 2);
}

#[tokio::test]
async fn a_log_that_is_restored_twice_gets_a_new_id_each_time() {
    let backed = Backed::up().await;
    backed.add_another().await;
    let before = backed.phone().await;
    let cursor = before.records.log().head_cursor().await.unwrap();
    before.close().await;
    let later = backed.folder.path().join("later.backup");
    fs::copy(log_of(backed.folder.path()), &later).unwrap();
    let changing = backed.phone().await;
    changing.add_tag(3, "wood").await;
    changing.close().await;

    put_back(&backed.log, &log_of(backed.folder.path()));
    backed.phone().await.close().await;
    // This backup has more than the first one, and lacks the last change, too.
    put_back(&later, &log_of(backed.folder.path()));
    let phone = backed.phone().await;
    let read = backed.read(&phone, cursor).await;
    assert!(matches!(read, Err(LogError::OtherLog { .. })), "{read:?}");
}

#[tokio::test]
async fn a_log_that_another_program_made_in_the_place_of_a_lost_one_gets_a_floor() {
    let backed = Backed::up().await;
    remove(&log_of(backed.folder.path()));
    let log = SyncDb::open(LIBRARY, PHONE, backed.folder.path()).await;
    let log = log.unwrap();
    log.register_peer(LAPTOP).await.unwrap();
    log.close().await.unwrap();

    let phone = backed.phone().await;
    let read = backed.read(&phone, Cursor::ZERO).await;
    assert!(matches!(read, Err(LogError::Compacted { .. })), "{read:?}");
}

#[tokio::test]
async fn records_that_were_restored_get_the_own_changes_of_the_log_again() {
    let backed = Backed::up().await;
    backed.add_another().await;
    put_back(&backed.app, &database(backed.folder.path()));

    let phone = backed.phone().await;
    assert_eq!(phone.tags().await, ["beach", "city"]);
    let record = phone.records.record(&tag_id(2)).await.unwrap().unwrap();
    assert_eq!(record.version.source.hlc, phone.pending().await[0].hlc);
    let status = phone.records.status().await.unwrap();
    assert!(
        status.unversioned.is_zero(),
        "the log has all that is missing"
    );
    // The log is the same one: the laptop reads on.
    assert_eq!(backed.laptop.pull(&phone).await, 1);
    assert_eq!(backed.laptop.tags().await, ["beach", "city"]);
}

#[tokio::test]
async fn records_that_lack_changes_which_were_pruned_say_so() {
    let backed = Backed::up().await;
    backed.add_another().await;
    let before = backed.phone().await;
    backed.laptop.pull(&before).await;
    assert!(before.pending().await.is_empty());
    let pruned = before.records.log().floor().await.unwrap();
    before.close().await;
    put_back(&backed.app, &database(backed.folder.path()));

    let phone = backed.phone().await;
    assert_eq!(phone.tags().await, ["beach"]);
    let status = phone.records.status().await.unwrap();
    assert_eq!(status.unversioned, pruned);
    phone.add_tag(3, "wood").await;
    assert!(phone.pending().await[0].hlc > pruned);
}

#[tokio::test]
async fn an_app_database_that_was_deleted_gets_what_the_log_still_has() {
    let backed = Backed::up().await;
    backed.add_another().await;
    remove(&database(backed.folder.path()));
    super::device::make_tables(backed.folder.path());

    let phone = backed.phone().await;
    assert_eq!(phone.tags().await, ["city"]);
    let status = phone.records.status().await.unwrap();
    assert!(!status.unversioned.is_zero(), "the first tag was pruned");
}

#[tokio::test]
async fn the_records_of_another_device_are_refused() {
    let backed = Backed::up().await;
    let elsewhere = tempfile::tempdir().unwrap();
    fs::copy(&backed.app, database(elsewhere.path())).unwrap();
    let outcome = Device::open_with(elsewhere.path(), LAPTOP, declared()).await;
    let Err(error @ SyncError::OtherRecords { .. }) = outcome.map(|_| ()) else {
        panic!("the records of the phone were opened as those of the laptop");
    };
    assert!(error.to_string().contains(&PHONE.to_string()), "{error}");
    assert!(error.to_string().contains(&LIBRARY.to_string()), "{error}");
    assert!(!log_of(elsewhere.path()).exists(), "no log was made");
}
