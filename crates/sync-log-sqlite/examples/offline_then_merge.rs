//! Two devices change the same record while they are apart, then sync both ways: the
//! newer change wins on both, and both logs are empty again.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::collections::BTreeMap;
use std::error::Error;

use sync_log_sqlite::{Ack, Change, Cursor, DeviceId, Hlc, LibraryId, ReadLimits, SyncDb, Uuid};

const LIBRARY: LibraryId = LibraryId::from_uuid(Uuid::from_u128(1));
const PHONE: DeviceId = DeviceId::from_uuid(Uuid::from_u128(2));
const LAPTOP: DeviceId = DeviceId::from_uuid(Uuid::from_u128(3));
const RECORD: Uuid = Uuid::from_u128(4);

/// A device: its log, and what its app keeps in a database of its own.
struct Device {
    id: DeviceId,
    log: SyncDb,
    names: BTreeMap<Uuid, String>,
    /// Each record, with the stamp of the change that won.
    stamps: BTreeMap<Uuid, Hlc>,
}

impl Device {
    async fn new(id: DeviceId, peer: DeviceId) -> Result<Self, Box<dyn Error>> {
        let log = SyncDb::open_in_memory(LIBRARY, id).await?;
        log.register_peer(peer).await?;
        Ok(Self {
            id,
            log,
            names: BTreeMap::new(),
            stamps: BTreeMap::new(),
        })
    }

    async fn rename(&mut self, name: &str) -> Result<(), Box<dyn Error>> {
        // The app commits the new name to its own database first.
        self.names.insert(RECORD, name.to_owned());

        // Then it records the change, and keeps the stamp with the record.
        let tag = serde_json::json!({ "name": name });
        let stamp = self
            .log
            .record(Change::update("tag", RECORD, &tag)?)
            .await?;
        self.stamps.insert(RECORD, stamp);
        Ok(())
    }

    /// Pulls from `other`. An app keeps the cursor in the transaction of its records.
    async fn pull(&mut self, other: &Self) -> Result<(), Box<dyn Error>> {
        let limits = ReadLimits::default();
        let page = other.log.read_for(self.id, Cursor::ZERO, limits).await?;

        // Every change that this device makes from now on is above what it has received.
        let stamps: Vec<Hlc> = page.entries.iter().map(|entry| entry.hlc).collect();
        self.log.observe_all(&stamps).await?;

        // The highest stamp wins.
        for entry in page.entries {
            if self.stamps.get(&entry.record_uuid) < Some(&entry.hlc) {
                let data: serde_json::Value = entry.data.parse_as()?;
                let name = data["name"].as_str().unwrap_or_default().to_owned();
                self.names.insert(entry.record_uuid, name);
                self.stamps.insert(entry.record_uuid, entry.hlc);
            }
        }

        other.log.acknowledge(Ack::new(self.id, page.next)).await?;
        other.log.prune_acked().await?;
        Ok(())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut phone = Device::new(PHONE, LAPTOP).await?;
    let mut laptop = Device::new(LAPTOP, PHONE).await?;
    phone.rename("Beach").await?;
    laptop.rename("Seaside").await?;
    phone.pull(&laptop).await?;
    laptop.pull(&phone).await?;
    assert_eq!(phone.names, laptop.names);
    println!("both have {:?}", phone.names[&RECORD]);
    for device in [&phone, &laptop] {
        assert_eq!(device.log.explain().await?.pending_entries, 0);
    }
    Ok(())
}
