//! Pages of another device are applied once each, and show the same on both (`X0`–`X6`).

use sea_orm::ConnectionTrait;
use sync_log_sqlite::receive::{Standing, WhyNotShown};
use sync_log_sqlite::records::{SyncError, record_id};
use sync_log_sqlite::{Cursor, ErrorKind, Hlc, LogError, ReadLimits, Tag, Uuid};

use crate::fleet::folder::Lock;
use crate::fleet::moment::{Moment, locked_at};
use crate::records::gallery::declared;

use super::device::{Device, LAPTOP, LIBRARY, PHONE, TABLET, new_tag, tag_id};
use crate::common::database::database;

/// Two devices that know each other.
struct Pair {
    phone: Device,
    laptop: Device,
    folders: [tempfile::TempDir; 2],
}

impl Pair {
    async fn new() -> Self {
        let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
        Self {
            phone: Device::new(folders[0].path(), PHONE, LAPTOP).await,
            laptop: Device::new(folders[1].path(), LAPTOP, PHONE).await,
            folders,
        }
    }

    async fn sync(&self) {
        self.laptop.pull(&self.phone).await;
        self.phone.pull(&self.laptop).await;
    }
}

#[tokio::test]
async fn a_change_reaches_the_other_device_and_leaves_the_log() {
    let pair = Pair::new().await;
    pair.phone.add_tag(1, "beach").await;
    pair.sync().await;
    assert_eq!(pair.laptop.tags().await, ["beach"]);
    assert!(pair.phone.pending().await.is_empty(), "it was acknowledged");
    assert!(pair.laptop.pending().await.is_empty(), "it is not its own");

    pair.laptop.rename_tag(1, "sea").await;
    pair.sync().await;
    assert_eq!(pair.phone.tags().await, ["sea"]);
    pair.phone.delete_tag(1).await;
    pair.sync().await;
    assert!(pair.laptop.tags().await.is_empty());
}

#[tokio::test]
async fn a_device_that_receives_can_be_spawned() {
    let pair = Pair::new().await;
    pair.phone.add_tag(1, "beach").await;
    let log = pair.phone.records.log();
    let page = log.read_for(LAPTOP, Cursor::ZERO, ReadLimits::default());
    let page = page.await.unwrap();
    let records = pair.laptop.records.clone();
    let spawned = tokio::spawn(async move {
        let applied = records.apply(PHONE, &page).await?;
        records.drain().await?;
        records.forget_deleted().await?;
        assert_eq!(records.audit(1).await?, []);
        assert_eq!(records.cursor(PHONE).await?, applied.watermark);
        Ok::<_, SyncError>(())
    });
    spawned.await.unwrap().unwrap();
    assert_eq!(pair.laptop.tags().await, ["beach"]);
}

#[tokio::test]
async fn the_later_of_two_changes_wins_on_both_devices() {
    let pair = Pair::new().await;
    pair.phone.add_tag(1, "beach").await;
    pair.sync().await;
    pair.phone.rename_tag(1, "sea").await;
    pair.laptop.rename_tag(1, "ocean").await;
    pair.sync().await;
    assert_eq!(pair.phone.tags().await, ["ocean"]);
    assert_eq!(pair.laptop.tags().await, ["ocean"]);
}

#[tokio::test]
async fn a_change_that_was_made_after_a_page_was_applied_wins_over_it() {
    let pair = Pair::new().await;
    pair.phone.add_tag(1, "beach").await;
    pair.laptop.pull(&pair.phone).await;
    pair.laptop.rename_tag(1, "sea").await;
    let [renamed] = &pair.laptop.pending().await[..] else {
        panic!("one entry is pending");
    };
    let added = pair.laptop.cursor(&pair.phone).await.hlc();
    assert!(renamed.hlc > added);
}

#[tokio::test]
async fn a_page_that_comes_twice_is_acknowledged_again_and_changes_nothing() {
    let pair = Pair::new().await;
    pair.phone.add_tag(1, "beach").await;
    let cursor = pair.laptop.cursor(&pair.phone).await;
    let log = pair.phone.records.log();
    let page = log.read_for(LAPTOP, cursor, ReadLimits::default()).await;
    let page = page.unwrap();
    let first = pair.laptop.records.apply(PHONE, &page).await.unwrap();
    let again = pair.laptop.records.apply(PHONE, &page).await.unwrap();
    assert_eq!(first.watermark, again.watermark);
    assert_eq!(first.watermark, pair.laptop.cursor(&pair.phone).await);
    assert!(again.standings.is_empty());
}

