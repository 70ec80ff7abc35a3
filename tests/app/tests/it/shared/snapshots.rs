//! A device takes a snapshot of another one, and reads on from there (`B1`).

use sea_orm::ActiveValue::Set;
use sea_orm::EntityTrait;
use sync_log_sqlite::receive::{Standing, WhyNotShown};
use sync_log_sqlite::{Ack, Cursor, LogError, Uuid};
use tempfile::TempDir;

use super::device::{Device, LAPTOP, Layout, PHONE, TABLET, tag_id};
use super::upgrades::next;
use crate::records::gallery::{album, declared, photo};

/// A phone, a laptop and a tablet in this layout. The phone and the laptop are registered with each other. The
/// tablet has registered both, and is registered with neither.
struct Three {
    phone: Device,
    laptop: Device,
    tablet: Device,
    folders: [TempDir; 3],
}

impl Three {
    async fn new(layout: Layout) -> Self {
        let folders = [(); 3].map(|()| tempfile::tempdir().unwrap());
        let phone = Device::alone(layout, folders[0].path(), PHONE).await;
        let laptop = Device::alone(layout, folders[1].path(), LAPTOP).await;
        let tablet = Device::alone(layout, folders[2].path(), TABLET).await;
        phone.register(&laptop).await;
        laptop.register(&phone).await;
        tablet.register(&phone).await;
        tablet.register(&laptop).await;
        Self {
            phone,
            laptop,
            tablet,
            folders,
        }
    }

    async fn sync(&self) {
        self.laptop.pull(&self.phone).await;
        self.phone.pull(&self.laptop).await;
        self.laptop.pull(&self.phone).await;
    }

    /// From now on nothing is pruned before the tablet has it.
    async fn register_tablet(&self) {
        self.phone.register(&self.tablet).await;
        self.laptop.register(&self.tablet).await;
    }
}

fn album(id: u128, title: &str) -> album::ActiveModel {
    album::ActiveModel {
        id: Set(Uuid::from_u128(id)),
        title: Set(title.to_owned()),
        cover: Set(None),
        opened: Set(0),
    }
}

fn photo(id: u128, of_album: u128) -> photo::ActiveModel {
    photo::ActiveModel {
        id: Set(Uuid::from_u128(id)),
        album: Set(Uuid::from_u128(of_album)),
        tag: Set(None),
    }
}

async fn albums(of: &Device) -> Vec<album::Model> {
    album::Entity::find().all(&of.db).await.unwrap()
}

async fn photos(of: &Device) -> usize {
    photo::Entity::find().all(&of.db).await.unwrap().len()
}

#[tokio::test]
async fn a_new_device_gets_what_was_pruned_and_reads_on_from_there() {
    for layout in Layout::BOTH {
        let three = Three::new(layout).await;
        let Three {
            phone,
            laptop,
            tablet,
            ..
        } = &three;
        phone.add_tag(1, "beach").await;
        phone.add_tag(3, "wood").await;
        laptop.add_tag(2, "beach").await;
        phone.records.insert(album(9, "summer")).await.unwrap();
        three.sync().await;
        phone.delete_tag(3).await;
        let cover = album::ActiveModel {
            cover: Set(None),
            ..album(9, "summer in the south")
        };
        laptop.records.update(cover).await.unwrap();
        three.sync().await;
        for device in [phone, laptop] {
            assert!(device.pending().await.is_empty(), "all was pruned");
        }
        three.register_tablet().await;
        let refused = phone.answers(tablet, Cursor::ZERO).await;
        assert!(
            matches!(refused, Err(LogError::Compacted { .. })),
            "{refused:?}"
        );

        let cursors = tablet.take_snapshot(phone).await;
        assert_eq!(tablet.tags().await, ["beach"]);
        let hidden = [(tag_id(2), WhyNotShown::DuplicateOf(Uuid::from_u128(1)))];
        assert_eq!(tablet.records.not_shown(10).await.unwrap(), hidden);
        let deleted = tablet.records.record(&tag_id(3)).await.unwrap();
        assert_eq!(deleted.unwrap().standing, Standing::Deleted);
        assert_eq!(albums(tablet).await, albums(laptop).await);

        // It reads both logs from its cursors, and each change once.
        assert_eq!(cursors[&phone.id], tablet.cursor(phone).await);
        assert_eq!(cursors[&laptop.id], tablet.cursor(laptop).await);
        let ack = Ack::new(tablet.id, cursors[&laptop.id]);
        laptop.records.log().acknowledge(ack).await.unwrap();
        phone.add_tag(4, "city").await;
        laptop.rename_tag(1, "sea").await;
        assert_eq!(tablet.pull(phone).await, 1);
        assert!(tablet.pull(laptop).await >= 1);
        assert_eq!(tablet.pull(laptop).await, 0);
        assert_eq!(tablet.tags().await, ["beach", "city", "sea"]);
        // A later change of its own wins there.
        tablet.rename_tag(1, "ocean").await;
        phone.register(tablet).await;
        phone.pull(tablet).await;
        assert!(phone.tags().await.contains(&"ocean".to_owned()));
    }
}

