//! Reads of a log, each in one committed state.

use rusqlite::Connection;
use sync_log_core::{Hlc, Positions, ReadRequest, ReadView, StoreError, Survey};

use super::reader::{Readers, Reads};
use super::select::{self, Standing};
use super::{chain, verdicts};
use crate::driver::{Port, Transaction, in_place};

impl Readers {
    /// Returns the entries for a reader, and everything that core needs to judge the reader.
    pub(super) async fn view(&self, request: ReadRequest) -> Result<ReadView, StoreError> {
        let read = move |db: &Connection| in_one_state(db, async || read(db, &request).await);
        self.run("read", Reads::Part, read).await
    }

    /// Returns the state of the log and its peers, and how much lies above each position.
    pub(super) async fn survey(&self, positions: Positions) -> Result<Survey, StoreError> {
        let survey = move |db: &Connection| in_one_state(db, async || survey(db, positions).await);
        self.run("survey", Reads::Whole, survey).await
    }

    /// The head of the log.
    pub(super) async fn head(&self) -> Result<Hlc, StoreError> {
        let state_only = ReadRequest {
            after: Hlc::ZERO,
            max_entries: 0,
            max_bytes: 0,
            peer: None,
        };
        Ok(self.view(state_only).await?.state.head.hlc)
    }
}

/// Reads in a transaction, so that all statements see what the first one saw.
fn in_one_state<T>(
    db: &Connection,
    read: impl AsyncFnOnce() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let txn = Transaction::read(db)?;
    let found = in_place(read())?;
    txn.commit()
        .map_err(|error| error.while_doing("end a read"))?;
    Ok(found)
}

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

pub(super) async fn survey(db: &impl Port, positions: Positions) -> Result<Survey, StoreError> {
    let state = select::state(db).await?;
    let peers = select::peers(db).await?;
    let positions = positions(&state, &peers);
    Ok(Survey {
        state,
        peers,
        extents: select::extents(db, &positions).await?,
        verdicts: verdicts::read(db).await?,
    })
}