#[tokio::test]
async fn one_name_is_shown_once_on_both_devices_and_the_other_is_named() {
    let pair = Pair::new().await;
    pair.phone.add_tag(1, "beach").await;
    pair.laptop.add_tag(2, "beach").await;
    pair.sync().await;
    for device in [&pair.phone, &pair.laptop] {
        assert_eq!(device.tags().await, ["beach"]);
        let hidden = device.records.not_shown(10).await.unwrap();
        let because = WhyNotShown::DuplicateOf(Uuid::from_u128(1));
        assert_eq!(hidden, [(tag_id(2), because)]);
    }
    pair.laptop.delete_tag(1).await;
    pair.sync().await;
    for device in [&pair.phone, &pair.laptop] {
        assert_eq!(device.tags().await, ["beach"], "the other one appears");
        assert!(device.records.not_shown(10).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_row_that_each_device_makes_from_one_natural_key_is_one_record() {
    let pair = Pair::new().await;
    for device in [&pair.phone, &pair.laptop] {
        let id = record_id(LIBRARY, "tag", "Favourites");
        device.add_tag(id.as_u128(), "Favourites").await;
    }
    pair.sync().await;
    for device in [&pair.phone, &pair.laptop] {
        assert_eq!(device.tags().await, ["Favourites"]);
        assert!(device.records.not_shown(10).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn two_tags_swap_their_names() {
    let pair = Pair::new().await;
    pair.phone.add_tag(1, "red").await;
    pair.phone.add_tag(2, "blue").await;
    pair.sync().await;
    let swapped = pair.phone.records.write(async |rows| {
        rows.update(new_tag(1, "none")).await?;
        rows.update(new_tag(2, "red")).await?;
        rows.update(new_tag(1, "blue")).await?;
        Ok(())
    });
    swapped.await.unwrap();
    pair.sync().await;
    assert_eq!(pair.laptop.tags().await, ["blue", "red"]);
    let one = pair
        .laptop
        .records
        .record(&tag_id(1))
        .await
        .unwrap()
        .unwrap();
    assert!(one.version.data.as_str().contains("blue"));
}

#[tokio::test]
async fn what_was_received_survives_a_restart() {
    let pair = Pair::new().await;
    pair.phone.add_tag(1, "beach").await;
    pair.laptop.pull(&pair.phone).await;
    let cursor = pair.laptop.cursor(&pair.phone).await;
    let Pair {
        phone,
        laptop,
        folders: _folders,
    } = pair;
    let laptop = laptop.reopened(declared()).await;
    assert_eq!(laptop.cursor(&phone).await, cursor);
    assert_eq!(laptop.tags().await, ["beach"]);
    phone.add_tag(2, "city").await;
    laptop.pull(&phone).await;
    assert_eq!(laptop.tags().await, ["beach", "city"]);
}

#[tokio::test]
async fn pages_of_a_retired_device_and_of_this_device_are_refused() {
    let pair = Pair::new().await;
    pair.phone.add_tag(1, "beach").await;
    let log = pair.phone.records.log();
    let page = log
        .read_for(LAPTOP, Cursor::ZERO, ReadLimits::default())
        .await
        .unwrap();
    let own = pair.phone.records.apply(PHONE, &page).await;
    assert!(
        matches!(own, Err(SyncError::Log(LogError::OwnPeer { .. }))),
        "{own:?}"
    );
    let laptop = &pair.laptop.records;
    laptop.log().retire(PHONE).await.unwrap();
    let retired = laptop.apply(PHONE, &page).await;
    assert!(
        matches!(retired, Err(SyncError::OriginRetired { .. })),
        "{retired:?}"
    );
    assert!(pair.laptop.tags().await.is_empty());
}

#[tokio::test]
async fn a_deleted_record_is_forgotten_once_every_device_is_past_it() {
    let pair = Pair::new().await;
    pair.phone.add_tag(1, "beach").await;
    pair.phone.delete_tag(1).await;
    pair.laptop.pull(&pair.phone).await;
    let deleted = pair.laptop.records.record(&tag_id(1)).await.unwrap();
    assert_eq!(deleted.unwrap().standing, Standing::Deleted);
    assert_eq!(pair.laptop.records.forget_deleted().await.unwrap(), 1);
    assert_eq!(pair.laptop.records.record(&tag_id(1)).await.unwrap(), None);
    // The phone does not know yet how far the laptop's changes have come.
    assert_eq!(pair.phone.records.forget_deleted().await.unwrap(), 0);
}

/// The log of the phone deletes what is acknowledged, so the laptop must not acknowledge what a power cut
/// could take back.
#[test]
fn a_page_that_could_not_be_synced_is_no_success_and_is_applied_again() {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().unwrap();
    let pair = runtime.block_on(Pair::new());
    let page = runtime.block_on(async {
        pair.phone.add_tag(1, "beach").await;
        let no_waiting = "PRAGMA busy_timeout = 0";
        let set = pair.laptop.db.execute_unprepared(no_waiting).await;
        set.unwrap();
        let log = pair.phone.records.log();
        let page = log.read_for(LAPTOP, Cursor::ZERO, ReadLimits::default());
        page.await.unwrap()
    });
    let folder = pair.folders[1].path().to_owned();
    let committed = Moment::AfterCommit(1);
    let applied = locked_at(committed, folder, Lock::Write, || {
        runtime.block_on(pair.laptop.records.apply(PHONE, &page))
    });
    let error = applied.unwrap_err();
    assert!(matches!(error, SyncError::Store(_)), "{error:?}");
    assert_eq!(error.kind(), ErrorKind::Retry);
    runtime.block_on(async {
        assert_eq!(pair.laptop.tags().await, ["beach"], "it is committed");
        let again = pair.laptop.records.apply(PHONE, &page).await.unwrap();
        assert_eq!(again.watermark, page.next);
    });
}

/// The laptop is no peer of the phone, and the phone has applied a page of the laptop.
#[tokio::test]
async fn a_deletion_is_kept_while_a_device_that_is_no_peer_may_have_an_older_change() {
    let tablet_id = Uuid::from_u128(0x7ab);
    let folders = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let phone = Device::new(folders[0].path(), PHONE, tablet_id).await;
    let laptop = Device::new(folders[1].path(), LAPTOP, PHONE).await;
    let tablet = Device::new(folders[2].path(), tablet_id, PHONE).await;
    laptop.add_tag(7, "sea").await;
    phone.pull(&laptop).await;
    laptop.add_tag(1, "beach").await;
    phone.add_tag(1, "beach").await;
    phone.delete_tag(1).await;
    tablet.pull(&phone).await;
    tablet.add_tag(8, "hill").await;
    phone.pull(&tablet).await;
    assert_eq!(phone.records.forget_deleted().await.unwrap(), 0);
    phone.pull(&laptop).await;
    let deleted = phone.records.record(&tag_id(1)).await.unwrap();
    assert_eq!(deleted.unwrap().standing, Standing::Deleted);

    phone.records.log().register_peer(LAPTOP).await.unwrap();
    phone.records.log().retire(LAPTOP).await.unwrap();
    assert_eq!(phone.records.forget_deleted().await.unwrap(), 1);
}

/// A call that forgets waits for the write lock while the first page of a third device is applied.
#[tokio::test]
async fn a_deletion_is_kept_if_the_first_page_of_a_device_arrives_meanwhile() {
    let pair = Pair::new().await;
    pair.phone.add_tag(1, "beach").await;
    pair.phone.delete_tag(1).await;
    pair.laptop.pull(&pair.phone).await;
    let laptop = pair.laptop.records.clone();
    let path = database(pair.laptop.folder());
    let raw = rusqlite::Connection::open(path).unwrap();
    raw.execute_batch("BEGIN IMMEDIATE").unwrap();
    let forgetting = tokio::spawn(async move { laptop.forget_deleted().await });
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let early = Cursor::new(LIBRARY, Hlc::new(1, 0, TABLET), Tag::ZERO).unwrap();
    let insert = "INSERT INTO sync_log_watermarks (origin, cursor, updated_at)
        VALUES (?1, ?2, '2026-01-01T00:00:00.000Z')";
    raw.execute(insert, [TABLET.to_string(), early.to_string()])
        .unwrap();
    raw.execute_batch("COMMIT").unwrap();
    assert_eq!(forgetting.await.unwrap().unwrap(), 0);
}
