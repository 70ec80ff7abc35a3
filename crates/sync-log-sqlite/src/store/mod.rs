//! The store: one thread that writes, a few that read.

mod apply;
mod open;
mod read_only;
mod reader;
pub(crate) mod select;
mod thread;
mod writer;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::Connection;
use sync_log_core::{
    Hlc, LogError, LogStore, Places, ReadRequest, ReadView, StoreError, StoreErrorKind, Survey,
    WriteJob,
};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::adopt;
use crate::connect::{self, Place};
use crate::failure::failed;
use crate::options::{DEFAULT_POLL_INTERVAL, within_bounds};
pub(crate) use read_only::ReadOnlyStore;
use reader::Readers;
use select::Standing;
use writer::{Message, Queued, Writer};

/// A sync log in SQLite; what [`SyncDb`](crate::SyncDb) runs on.
///
/// In a file it promises everything that [`LogStore`] asks for. In memory it
/// promises everything but durability.
pub struct SqliteStore {
    readers: Readers,
    writer: Writer,
    poll: Duration,
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
        let read = move |db: &mut Db| in_one_state(db, |db, anew| read(db, &request, anew));
        self.readers.run("read", read).await
    }

    async fn survey(&self, places: Places) -> Result<Survey, StoreError> {
        let survey = move |db: &mut Db| in_one_state(db, |db, anew| survey(db, places, anew));
        self.readers.run("survey", survey).await
    }

    async fn head_above(&self, place: Hlc) -> Result<Hlc, StoreError> {
        let mut commits = self.writer.commits();
        let mut has_ended = false;
        loop {
            // What is committed from here on shows as a change.
            commits.borrow_and_update();
            let head = self.read(state_only()).await?.state.head;
            if head > place {
                return Ok(head);
            }
            if has_ended {
                return Err(closed("watch"));
            }
            let changed = timeout(self.poll, commits.changed()).await;
            has_ended = matches!(changed, Ok(Err(_)));
        }
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.readers.close().await;
        self.writer.close().await;
        Ok(())
    }
}

impl SqliteStore {
    /// The same, with another [`poll_interval`](crate::SyncDbOptions::poll_interval).
    #[must_use]
    pub fn poll_interval(self, poll_interval: Duration) -> Self {
        let poll = within_bounds(poll_interval);
        Self { poll, ..self }
    }

    /// A store on a place whose tables are there, and on the connection that writes.
    fn new(db: Connection, place: Place, busy: Duration) -> Result<Self, StoreError> {
        Ok(Self {
            readers: Readers::new(place, busy, connect::reader),
            writer: writer::spawn(db, busy)?,
            poll: DEFAULT_POLL_INTERVAL,
        })
    }
}

/// To ask where the log stands.
fn state_only() -> ReadRequest {
    ReadRequest {
        after: Hlc::ZERO,
        max_entries: 0,
        max_bytes: 0,
        peer: None,
    }
}

/// A connection that reads, and the schema that it found in order.
pub(super) struct Db {
    connection: Connection,
    in_order: Option<i64>,
}

impl From<Connection> for Db {
    fn from(connection: Connection) -> Self {
        Self {
            connection,
            in_order: None,
        }
    }
}

/// Reads in a transaction, so that all statements see what the first one saw; `read` is
/// told whether the tables were made anew since the log was opened (`I4`).
fn in_one_state<T>(
    db: &mut Db,
    read: impl FnOnce(&Connection, bool) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let txn = db
        .connection
        .transaction()
        .map_err(|error| failed("begin to read", error))?;
    let anew = adopt::were_made_anew(&txn, &mut db.in_order)?;
    let found = read(&txn, anew)?;
    txn.finish().map_err(|error| failed("end a read", error))?;
    Ok(found)
}

fn read(db: &Connection, request: &ReadRequest, anew: bool) -> Result<ReadView, StoreError> {
    let Standing {
        mut state,
        at,
        peer,
    } = select::standing(db, request)?;
    state.foreign_write |= anew;
    let nothing = request.max_entries == 0 || request.after >= state.head;
    let entries = match nothing {
        true => Vec::new(),
        false => select::page(db, request)?,
    };
    Ok(ReadView {
        state,
        at,
        entries,
        peer,
    })
}

fn survey(db: &Connection, places: Places, anew: bool) -> Result<Survey, StoreError> {
    let mut state = select::state(db)?;
    state.foreign_write |= anew;
    let peers = select::peers(db)?;
    let extents = places(&state, &peers)
        .into_iter()
        .map(|place| select::extent(db, place))
        .collect::<Result<_, _>>()?;
    Ok(Survey {
        state,
        peers,
        extents,
    })
}

fn closed(doing: &'static str) -> StoreError {
    StoreError::new(StoreErrorKind::Closed, doing)
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").finish_non_exhaustive()
    }
}
