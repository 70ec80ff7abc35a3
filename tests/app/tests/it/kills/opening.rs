//! An opening that gives rows their versions ends at any of its statements (`W5`).
//!
//! `KILLS_STEP=1` ends it at each of them.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use sea_orm::ActiveValue::Set;
use serde::{Deserialize, Serialize};
use sync_log_sqlite::receive::RecordId;
use sync_log_sqlite::records::{DeclaredModels, Models, SharedRecords, SyncError};
use sync_log_sqlite::{Change, Cursor, LogError, ReadLimits, SyncDb, Uuid};

use super::setup::{LIBRARY, Name};
use super::{number, process, statements};
use crate::common::database::{Layout, database, execute};
use crate::records::gallery::{album, tag};

const TABLES: &str = "
    CREATE TABLE tag (id BLOB PRIMARY KEY, name TEXT NOT NULL UNIQUE);
    CREATE TABLE album (id BLOB PRIMARY KEY, title TEXT NOT NULL, cover BLOB,
        opened INTEGER NOT NULL DEFAULT 0);
    INSERT INTO album (id, title) VALUES (x'00000000000000000000000000000005', 'summer');";

/// What the app did before the opening.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
enum Before {
    /// It had rows, and no log.
    Nothing,
    /// It opened its records with no model that has rows, said that it has no peers, and changed nothing.
    Opened,
    /// It recorded changes of tags in a log, without versions.
    Logged,
    /// It shared its tags.
    Shared,
}

/// What a child has to do.
#[derive(Debug, Serialize, Deserialize)]
struct Orders {
    layout: Layout,
    folder: PathBuf,
    abort_at: u64,
}

fn tags() -> DeclaredModels {
    Models::new().entity::<tag::Entity>("tag")
}

/// An open device.
async fn open(layout: Layout, folder: &Path, models: DeclaredModels) -> SharedRecords {
    let db = app::connect(&database(folder)).await.unwrap();
    let options = SharedRecords::options().baseline(|_, _| None);
    let opened = layout.open(options, &db, models, LIBRARY, Name::Phone.id(), folder);
    opened.await.unwrap()
}

async fn open_with_albums(layout: Layout, folder: &Path) -> SharedRecords {
    open(layout, folder, tags().entity::<album::Entity>("album")).await
}

/// Makes a device whose log has a tag or nothing, and nothing of the album. Returns the cursor at the head of
/// the log.
async fn make(layout: Layout, folder: &Path, before: Before) -> Cursor {
    execute(folder, TABLES);
    let beach = tag::ActiveModel {
        id: Set(Uuid::from_u128(1)),
        name: Set("beach".to_owned()),
    };
    match before {
        Before::Nothing => Cursor::ZERO,
        Before::Opened | Before::Shared => {
            let records = open(layout, folder, tags()).await;
            let log = records.log();
            if matches!(before, Before::Shared) {
                log.register_peer(Name::Laptop.id()).await.unwrap();
                records.insert(beach).await.unwrap();
            } else {
                log.declare_solo().await.unwrap();
            }
            let head = log.head_cursor().await.unwrap();
            records.close().await.unwrap();
            head
        }
        Before::Logged => {
            let db = app::connect(&database(folder)).await.unwrap();
            let phone = Name::Phone.id();
            let log = match layout {
                Layout::Outbox => SyncDb::open(LIBRARY, phone, folder).await,
                Layout::Attached => SyncDb::attach(&db, LIBRARY, phone).await,
            };
            let log = log.unwrap();
            log.register_peer(Name::Laptop.id()).await.unwrap();
            let data = serde_json::json!({ "id": Uuid::from_u128(1), "name": "beach" });
            let change = Change::insert("tag", Uuid::from_u128(1), &data).unwrap();
            log.record(change).await.unwrap();
            let head = log.head_cursor().await.unwrap();
            log.close().await.unwrap();
            head
        }
    }
}

