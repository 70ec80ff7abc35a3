//! The tables of a log, read as entities over the app's own connection.

use app::connect_read_only;
use sea_orm::{
    ColumnTrait, DatabaseConnection, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, Set,
};
use sync_log_sqlite::entity::{
    StoredValue, adoptions, aside_acks, aside_changes, identity, migrations, peer_acks, peers,
    shared_changes, state, verdicts,
};
use sync_log_sqlite::{Hlc, SyncDb, VerdictKind};
use tempfile::TempDir;

use crate::common::{DEVICE, LIBRARY, PEER, change, open, raw};

async fn look(folder: &TempDir) -> DatabaseConnection {
    let path = folder.path().join(sync_log_sqlite::FILE_NAME);
    connect_read_only(&path).await.unwrap()
}

#[tokio::test]
async fn a_live_log_is_read_as_entities() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path()).await;
    let db = look(&folder).await;
    log.register_peer(PEER).await.unwrap();
    let mut stamps = Vec::new();
    for record in 0..3 {
        stamps.push(log.record(change(record)).await.unwrap().to_string());
    }

    let entries = shared_changes::Entity::find()
        .order_by_asc(shared_changes::Column::Hlc)
        .all(&db)
        .await
        .unwrap();
    let read: Vec<_> = entries.iter().map(|entry| entry.hlc.clone()).collect();
    assert_eq!(read, stamps);
    assert_eq!(entries[1].data, r#"{"record":"1"}"#);
    assert_eq!(entries[1].change_type, "update");

    let of_one = shared_changes::Column::RecordUuid.eq(change(2).record_uuid.to_string());
    let of_one = shared_changes::Entity::find().filter(of_one);
    assert_eq!(of_one.count(&db).await.unwrap(), 1);

    let ack = peer_acks::Entity::find_by_id(PEER.to_string());
    let ack = ack.one(&db).await.unwrap().unwrap();
    assert_eq!(ack.last_acked_hlc, Hlc::ZERO.to_string());

    let whose = identity::Entity::find().one(&db).await.unwrap().unwrap();
    let ids = (whose.library_id, whose.device_id);
    assert_eq!(ids, (LIBRARY.to_string(), DEVICE.to_string()));
    let state = state::Entity::find().one(&db).await.unwrap().unwrap();
    assert_eq!(state.head, stamps[2]);
    assert_eq!((state.solo, state.altered), (0, None));
    assert!(state.settled < stamps[0], "just before the first stamp");
    let known = peers::Entity::find().one(&db).await.unwrap().unwrap();
    assert_eq!((known.state.as_str(), known.admission), ("active", 1));
    assert_eq!((known.hold, known.seen_ms), (None, None));
    assert_eq!(known.acked, Hlc::ZERO.to_string());
    assert_eq!(known.acked_at, Some(known.registered_at));
    assert_eq!(migrations::Entity::find().count(&db).await.unwrap(), 6);

    let unknown = log.tick().await.unwrap();
    log.observe_all(&[unknown]).await.unwrap_err();
    let sign = verdicts::Entity::find().one(&db).await.unwrap().unwrap();
    assert_eq!(sign.kind, VerdictKind::OwnStamp.as_str());
    assert_eq!((sign.hlc, sign.peer), (unknown.to_string(), None));
    log.close().await.unwrap();
}

#[tokio::test]
async fn what_went_aside_is_read_as_it_was_stored() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).await.close().await.unwrap();
    let other = raw(folder.path());
    let (own, foreign) = (Hlc::new(1, 0, DEVICE), Hlc::new(1, 0, PEER));
    let rows = format!(
        "INSERT INTO shared_changes VALUES
            ('{own}', 'tag', '{PEER}', 'delete', '{{}}', ''),
            ('{foreign}', x'00ff', 7, 1.5, x'', '');
         INSERT INTO peer_acks VALUES ('nobody', 12, x'')"
    );
    other.execute_batch(&rows).unwrap();
    open(folder.path()).await.close().await.unwrap();

    let db = look(&folder).await;
    let adoption = adoptions::Entity::find().one(&db).await.unwrap().unwrap();
    assert_eq!((adoption.kept_changes, adoption.kept_acks), (1, 0));
    let change = aside_changes::Entity::find().one(&db).await.unwrap();
    let change = change.unwrap();
    assert_eq!(change.reason, "of another device");
    assert_eq!(change.hlc, StoredValue::Text(foreign.to_string()));
    assert_eq!(change.model_type, StoredValue::Bytes(vec![0, 255]));
    // The column that the value came from declares text.
    assert_eq!(change.record_uuid, StoredValue::Text("7".to_owned()));
    assert_eq!(change.change_type, StoredValue::Text("1.5".to_owned()));
    assert_eq!(change.data, StoredValue::Bytes(Vec::new()));
    let ack = aside_acks::Entity::find().one(&db).await.unwrap().unwrap();
    assert_eq!(ack.last_acked_hlc, StoredValue::Text("12".to_owned()));
}

#[tokio::test]
async fn a_value_of_any_kind_is_written_and_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let log = SyncDb::open(LIBRARY, DEVICE, folder.path()).await.unwrap();
    let db = app::connect(log.path().unwrap()).await.unwrap();
    let values = [
        StoredValue::Null,
        StoredValue::Integer(i64::MIN),
        StoredValue::Real(-0.5),
        StoredValue::Text("ü".to_owned()),
        StoredValue::Bytes(vec![0xff, 0]),
    ];
    for value in &values {
        let row = aside_acks::ActiveModel {
            adoption: Set(1),
            reason: Set("a test".to_owned()),
            peer_device_id: Set(value.clone()),
            last_acked_hlc: Set(StoredValue::Null),
            acked_at: Set(StoredValue::Null),
            ..Default::default()
        };
        let row = aside_acks::Entity::insert(row);
        row.exec_without_returning(&db).await.unwrap();
    }
    let rows = aside_acks::Entity::find().order_by_asc(aside_acks::Column::Id);
    let rows = rows.all(&db).await.unwrap().into_iter();
    let read: Vec<_> = rows.map(|row| row.peer_device_id).collect();
    assert_eq!(read, values);
}
