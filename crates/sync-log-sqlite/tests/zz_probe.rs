use sync_log_sqlite::*;
#[tokio::test]
async fn probe() {
    let d = tempfile::tempdir().unwrap();
    let db = SyncDb::open(Uuid::from_u128(1), Uuid::from_u128(2), d.path()).await.unwrap();
    db.record(Change{model_type:"tag".into(),record_uuid:Uuid::from_u128(3),change_type:ChangeType::Insert,data:"{}".parse().unwrap()}).await.unwrap();
    for e in std::fs::read_dir(d.path()).unwrap() { let e = e.unwrap(); println!("{:?} {}", e.path(), e.metadata().unwrap().len()); }
    db.close().await.unwrap();
    for e in std::fs::read_dir(d.path()).unwrap() { let e = e.unwrap(); println!("{:?} {}", e.path(), e.metadata().unwrap().len()); }
}