/// What is in the files after the end of a child: whether the album has a version, and the id of the log if
/// there is one.
fn left(layout: Layout, folder: &Path) -> (bool, Option<Uuid>) {
    let raw = Connection::open(database(folder)).unwrap();
    let versions = "SELECT count(*) FROM sync_log_versions WHERE model_type = 'album'";
    // The table may be missing yet.
    let versions = raw.query_row(versions, [], |row| row.get::<_, i64>(0));
    let log_id = || {
        let log = layout.log_in(folder);
        let log = Connection::open_with_flags(log, OpenFlags::SQLITE_OPEN_READ_WRITE).ok()?;
        let id = "SELECT log_id FROM sync_log_identity";
        let id = log.query_row(id, [], |row| row.get::<_, String>(0)).ok()?;
        id.parse().ok()
    };
    (versions.unwrap_or_default() > 0, log_id())
}

async fn read(records: &SharedRecords, cursor: Cursor) -> Result<usize, LogError> {
    let laptop = Name::Laptop.id();
    let log = records.log();
    let page = log.read_for(laptop, cursor, ReadLimits::default()).await?;
    Ok(page.entries.len())
}

/// The next opening finishes what was begun.
async fn check(
    layout: Layout,
    folder: &Path,
    before: Before,
    head: Cursor,
) -> Result<(), SyncError> {
    let records = open_with_albums(layout, folder).await;
    // Nothing is missing from the records, so they are given to other devices.
    let status = records.status().await?;
    assert!(status.unversioned.is_zero(), "{status:?}");
    assert_eq!(status.log.solo, matches!(before, Before::Opened));
    let _ = records.snapshot().await?;
    let tag = (!head.is_zero()).then_some(("tag", 1));
    for (model, number) in tag.into_iter().chain([("album", 5)]) {
        let id = RecordId::new(model, Uuid::from_u128(number));
        let record = records.record(&id).await?.expect("the record is known");
        assert!(record.standing.is_shown(), "{record:?}");
    }
    assert!(records.audit(10).await?.is_empty());
    records.log().register_peer(Name::Laptop.id()).await?;
    if !head.is_zero() {
        let on = read(&records, head).await;
        assert!(matches!(on, Err(LogError::OtherLog { .. })), "{on:?}");
    }
    let from_start = read(&records, Cursor::ZERO).await;
    let is_refused = matches!(from_start, Err(LogError::Compacted { .. }));
    assert!(is_refused, "{from_start:?}");
    records.close().await
}

/// Runs `test` once more, as a child. Returns whether it ended before it had opened the records.
fn is_aborted<Test>(test: Test, orders: &Orders) -> bool {
    let child = process::child(test, orders).output().unwrap();
    let code = child.status.code();
    assert!(matches!(code, None | Some(0)), "{child:?}");
    code.is_none()
}

#[tokio::test]
async fn no_row_has_a_version_that_the_readers_of_the_log_miss_wherever_an_opening_ends() {
    if let Some(orders) = process::orders::<Orders>() {
        statements::listen();
        statements::abort_at(orders.abort_at);
        open_with_albums(orders.layout, &orders.folder).await;
        return;
    }
    let test = no_row_has_a_version_that_the_readers_of_the_log_miss_wherever_an_opening_ends;
    // Each series begins at another statement.
    let step = number("KILLS_STEP", 23);
    let mut first = 1;
    for layout in Layout::BOTH {
        for before in [
            Before::Nothing,
            Before::Opened,
            Before::Logged,
            Before::Shared,
        ] {
            let mut ended = 0;
            first += 5;
            for abort_at in (first.min(step)..).step_by(usize::try_from(step).unwrap()) {
                let folder = tempfile::tempdir().unwrap();
                let head = make(layout, folder.path(), before).await;
                let orders = Orders {
                    layout,
                    folder: folder.path().to_owned(),
                    abort_at,
                };
                let is_aborted = is_aborted(test, &orders);
                let (has_version, log_id) = left(layout, folder.path());
                // Without a head, each reader begins at the start, which the next opening answers.
                let is_missed = has_version && log_id == Some(head.log_id());
                assert!(!is_missed, "{layout:?}, {before:?}, {abort_at}");
                let checked = check(layout, folder.path(), before, head);
                checked.await.unwrap();
                if !is_aborted {
                    break;
                }
                ended = abort_at;
            }
            eprintln!("{layout:?}, {before:?}: ended at statements up to {ended}");
            assert!(ended > 50, "{layout:?}, {before:?}: {ended}");
        }
    }
}