#[tokio::test]
async fn a_group_that_waits_at_the_donor_waits_at_the_new_device() {
    for layout in Layout::BOTH {
        let three = Three::new(layout).await;
        let Three {
            phone,
            laptop,
            tablet,
            ..
        } = &three;
        // The laptop has heard of the photo, and not yet of the album that it is in.
        let elsewhere = tempfile::tempdir().unwrap();
        let other = Device::alone(layout, elsewhere.path(), Uuid::from_u128(0x0e)).await;
        phone.register(&other).await;
        other.register(laptop).await;
        phone.records.insert(album(9, "summer")).await.unwrap();
        other.pull(phone).await;
        other.records.insert(photo(5, 9)).await.unwrap();
        laptop.pull(&other).await;
        assert_eq!(laptop.records.status().await.unwrap().waiting_entries, 1);

        laptop.register(tablet).await;
        tablet.take_snapshot(laptop).await;
        assert_eq!(tablet.records.status().await.unwrap().waiting_entries, 1);
        assert_eq!(tablet.cursor(&other).await, laptop.cursor(&other).await);
        // The log of the other device has pruned the photo.
        assert!(other.pending().await.is_empty());
        phone.register(tablet).await;
        tablet.pull(phone).await;
        assert_eq!(photos(tablet).await, 1);
        assert_eq!(tablet.records.status().await.unwrap().waiting_entries, 0);
        // With the album, what waits there is applied at once.
        laptop.pull(phone).await;
        let last = tempfile::tempdir().unwrap();
        let last = Device::alone(layout, last.path(), Uuid::from_u128(0x0f)).await;
        laptop.register(&last).await;
        last.take_snapshot(laptop).await;
        assert_eq!(photos(&last).await, 1);
    }
}

#[tokio::test]
async fn changes_that_are_pending_here_are_kept_and_win_if_they_are_later() {
    for layout in Layout::BOTH {
        let three = Three::new(layout).await;
        phone_and_tablet_change_the_same(&three).await;
        let Three {
            phone,
            tablet,
            folders: _folders,
            ..
        } = three;
        let tablet = tablet.reopened(declared()).await;
        phone.register(&tablet).await;
        tablet.take_snapshot(&phone).await;
        assert_eq!(tablet.tags().await, ["city", "sea"]);
        let pending = tablet.pending().await.len();
        assert_eq!(pending, 2, "own changes are logged once");
        phone.pull(&tablet).await;
        assert_eq!(phone.tags().await, ["city", "sea"]);
        // What the phone has of the tablet comes back to the tablet.
        phone.add_tag(3, "wood").await;
        tablet.take_snapshot(&phone).await;
        assert_eq!(tablet.tags().await, ["city", "sea", "wood"]);
        assert!(tablet.cursor(&tablet).await.is_zero(), "of itself none");
    }
}

/// The phone adds a tag, the tablet adds one and changes that of the phone, and the phone has pruned.
async fn phone_and_tablet_change_the_same(three: &Three) {
    let Three {
        phone,
        laptop,
        tablet,
        ..
    } = three;
    phone.add_tag(1, "beach").await;
    laptop.pull(phone).await;
    tablet.add_tag(2, "city").await;
    // The tablet makes the same tag, later.
    tablet.add_tag(1, "sea").await;
}

