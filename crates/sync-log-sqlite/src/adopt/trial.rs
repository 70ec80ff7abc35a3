//! Tries whether a table of another program takes every row that a log writes to it.
//!
//! A constraint can be any expression, so it is not read but tried, on a table of the same definition
//! in memory. The file is only read.

use sync_log_core::{
    ChangeType, DeviceId, Hlc, MAX_DATA_BYTES, MAX_MODEL_TYPE_BYTES, Peer, PeerFacts, PeerState,
    RegisteredBy, StoreError, Uuid,
};

use crate::driver::{Argument, Port, in_place, table_in_memory};
use crate::entity::time;
use crate::store::{INSERT_ENTRY, peers};

/// Returns why the table refuses a row that a log writes, if it has constraints and they do.
pub(super) fn refusal(table: &str, definition: &str) -> Option<String> {
    if !definition.to_ascii_uppercase().contains("CHECK") {
        return None;
    }
    let tried = table_in_memory(definition).and_then(|db| {
        in_place(async {
            match table {
                "peer_acks" => peers::write_mirror(&db, &peer()).await,
                _ => insert_changes(&db).await,
            }
        })
    });
    let error = tried.err()?;
    let refused = error.source_as::<rusqlite::Error>();
    let refused = refused.map_or_else(|| error.to_string(), ToString::to_string);
    Some(format!("refuses rows that a log writes: {refused}"))
}

/// One change of each kind, with the shortest and with the longest content.
async fn insert_changes(db: &impl Port) -> Result<(), StoreError> {
    let longest_data = format!("\"{}\"", "x".repeat(MAX_DATA_BYTES - 2));
    let longest_model = "x".repeat(MAX_MODEL_TYPE_BYTES);
    let contents = [("x", "null"), (&longest_model, &longest_data)];
    let kinds = [ChangeType::Insert, ChangeType::Update, ChangeType::Delete];
    let mut counter = 0;
    for (model_type, data) in contents {
        for kind in kinds {
            counter += 1;
            let hlc = Hlc::new(LIKELY_MS, counter, DEVICE).to_text();
            let record = Uuid::from_u128(counter.into()).to_string();
            let created_at = time::to_text(LIKELY_MS.cast_signed());
            let row = [
                hlc.as_str(),
                model_type,
                &record,
                kind.as_str(),
                data,
                &created_at,
            ];
            db.run(&INSERT_ENTRY, &row.map(Argument::from)).await?;
        }
    }
    Ok(())
}

fn peer() -> Peer {
    Peer {
        device_id: DeviceId::from(DEVICE),
        acked: Hlc::ZERO,
        acked_at_ms: LIKELY_MS.cast_signed(),
        facts: PeerFacts {
            state: PeerState::Active,
            registered_by: RegisteredBy::Adoption,
            registered_at_ms: LIKELY_MS.cast_signed(),
            admission: 1,
            hold: None,
            verified: true,
        },
    }
}

/// Some device, and a time like those of real changes.
const DEVICE: Uuid = Uuid::from_u128(0x5eed_0000_0000_4000_8000_0000_0000_0001);
const LIKELY_MS: u64 = 1_700_000_000_000;
