//! Faults that comparable programs have: a merge that reads the pruned log (`X4`), one cursor for all
//! devices, and rows that every device starts with, which are there twice.

use std::time::Duration;

use sync_log_sqlite::LogError;
use sync_log_sqlite::records::record_id;
use tempfile::TempDir;

use super::device::{Device, LAPTOP, LIBRARY, Layout, PHONE, TABLET};

/// A phone, a laptop and a tablet, which know no other device.
async fn three(layout: Layout) -> ([TempDir; 3], [Device; 3]) {
    let folders = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let devices = [
        Device::alone(layout, folders[0].path(), PHONE).await,
        Device::alone(layout, folders[1].path(), LAPTOP).await,
        Device::alone(layout, folders[2].path(), TABLET).await,
    ];
    (folders, devices)
}

/// What is changed from here on has a later time.
async fn time_passes() {
    tokio::time::sleep(Duration::from_millis(2)).await;
}

/// The version of a record is kept beside the log, so a change that was pruned still wins.
#[tokio::test]
async fn an_older_change_that_arrives_after_a_newer_one_was_pruned_loses() {
    for layout in Layout::BOTH {
        let (_folders, [phone, laptop, tablet]) = three(layout).await;
        phone.register(&laptop).await;
        laptop.register(&phone).await;
        tablet.register(&phone).await;
        tablet.register(&laptop).await;
        tablet.add_tag(1, "beach").await;
        time_passes().await;
        phone.add_tag(1, "sea").await;
        laptop.pull(&phone).await;
        assert!(
            phone.pending().await.is_empty(),
            "the later change is pruned"
        );

        for device in [&phone, &laptop] {
            device.pull(&tablet).await;
            assert_eq!(device.tags().await, ["sea"], "{layout:?}");
        }
        // The tablet cannot read what was pruned, and gets it by a snapshot.
        phone.register(&tablet).await;
        let cursor = tablet.cursor(&phone).await;
        let refused = phone.answers(&tablet, cursor).await;
        assert!(
            matches!(refused, Err(LogError::Compacted { .. })),
            "{refused:?}"
        );
        tablet.take_snapshot(&phone).await;
        assert_eq!(tablet.tags().await, ["sea"], "{layout:?}");
    }
}

/// Each device is asked from the cursor in its own log.
#[tokio::test]
async fn older_changes_of_a_device_arrive_after_newer_ones_of_another_device() {
    for layout in Layout::BOTH {
        let (_folders, [phone, laptop, tablet]) = three(layout).await;
        phone.register(&laptop).await;
        tablet.register(&laptop).await;
        tablet.add_tag(1, "beach").await;
        time_passes().await;
        phone.add_tag(2, "sea").await;
        laptop.pull(&phone).await;
        laptop.pull(&tablet).await;
        assert_eq!(laptop.tags().await, ["beach", "sea"], "{layout:?}");
    }
}

/// The id of the row is derived from its name, so it is one record, and one deletion deletes it.
#[tokio::test]
async fn a_row_that_every_device_inserts_is_one_record_and_stays_deleted() {
    for layout in Layout::BOTH {
        let (_folders, [phone, laptop, tablet]) = three(layout).await;
        let all = [&phone, &laptop, &tablet];
        let favourites = record_id(LIBRARY, "tag", "Favourites").as_u128();
        for device in all {
            for peer in all.iter().filter(|peer| peer.id != device.id) {
                device.register(peer).await;
            }
            device.add_tag(favourites, "Favourites").await;
        }
        phone.pull(&laptop).await;
        laptop.pull(&phone).await;
        for device in [&phone, &laptop] {
            assert_eq!(device.tags().await, ["Favourites"], "{layout:?}");
            assert!(device.records.not_shown(1).await.unwrap().is_empty());
        }

        time_passes().await;
        assert!(phone.delete_tag(favourites).await);
        laptop.pull(&phone).await;
        // The row of the tablet is older than the deletion, and arrives after it.
        for device in [&phone, &laptop] {
            device.pull(&tablet).await;
            tablet.pull(device).await;
        }
        for device in all {
            assert!(device.tags().await.is_empty(), "{layout:?}");
            assert!(device.records.not_shown(1).await.unwrap().is_empty());
        }
    }
}
