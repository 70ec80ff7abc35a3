//! A device in memory shares for the first time what its app has.

use anyhow::Result;
use sync_log_core::receive::{baseline, decide_all, merge};
use sync_log_core::{
    BASELINE_COUNTER, Birth, DeviceId, Hlc, LogIdentity, LogStore as _, take_over,
};
use sync_log_memory::{MemoryRecords, MemoryStore};

use super::fault::AppFault;
use super::past::{LOGGED_MS, Start};
use super::release::AppModels;
use super::rows::Rows;
use crate::engine::Engine;
use crate::trace::START_MS;

/// Gives versions to the rows, and to what the app has logged. Then no record is without a version.
pub(crate) fn records(
    engine: &Engine,
    models: &AppModels,
    start: &Start,
    own: DeviceId,
) -> Result<MemoryRecords<Rows>> {
    let (rows, _) = start.made();
    let mut records = MemoryRecords {
        tables: rows,
        ..MemoryRecords::default()
    };
    let mut entries = start.baseline(own);
    if models.fault == Some(AppFault::BaselineStampedNow) {
        let now_ms = u64::try_from(START_MS)?;
        let now = Hlc::new(now_ms, BASELINE_COUNTER, own.as_uuid());
        entries.iter_mut().for_each(|entry| entry.hlc = now);
    }
    engine.finish(baseline(&mut records, models, &entries))?;
    engine.finish(decide_all(&mut records, models))?;
    if models.fault != Some(AppFault::LoggedWithoutVersions) {
        let logged = start.logged(own);
        engine.finish(merge(&mut records, models, &logged))?;
    }
    Ok(records)
}

/// The log. If there are rows that are in no log, it is a new one that begins with a floor, so each peer
/// takes a snapshot first. Else it has what the app has logged.
pub(crate) fn log(engine: &Engine, start: &Start, identity: LogIdentity) -> Result<MemoryStore> {
    let (rows, _) = start.made();
    if !rows.rows.is_empty() {
        return Ok(MemoryStore::new(identity, START_MS, Birth::BesideRecords));
    }
    let logged = start.logged(identity.device_id);
    if logged.is_empty() {
        return Ok(MemoryStore::new(identity, START_MS, Birth::Alone));
    }
    let store = MemoryStore::new(identity, LOGGED_MS - 1, Birth::Alone);
    engine.finish(store.write(take_over(logged, LOGGED_MS)))?;
    Ok(store)
}

/// A stamp that own changes are above: what the log has given out, and what the rows count as.
pub(crate) fn observed(store: &MemoryStore, own: DeviceId) -> Hlc {
    let (given_out, floor) =
        store.tamper(|contents| (contents.state.high_water, contents.state.floor.hlc));
    if floor.is_zero() {
        return given_out;
    }
    let above_rows = u64::try_from(START_MS + 1).unwrap_or_default();
    given_out.max(Hlc::new(above_rows, 0, own.as_uuid()))
}
