//! A device that keeps its log in a file and one that keeps it in memory: the
//! log is the same, whatever it is stored in.

use sync_log_memory::MemoryStore;
use sync_log_memory::core::{Birth, LogIdentity, LogOptions};
use sync_log_sqlite::{
    Ack, Change, ChangeType, Cursor, JsonText, ReadLimits, SyncDb, SyncLog, SystemClock,
    UnknownPeers, Uuid,
};

const LIBRARY: Uuid = Uuid::from_u128(1);
const PHONE: Uuid = Uuid::from_u128(2);
const LAPTOP: Uuid = Uuid::from_u128(3);

fn change(name: &str) -> Change {
    Change {
        model_type: "tag".into(),
        record_uuid: Uuid::from_u128(7),
        change_type: ChangeType::Update,
        data: JsonText::from(serde_json::json!({ "name": name })),
        model_version: 0,
    }
}

async fn in_memory(device_id: Uuid) -> SyncLog {
    let identity = LogIdentity {
        library_id: LIBRARY.into(),
        device_id: device_id.into(),
        log_id: Uuid::from_u128(99),
    };
    let mut options = LogOptions::new(SystemClock);
    options.unknown_peers = UnknownPeers::Refuse;
    let store = MemoryStore::new(identity, 0, Birth::Alone);
    SyncLog::open(store, LIBRARY, device_id, options)
        .await
        .unwrap()
}

/// Pulls everything that `origin` has for `peer`; returns the payloads.
async fn pull(origin: &SyncLog, peer: Uuid, mut cursor: Cursor) -> Vec<String> {
    let mut received = Vec::new();
    loop {
        let page = origin
            .read_for(peer, cursor, ReadLimits::entries(2))
            .await
            .unwrap();
        received.extend(
            page.entries
                .iter()
                .map(|entry| entry.data.as_str().to_owned()),
        );
        cursor = page.next;
        if !page.more {
            origin.acknowledge(Ack::new(peer, cursor)).await.unwrap();
            return received;
        }
    }
}

#[tokio::test]
async fn a_file_and_a_memory_exchange_changes_and_both_logs_drain() {
    let folder = tempfile::tempdir().unwrap();
    let options = SyncDb::options().unknown_peers(UnknownPeers::Refuse);
    let phone = options.open(LIBRARY, PHONE, folder.path()).await.unwrap();
    let laptop = in_memory(LAPTOP).await;
    phone.register_peer(LAPTOP).await.unwrap();
    laptop.register_peer(PHONE).await.unwrap();

    for name in ["one", "two", "three", "four", "five"] {
        phone.record(change(name)).await.unwrap();
        laptop.record(change(name)).await.unwrap();
    }
    let from_phone = pull(&phone, LAPTOP, Cursor::ZERO).await;
    let from_laptop = pull(&laptop, PHONE, Cursor::ZERO).await;
    assert_eq!(from_phone.len(), 5);
    assert_eq!(from_phone, from_laptop);

    assert_eq!(phone.prune_acked().await.unwrap(), 5);
    assert_eq!(laptop.prune_acked().await.unwrap(), 5);
    assert!(phone.get_since(None, 10).await.unwrap().is_empty());
    phone.close().await.unwrap();
}
