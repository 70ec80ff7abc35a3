//! What an entry is: its origin (`A4`), its bytes (`A6`) and its group (`R1`).

use sync_log_core::{
    ChangeType, JsonText, LogError, MAX_DATA_BYTES, SharedChangeEntry, StoreError, StoreFault,
    StoredEntry, Uuid, Writes,
};

use crate::decision::Decision;
use crate::fault::Fault;
use crate::handle::Defect;
use crate::lies::chain::rechain;

pub(super) fn defect(fault: Fault) -> Option<Defect> {
    Some(match fault {
        Fault::ObservedIsLogged => Defect::deciding(log_what_is_observed),
        Fault::OriginOverwritten => Defect::deciding(|_, decision| {
            alter_entries(decision, |entry| {
                entry.hlc.device_id = Uuid::from_u128(0xbad)
            })
        }),
        Fault::DataTrimmed => Defect::deciding(|_, decision| {
            alter_entries(decision, |entry| {
                let trimmed = entry.data.as_str().trim().to_owned();
                entry.data = JsonText::new(trimmed).unwrap();
            })
        }),
        Fault::TextCutAtNul => Defect::deciding(|_, decision| {
            alter_entries(decision, |entry| {
                let end = entry
                    .model_type
                    .find('\0')
                    .unwrap_or(entry.model_type.len());
                entry.model_type.truncate(end);
            })
        }),
        Fault::DeleteIsUpdate => Defect::deciding(|_, decision| {
            alter_entries(decision, |entry| {
                if entry.change_type == ChangeType::Delete {
                    entry.change_type = ChangeType::Update;
                }
            })
        }),
        Fault::ModelVersionLost => {
            Defect::deciding(|_, decision| alter_entries(decision, |entry| entry.model_version = 0))
        }
        Fault::GroupsForgotten => {
            Defect::deciding(|_, decision| alter_entries(decision, |entry| entry.group_end = true))
        }
        Fault::LargestEntryRefused => Defect::deciding(|_, decision| {
            let changes = decision.take()?;
            let is_large = |stored: &StoredEntry| stored.entry.data.len_bytes() == MAX_DATA_BYTES;
            if changes.append.iter().any(is_large) {
                return Err(StoreError::new(StoreFault::Full, "write an entry").into());
            }
            Ok(changes)
        }),
        _ => return None,
    })
}

/// The tags fit what is stored, as if it had been given like that.
fn alter_entries(
    decision: &mut Decision<'_>,
    alter: fn(&mut SharedChangeEntry),
) -> Result<Writes, LogError> {
    let mut changes = decision.take()?;
    for stored in &mut changes.append {
        alter(&mut stored.entry);
    }
    rechain(&mut changes, decision.shown.state.head);
    Ok(changes)
}

fn log_what_is_observed(
    _: &crate::handle::Handle,
    decision: &mut Decision<'_>,
) -> Result<Writes, LogError> {
    let mut changes = decision.take()?;
    let own = decision.shown.state.identity.device_id;
    let observed = changes.high_water.filter(|hlc| hlc.device_id != own);
    changes.append.extend(observed.map(|hlc| StoredEntry {
        entry: SharedChangeEntry {
            hlc,
            model_type: "received".to_owned(),
            record_uuid: Uuid::from_u128(1),
            change_type: ChangeType::Update,
            data: JsonText::new("null").unwrap(),
            model_version: 0,
            group_end: true,
        },
        created_at_ms: 0,
        tag: None,
    }));
    rechain(&mut changes, decision.shown.state.head);
    Ok(changes)
}
