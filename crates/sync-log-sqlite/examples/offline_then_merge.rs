//! Two devices change the same record while they are apart, then sync both ways: the
//! newer change wins on both, and both logs are empty again.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::collections::BTreeMap;
use std::error::Error;

use sync_log_sqlite::{Change, ChangeType, Cursor, Hlc, ReadLimits, SyncDb, Uuid};

const LIBRARY: Uuid = Uuid::from_u128(1);
const RECORD: Uuid = Uuid::from_u128(4);

/// A device: its log, and its records with the stamp of the change that each is at.
struct Device {
    id: Uuid,
    log: SyncDb,
    records: BTreeMap<Uuid, (Hlc, String)>,
}

impl Device {
    async fn new(id: u128, other: u128) -> Result<Self, Box<dyn Error>> {
        let (id, records) = (Uuid::from_u128(id), BTreeMap::new());
        let log = SyncDb::open_in_memory(LIBRARY, id).await?;
        log.register_peer(Uuid::from_u128(other)).await?;
        Ok(Self { id, log, records })
    }

    async fn rename(&mut self, name: &str) -> Result<(), Box<dyn Error>> {
        let data = serde_json::json!({ "name": name }).into();
        let (model_type, change_type) = ("tag".to_owned(), ChangeType::Update);
        let change = Change {
            model_type,
            record_uuid: RECORD,
            change_type,
            data,
            model_version: 0,
        };
        let stamp = self.log.record(change).await?;
        self.records.insert(RECORD, (stamp, name.to_owned()));
        Ok(())
    }

    /// Pulls what `other` has. An app keeps the cursor in the transaction of its records.
    async fn pull(&mut self, other: &Self) -> Result<(), Box<dyn Error>> {
        let page = other
            .log
            .read_for(self.id, Cursor::ZERO, ReadLimits::default())
            .await?;
        let stamps: Vec<Hlc> = page.entries.iter().map(|entry| entry.hlc).collect();
        self.log.observe_all(&stamps).await?; // what is changed here later is above all of it
        for entry in page.entries {
            let known = self
                .records
                .get(&entry.record_uuid)
                .map(|(stamp, _)| *stamp);
            if known < Some(entry.hlc) {
                let data: serde_json::Value = entry.data.parse_as()?;
                let name = data["name"].as_str().unwrap_or_default().to_owned();
                self.records.insert(entry.record_uuid, (entry.hlc, name));
            }
        }
        other.log.record_ack_at(self.id, page.next).await?;
        other.log.prune_acked().await?;
        Ok(())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let (mut phone, mut laptop) = (Device::new(2, 3).await?, Device::new(3, 2).await?);
    phone.rename("Beach").await?;
    laptop.rename("Seaside").await?;
    phone.pull(&laptop).await?;
    laptop.pull(&phone).await?;
    assert_eq!(phone.records, laptop.records);
    println!("both have {:?}", phone.records[&RECORD].1);
    assert_eq!(
        phone.log.explain().await?.pending + laptop.log.explain().await?.pending,
        0
    );
    Ok(())
}
