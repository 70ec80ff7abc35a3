//! A snapshot that cannot be right is refused, and changes nothing (`B1`).

use sync_log_sqlite::receive::{RecordFault, SnapshotError, SnapshotPage};
use sync_log_sqlite::records::SyncError;
use sync_log_sqlite::{CEILING_MS, ErrorKind, Hlc, LogError, Uuid};

use super::device::{Device, LAPTOP, PHONE, TABLET};

async fn pair() -> ([tempfile::TempDir; 2], Device, Device) {
    let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let phone = Device::new(folders[0].path(), PHONE, LAPTOP).await;
    let laptop = Device::new(folders[1].path(), LAPTOP, PHONE).await;
    phone.add_tag(1, "beach").await;
    phone.add_tag(2, "city").await;
    (folders, phone, laptop)
}

/// Merges a page that was altered, and asserts that nothing changed.
async fn refused(alter: impl Fn(&mut SnapshotPage)) -> SyncError {
    let (_folders, phone, laptop) = pair().await;
    let snapshot = phone.records.snapshot().await.unwrap();
    let taking = laptop.records.take_snapshot(PHONE, snapshot).await;
    let mut taking = taking.unwrap();
    let mut page = phone.records.snapshot_page(None).await.unwrap();
    let sound = page.clone();
    alter(&mut page);
    let before = laptop.records.status().await.unwrap();
    let merged = taking.merge(&page).await;
    assert_eq!(laptop.records.status().await.unwrap(), before);
    assert!(laptop.tags().await.is_empty());
    let early = taking.finish().await;
    let is_missing = |error: &SyncError| {
        matches!(
            error,
            SyncError::Snapshot(SnapshotError::MissingPage { .. })
        )
    };
    assert!(is_missing(&early.unwrap_err()), "the last page is missing");
    let _ = taking.merge(&sound).await.unwrap();
    assert_eq!(laptop.tags().await, ["beach", "city"]);
    merged.expect_err("the page is refused")
}

#[tokio::test]
async fn a_page_that_no_device_gives_is_refused_and_changes_nothing() {
    let out_of_order = refused(|page| page.records.swap(0, 1)).await;
    let fault = |error| match error {
        SyncError::Snapshot(SnapshotError::BadRecord { fault, .. }) => fault,
        other => panic!("{other:?}"),
    };
    assert_eq!(out_of_order.kind(), ErrorKind::FixPeer);
    assert_eq!(fault(out_of_order), RecordFault::OutOfOrder);
    let of_later = Hlc::new(CEILING_MS - 1, 0, PHONE);
    let part = refused(move |page| page.records[1].1.deleted = of_later).await;
    assert_eq!(fault(part), RecordFault::Part);

    let late = refused(|page| page.after = Some(page.records[0].0.clone())).await;
    let is_missing = matches!(
        &late,
        SyncError::Snapshot(SnapshotError::MissingPage { .. })
    );
    assert!(is_missing, "{late:?}");
    let drifted = refused(move |page| page.records[1].1.source.hlc = of_later).await;
    assert!(matches!(drifted, SyncError::Clock(_)), "{drifted:?}");
}

#[tokio::test]
async fn a_snapshot_of_another_device_or_of_this_one_is_refused() {
    let (_folders, phone, laptop) = pair().await;
    let snapshot = phone.records.snapshot().await.unwrap();
    let of_other = laptop.records.take_snapshot(TABLET, snapshot.clone()).await;
    let is_other = matches!(
        &of_other,
        Err(SyncError::Snapshot(SnapshotError::OtherDonor { .. }))
    );
    assert!(is_other, "{of_other:?}");
    let own = laptop.records.snapshot().await.unwrap();
    let of_own = laptop.records.take_snapshot(LAPTOP, own).await;
    let is_own = matches!(&of_own, Err(SyncError::Log(LogError::OwnPeer { .. })));
    assert!(is_own, "{of_own:?}");
    laptop.records.log().retire(PHONE).await.unwrap();
    let retired = laptop.records.take_snapshot(PHONE, snapshot).await;
    let is_retired = matches!(&retired, Err(SyncError::OriginRetired { .. }));
    assert!(is_retired, "{retired:?}");
}

/// A change of this device that it did not make: it was restored, or runs twice.
#[tokio::test]
async fn a_stamp_of_this_device_that_it_did_not_give_out_is_refused() {
    let ahead = Hlc::new(4_000_000_000_000, 0, LAPTOP);
    let error = refused(move |page| page.records[1].1.source.hlc = ahead).await;
    assert_eq!(error.kind(), ErrorKind::NewIdentity);
    assert!(
        error.to_string().contains(&Uuid::to_string(&LAPTOP)),
        "{error}"
    );
}
