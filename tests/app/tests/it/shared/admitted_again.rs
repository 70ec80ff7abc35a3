//! A device was retired, changed a record meanwhile that the others have deleted and forgotten, and comes back
//! (`K6`).

use sync_log_sqlite::records::SyncError;
use sync_log_sqlite::{ErrorKind, ReadLimits};
use tempfile::TempDir;

use super::device::{Device, LAPTOP, Layout, PHONE, TABLET, tag_id};

/// The phone has retired the laptop, has forgotten a tag, and has admitted the laptop again. Meanwhile the
/// laptop has renamed a tag. The tablet has retired no device, and has that change.
struct Three {
    phone: Device,
    laptop: Device,
    tablet: Device,
    _folders: [TempDir; 3],
}

impl Three {
    async fn new(layout: Layout, renamed: u128) -> Self {
        let folders = [(); 3].map(|()| tempfile::tempdir().unwrap());
        let phone = Device::alone(layout, folders[0].path(), PHONE).await;
        let laptop = Device::alone(layout, folders[1].path(), LAPTOP).await;
        let tablet = Device::alone(layout, folders[2].path(), TABLET).await;
        for device in [&phone, &laptop, &tablet] {
            for other in [&phone, &laptop, &tablet] {
                if other.id != device.id {
                    device.register(other).await;
                }
            }
        }
        phone.add_tag(1, "beach").await;
        laptop.add_tag(2, "city").await;
        laptop.pull(&phone).await;
        tablet.pull(&phone).await;
        phone.pull(&laptop).await;

        phone.records.log().retire(LAPTOP).await.unwrap();
        laptop.rename_tag(renamed, "sea").await;
        tablet.pull(&laptop).await;
        phone.delete_tag(1).await;
        tablet.pull(&phone).await;
        tablet.add_tag(3, "wood").await;
        phone.pull(&tablet).await;
        assert_eq!(phone.records.forget_deleted().await.unwrap(), 1);
        phone.records.log().admit(LAPTOP).await.unwrap();
        Self {
            phone,
            laptop,
            tablet,
            _folders: folders,
        }
    }

    /// Tries to read on in the laptop's log.
    async fn read_laptop(&self) -> Result<(), SyncError> {
        let cursor = self.phone.cursor(&self.laptop).await;
        let log = self.laptop.records.log();
        let page = log.read_for(PHONE, cursor, ReadLimits::default()).await?;
        self.phone.records.apply(LAPTOP, &page).await.map(drop)
    }

    /// Tries to take the first page of a snapshot of the laptop.
    async fn take_laptop(&self) -> Result<(), SyncError> {
        let laptop = &self.laptop.records;
        let taking = self
            .phone
            .records
            .take_snapshot(LAPTOP, laptop.snapshot().await?);
        let page = laptop.snapshot_page(None).await?;
        taking.await?.merge(&page).await.map(drop)
    }
}

#[tokio::test]
async fn a_change_from_before_a_deletion_that_was_forgotten_is_refused() {
    for layout in Layout::BOTH {
        let three = Three::new(layout, 1).await;
        for refused in [three.read_laptop().await, three.take_laptop().await] {
            let error = refused.expect_err("the tag would be on the phone only");
            let SyncError::MayBeForgotten { origin, record } = &error else {
                panic!("{layout:?}: {error}");
            };
            assert_eq!((*origin, record), (LAPTOP.into(), &tag_id(1)));
            assert_eq!(error.kind(), ErrorKind::Bootstrap);
        }
        assert_eq!(three.phone.tags().await, ["city", "wood"]);

        // The tablet has all changes, and knows that the tag was deleted after the laptop changed it.
        let Three {
            phone,
            laptop,
            tablet,
            ..
        } = &three;
        phone.take_snapshot(tablet).await;
        laptop.add_tag(4, "hill").await;
        assert_eq!(phone.pull(laptop).await, 1);
        tablet.pull(laptop).await;
        for device in [phone, tablet] {
            assert_eq!(device.tags().await, ["city", "hill", "wood"], "{layout:?}");
        }
    }
}

#[tokio::test]
async fn a_later_change_of_the_record_brings_the_device_back() {
    for is_deleted in [false, true] {
        let three = Three::new(Layout::Outbox, 1).await;
        let Three {
            phone,
            laptop,
            tablet,
            ..
        } = &three;
        let expected = if is_deleted {
            laptop.delete_tag(1).await;
            vec!["city", "wood"]
        } else {
            laptop.rename_tag(1, "ocean").await;
            vec!["city", "ocean", "wood"]
        };
        assert!(
            three.read_laptop().await.is_err(),
            "the earlier change comes first"
        );
        phone.take_snapshot(laptop).await;
        assert_eq!(phone.pull(laptop).await, 0);
        tablet.pull(laptop).await;
        for device in [phone, tablet] {
            assert_eq!(device.tags().await, expected);
        }
    }
}

#[tokio::test]
async fn a_change_of_a_record_that_is_known_here_is_applied() {
    let three = Three::new(Layout::Outbox, 2).await;
    three.read_laptop().await.unwrap();
    assert_eq!(three.phone.tags().await, ["sea", "wood"]);
}
