//! The store: one task that writes, a few connections that read.

mod apply;
mod open;
mod select;
mod writer;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use sea_orm::{DatabaseConnection, TransactionTrait};
use sync_log_core::{
    LogError, LogStore, Places, ReadRequest, ReadView, StoreError, StoreErrorKind, Survey, WriteJob,
};
use tokio::sync::oneshot;

use crate::failure::failed;
use select::Standing;
use writer::{Message, Queued, Writer};

/// A sync log in SQLite; what [`SyncDb`](crate::SyncDb) runs on.
///
/// In a file it promises everything that [`LogStore`] asks for. In memory it
/// promises everything but durability.
pub struct SqliteStore {
    readers: DatabaseConnection,
    writer: Writer,
}

#[async_trait]
impl LogStore for SqliteStore {
    async fn write(&self, job: WriteJob) -> Result<(), LogError> {
        let (answer, answered) = oneshot::channel();
        let queued = Message::Write(Queued { job, answer });
        self.writer
            .queue
            .send(queued)
            .await
            .map_err(|_| closed("write"))?;
        // The writer answers every job that it received, unless its runtime is
        // gone: then nobody knows, and the log has to be opened again.
        answered.await.map_err(|_| closed("write"))?
    }

    async fn read(&self, request: ReadRequest) -> Result<ReadView, StoreError> {
        self.refuse_closed("read")?;
        let Standing { state, at, peer } = select::standing(&self.readers, &request).await?;
        if request.max_entries == 0 || request.after >= state.head {
            return Ok(ReadView {
                state,
                at,
                entries: Vec::new(),
                peer,
            });
        }
        // There is something to read. A second statement would see another
        // state, so begin again, inside a transaction.
        let txn = self
            .readers
            .begin()
            .await
            .map_err(|error| failed("begin to read", error))?;
        let Standing { state, at, peer } = select::standing(&txn, &request).await?;
        let entries = select::page(&txn, &request).await?;
        txn.commit()
            .await
            .map_err(|error| failed("end a read", error))?;
        Ok(ReadView {
            state,
            at,
            entries,
            peer,
        })
    }

    async fn survey(&self, places: Places) -> Result<Survey, StoreError> {
        self.refuse_closed("survey")?;
        let txn = self
            .readers
            .begin()
            .await
            .map_err(|error| failed("begin to read", error))?;
        let state = select::state(&txn).await?;
        let peers = select::peers(&txn).await?;
        let mut extents = Vec::new();
        for place in places(&state, &peers) {
            extents.push(select::extent(&txn, place).await?);
        }
        txn.commit()
            .await
            .map_err(|error| failed("end a read", error))?;
        Ok(Survey {
            state,
            peers,
            extents,
        })
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.writer.close().await;
        self.readers
            .close_by_ref()
            .await
            .map_err(|error| failed("close", error))
    }
}

impl SqliteStore {
    fn new(writer: DatabaseConnection, readers: DatabaseConnection, busy: Duration) -> Self {
        Self {
            readers,
            writer: writer::spawn(writer, busy),
        }
    }

    fn refuse_closed(&self, doing: &'static str) -> Result<(), StoreError> {
        if self.writer.queue.is_closed() {
            Err(closed(doing))
        } else {
            Ok(())
        }
    }
}

fn closed(doing: &'static str) -> StoreError {
    StoreError::new(StoreErrorKind::Closed, doing)
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").finish_non_exhaustive()
    }
}