#[tokio::test]
async fn a_snapshot_that_was_interrupted_is_taken_again() {
    for layout in Layout::BOTH {
        let three = Three::new(layout).await;
        let Three {
            phone,
            laptop,
            tablet,
            folders: _folders,
        } = three;
        phone.add_tag(1, "beach").await;
        phone.add_tag(2, "city").await;
        laptop.pull(&phone).await;
        phone.register(&tablet).await;
        let snapshot = phone.records.snapshot().await.unwrap();
        let taking = tablet.records.take_snapshot(PHONE, snapshot).await;
        let mut taking = taking.unwrap();
        let mut page = phone.records.snapshot_page(None).await.unwrap();
        page.records.truncate(1);
        page.next = page.records.last().map(|(id, _)| id.clone());
        let _ = taking.merge(&page).await.unwrap();
        drop(taking);
        assert_eq!(tablet.tags().await, ["beach"]);
        assert!(tablet.cursor(&phone).await.is_zero(), "it moves at the end");

        let tablet = tablet.reopened(declared()).await;
        phone.rename_tag(1, "sea").await;
        tablet.take_snapshot(&phone).await;
        assert_eq!(tablet.tags().await, ["city", "sea"]);
        phone.delete_tag(2).await;
        assert_eq!(tablet.pull(&phone).await, 1);
        assert_eq!(tablet.tags().await, ["sea"]);
    }
}

/// A record that the donor cannot read is hidden there, and is still a part of its snapshot.
#[tokio::test]
async fn a_donor_with_an_older_app_gives_what_it_cannot_read() {
    let folders = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let phone = Device::new(folders[0].path(), PHONE, LAPTOP).await;
    let laptop = Device::new(folders[1].path(), LAPTOP, PHONE).await;
    phone.add_tag(1, "beach").await;
    laptop.pull(&phone).await;
    let phone = phone.reopened(next()).await;
    phone.rename_tag(1, "sea").await;
    laptop.pull(&phone).await;
    let hidden = [(tag_id(1), WhyNotShown::NewerModel)];
    assert_eq!(laptop.records.not_shown(10).await.unwrap(), hidden);

    let tablet = Device::new(folders[2].path(), TABLET, LAPTOP).await;
    let tablet = tablet.reopened(next()).await;
    laptop.register(&tablet).await;
    tablet.take_snapshot(&laptop).await;
    assert_eq!(tablet.tags().await, ["sea"]);
    let [here, there] = [&tablet, &phone].map(|device| device.records.clone());
    let record = here.record(&tag_id(1)).await.unwrap().unwrap();
    let original = there.record(&tag_id(1)).await.unwrap().unwrap();
    assert_eq!(record.version.source, original.version.source);
}

#[tokio::test]
async fn a_device_that_takes_a_snapshot_can_be_spawned() {
    let three = Three::new(Layout::Outbox).await;
    three.phone.add_tag(1, "beach").await;
    let [phone, tablet] = [&three.phone, &three.tablet].map(|device| device.records.clone());
    let spawned = tokio::spawn(async move {
        let snapshot = phone.snapshot().await?;
        let mut taking = tablet.take_snapshot(PHONE, snapshot).await?;
        while !taking.has_all() {
            let page = phone.snapshot_page(taking.after()).await?;
            let _ = taking.merge(&page).await?;
        }
        taking.finish().await
    });
    let cursors = spawned.await.unwrap().unwrap();
    assert_eq!(
        cursors[&three.phone.id],
        three.tablet.cursor(&three.phone).await
    );
    assert_eq!(three.tablet.tags().await, ["beach"]);
}

/// Another process of the app makes a change, and the donor has it before this one goes on.
#[tokio::test]
async fn own_changes_of_another_handle_may_come_back() {
    for layout in Layout::BOTH {
        let three = Three::new(layout).await;
        let Three { phone, tablet, .. } = &three;
        let other = Device::open_in(layout, three.folders[2].path(), TABLET, declared()).await;
        let other = other.unwrap();
        let snapshot = phone.records.snapshot().await.unwrap();
        let taking = tablet.records.take_snapshot(PHONE, snapshot).await;
        let mut taking = taking.unwrap();
        other.add_tag(1, "beach").await;
        phone.pull(&other).await;
        let page = phone.records.snapshot_page(None).await.unwrap();
        let _ = taking.merge(&page).await.unwrap();
        taking.finish().await.unwrap();
        assert_eq!(tablet.tags().await, ["beach"]);
    }
}

#[tokio::test]
async fn a_snapshot_has_no_watermark_of_a_device_that_the_donor_retired() {
    let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let phone = Device::new(folders[0].path(), PHONE, LAPTOP).await;
    let tablet = Device::new(folders[1].path(), TABLET, PHONE).await;
    tablet.add_tag(1, "beach").await;
    phone.pull(&tablet).await;
    let first = phone.records.snapshot().await.unwrap();
    assert!(first.watermarks.contains_key(&tablet.id));
    phone.records.log().register_peer(TABLET).await.unwrap();
    phone.records.log().retire(TABLET).await.unwrap();
    let second = phone.records.snapshot().await.unwrap();
    assert!(second.watermarks.is_empty());
}
