//! Reads of a log, each in one committed state.

use std::sync::Arc;

use rusqlite::Connection;
use sync_log_core::{Hlc, Positions, ReadRequest, ReadView, StoreError, Survey};

use super::anchor::Anchor;
use super::reader::{Readers, Reads};
use super::select::{self, Standing};
use super::{chain, verdicts};
use crate::driver::{Port, Transaction, in_place, tables};

/// Reads of the log that a handle was opened on, and of no other (`I6`).
pub(super) struct Views {
    readers: Readers,
    anchor: Arc<Anchor>,
}

impl Views {
    /// Reads over connections that `connect` makes. Each new one is compared with `anchor`.
    pub(super) fn new(
        connect: impl Fn() -> Result<Connection, StoreError> + Send + Sync + 'static,
        anchor: Anchor,
    ) -> Self {
        let anchor = Arc::new(anchor);
        let files = Arc::clone(&anchor);
        let connect = move || {
            // A connection would make a `-wal` that is missing.
            files.refuse_moved()?;
            let connected = connect().and_then(|db| {
                // SQLite opens the `-wal` by its name at the first read.
                in_place(tables::names(&db))?;
                Ok(db)
            });
            files.refuse_moved()?;
            connected
        };
        Self {
            readers: Readers::new(connect),
            anchor,
        }
    }

    /// Returns the entries for a reader, and everything that core needs to judge the reader.
    pub(super) async fn view(&self, request: ReadRequest) -> Result<ReadView, StoreError> {
        self.view_if(|_| Ok(()), request).await
    }

    /// As [`view`](Self::view), if the log is as `refuse` wants it.
    async fn view_if(
        &self,
        refuse: fn(&Anchor) -> Result<(), StoreError>,
        request: ReadRequest,
    ) -> Result<ReadView, StoreError> {
        let anchor = Arc::clone(&self.anchor);
        let read = move |db: &Connection| {
            refuse(&anchor)?;
            in_one_state(db, async || read(db, &request).await)
        };
        let view = self.readers.run("read", Reads::Part, read).await?;
        self.anchor.refuse_other(view.state.identity)?;
        Ok(view)
    }

    /// Returns the state of the log and its peers, and how much lies above each position.
    pub(super) async fn survey(&self, positions: Positions) -> Result<Survey, StoreError> {
        let survey = move |db: &Connection| in_one_state(db, async || survey(db, positions).await);
        let survey = self.readers.run("survey", Reads::Whole, survey).await?;
        self.anchor.refuse_other(survey.state.identity)?;
        Ok(survey)
    }

    /// Waits for the reads that were queued before, and closes the connections.
    pub(super) async fn close(&self) {
        self.readers.close().await;
    }

    /// Waits until it is closed.
    pub(super) async fn closed(&self) {
        self.readers.closed().await;
    }

    /// The head of the log, for a watch. Refuses if a file was moved: that file gets no more entries, so the
    /// watch would never end.
    pub(super) async fn head(&self) -> Result<Hlc, StoreError> {
        let state_only = ReadRequest {
            after: Hlc::ZERO,
            max_entries: 0,
            max_bytes: 0,
            peer: None,
        };
        let view = self.view_if(Anchor::refuse_moved, state_only).await?;
        Ok(view.state.head.hlc)
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
