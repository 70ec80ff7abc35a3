//! The storage is bound to one library and one device (`I1`).

use sync_log_core::{LogError, SyncLog, Uuid};

use crate::harness::Harness;
use crate::rig::Rig;
use crate::sample::{DEVICE, LIBRARY, change};

const OTHER: Uuid = Uuid::from_u128(0x0def_aced);

/// Opens as the caller asks. Either the store or core may refuse.
async fn open_as<H: Harness>(
    rig: &Rig<H>,
    library_id: Uuid,
    device_id: Uuid,
) -> Result<SyncLog, LogError> {
    let store = rig.storage.open(library_id, device_id).await?;
    SyncLog::open(store, library_id, device_id, rig.options()).await
}

/// A storage does not open as another library's or another device's, and stays as it is.
pub async fn it_does_not_open_as_another<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    log.record(change(0)).await.unwrap();
    let before = log.snapshot().await;
    for (library, device) in [(OTHER, DEVICE), (LIBRARY, OTHER), (DEVICE, LIBRARY)] {
        let error = open_as(&rig, library, device).await.unwrap_err();
        let expected = LogError::IdentityMismatch {
            stored_library: LIBRARY.into(),
            stored_device: DEVICE.into(),
            library: library.into(),
            device: device.into(),
        };
        assert_eq!(format!("{error:?}"), format!("{expected:?}"), "I1");
        assert_eq!(log.snapshot().await, before, "I1: untouched");
    }
    open_as(&rig, LIBRARY, DEVICE).await.expect("I1: as itself");
}

/// The identity of a storage stays the same; two storages have two log ids.
pub async fn its_identity_is_made_once<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    let identity = log.identity();
    assert_eq!(
        (identity.library_id, identity.device_id),
        (LIBRARY.into(), DEVICE.into()),
        "I1"
    );
    assert!(!identity.log_id.is_nil(), "I1");
    let log = rig.reopen(log).await;
    assert_eq!(log.identity(), identity, "I1: after a restart");
    let another = Rig::<H>::new().await;
    assert_ne!(
        another.open().await.identity().log_id,
        identity.log_id,
        "I1: random, made with the storage"
    );
}
