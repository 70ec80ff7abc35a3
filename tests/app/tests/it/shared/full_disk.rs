//! A disk that is full in the middle of an apply or of a write (`X2`, `W1`, `W2`).

use sea_orm::{ConnectionTrait, EntityTrait};
use sync_log_sqlite::records::SyncError;
use sync_log_sqlite::{Cursor, ErrorKind, ReadLimits};
use tempfile::TempDir;

use super::device::{Device, LAPTOP, Layout, PHONE, new_tag, tag_id};
use crate::records::gallery::tag;

const TAGS: u128 = 40;

/// How many pages the app's database may still grow. All tags need more than the largest number.
const ROOM: [i64; 4] = [0, 1, 5, 25];

/// More pages than anything here needs.
const NO_LIMIT: i64 = 1_000_000;

async fn pair(layout: Layout) -> ([TempDir; 2], Device, Device) {
    let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let phone = Device::alone(layout, folders[0].path(), PHONE).await;
    let laptop = Device::alone(layout, folders[1].path(), LAPTOP).await;
    phone.register(&laptop).await;
    laptop.register(&phone).await;
    (folders, phone, laptop)
}

/// Adds all tags in one write. Each takes about a page in its table, in its index and as a version.
async fn add_tags(to: &Device) -> Result<(), SyncError> {
    let long = "x".repeat(3000);
    let added = to.records.write(async |rows| {
        for id in 0..TAGS {
            rows.insert(new_tag(id, &format!("{id} {long}"))).await?;
        }
        Ok(())
    });
    added.await
}

impl Device {
    /// Lets the app's database grow by so many pages only.
    async fn has_room_for(&self, pages: i64) {
        let count = "SELECT page_count FROM pragma_page_count";
        let count = sea_orm::Statement::from_string(self.db.get_database_backend(), count);
        let count = self.db.query_one_raw(count).await.unwrap().unwrap();
        let most = count.try_get_by_index::<i64>(0).unwrap() + pages;
        let limit = format!("PRAGMA max_page_count = {most}");
        self.db.execute_unprepared(&limit).await.unwrap();
    }

    /// There is neither a row of a tag nor a version, and nothing that waits or is not shown.
    async fn assert_knows_no_tag(&self) {
        assert!(tag::Entity::find().all(&self.db).await.unwrap().is_empty());
        for id in 0..TAGS {
            assert_eq!(self.records.record(&tag_id(id)).await.unwrap(), None);
        }
        assert!(self.records.not_shown(1).await.unwrap().is_empty());
        assert_eq!(self.records.status().await.unwrap().waiting_entries, 0);
        assert_eq!(self.records.audit(1).await.unwrap(), []);
    }
}

#[tokio::test]
async fn a_page_that_a_full_disk_stops_changes_nothing_and_is_applied_again() {
    for layout in Layout::BOTH {
        let (_folders, phone, laptop) = pair(layout).await;
        add_tags(&phone).await.unwrap();
        let log = phone.records.log();
        let page = log.read_for(LAPTOP, Cursor::ZERO, ReadLimits::default());
        let page = page.await.unwrap();
        for room in ROOM {
            laptop.has_room_for(room).await;
            let refused = laptop.records.apply(PHONE, &page).await.unwrap_err();
            laptop.has_room_for(NO_LIMIT).await;
            assert!(matches!(refused, SyncError::Store(_)), "{refused:?}");
            assert_eq!(refused.kind(), ErrorKind::Retry, "{layout:?}: {refused:?}");
            assert_eq!(laptop.cursor(&phone).await, Cursor::ZERO, "room for {room}");
            laptop.assert_knows_no_tag().await;
        }
        let applied = laptop.records.apply(PHONE, &page).await.unwrap();
        assert_eq!(applied.watermark, page.next);
        assert_eq!(laptop.tags().await, phone.tags().await);
        assert_eq!(laptop.tags().await.len(), 40);
    }
}

#[tokio::test]
async fn a_write_that_a_full_disk_stops_leaves_neither_a_row_nor_an_entry() {
    for layout in Layout::BOTH {
        let (_folders, phone, laptop) = pair(layout).await;
        for room in ROOM {
            phone.has_room_for(room).await;
            let refused = add_tags(&phone).await.unwrap_err();
            phone.has_room_for(NO_LIMIT).await;
            assert_eq!(refused.kind(), ErrorKind::Retry, "{layout:?}: {refused:?}");
            phone.assert_knows_no_tag().await;
            phone.records.drain().await.unwrap();
            assert!(phone.pending().await.is_empty(), "room for {room}");
        }
        add_tags(&phone).await.unwrap();
        assert_eq!(phone.pending().await.len(), 40);
        laptop.pull(&phone).await;
        assert_eq!(laptop.tags().await, phone.tags().await);
    }
}
