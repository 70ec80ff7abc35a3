//! What is read of a log, in one state of it.

use rusqlite::Connection;
use sync_log_core::{Hlc, Places, ReadRequest, ReadView, StoreError, Survey};

use super::select::{self, Standing};
use super::{chain, verdicts};
use crate::driver::{Port, Transaction, in_place};

/// To ask where the log stands.
pub(super) fn state_only() -> ReadRequest {
    ReadRequest {
        after: Hlc::ZERO,
        max_entries: 0,
        max_bytes: 0,
        peer: None,
    }
}

/// Reads in a transaction, so that all statements see what the first one saw.
pub(super) fn in_one_state<T>(
    db: &Connection,
    read: impl AsyncFnOnce() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let txn = Transaction::read(db)?;
    let found = in_place(read())?;
    txn.commit()
        .map_err(|error| error.while_doing("end a read"))?;
    Ok(found)
}

/// What a reader gets, and all that it is judged by.
pub(super) async fn read(db: &impl Port, request: &ReadRequest) -> Result<ReadView, StoreError> {
    let Standing {
        state,
        before,
        peer,
    } = select::standing(db, request).await?;
    let (entries, reached_end) = match request.max_entries {
        0 => (Vec::new(), false),
        _ => chain::page(db, request).await?,
    };
    Ok(ReadView {
        state,
        before,
        entries,
        reached_end,
        peer,
    })
}

/// Where the log and its peers stand, and how much lies behind each.
pub(super) async fn survey(db: &impl Port, places: Places) -> Result<Survey, StoreError> {
    let state = select::state(db).await?;
    let peers = select::peers(db).await?;
    let mut extents = Vec::new();
    for place in places(&state, &peers) {
        extents.push(select::extent(db, place).await?);
    }
    Ok(Survey {
        state,
        peers,
        extents,
        verdicts: verdicts::read(db).await?,
    })
}
