//! The receiver's contract, on SQLite in both layouts.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicUsize, Ordering};

use rusqlite::Connection;
use sea_orm::DatabaseConnection;
use sync_log_conformance::{DEVICE, End, LIBRARY, RecordsHarness};
use sync_log_sqlite::records::{InTransaction, Models, SharedRecords, begin};
use sync_log_sqlite::{Hlc, SharedChangeEntry, Uuid};
use tempfile::TempDir;

use super::gallery::tag;

const TABLE: &str =
    "CREATE TABLE tag (id BLOB PRIMARY KEY, name TEXT NOT NULL UNIQUE CHECK (name <> '?'))";

/// Where the log is.
pub(super) trait Place: 'static {
    const IS_ATTACHED: bool;
}

/// In a file of its own, so that there is an outbox.
pub(super) struct Beside;

impl Place for Beside {
    const IS_ATTACHED: bool = false;
}

/// In the app's database.
pub(super) struct Inside;

impl Place for Inside {
    const IS_ATTACHED: bool = true;
}

/// A folder with the app's database, and handles as two processes have them.
pub(super) struct AppRecords<P> {
    folder: TempDir,
    handles: [Handle; 2],
    begun: AtomicUsize,
    place: PhantomData<P>,
}

struct Handle {
    db: DatabaseConnection,
    records: SharedRecords,
}

impl Handle {
    async fn close(self) {
        self.records.close().await.unwrap();
        self.db.close().await.unwrap();
    }
}

impl<P: Place> AppRecords<P> {
    async fn opened(folder: TempDir) -> Self {
        let first = Self::handle(&folder).await;
        Self {
            handles: [first, Self::handle(&folder).await],
            folder,
            begun: AtomicUsize::new(0),
            place: PhantomData,
        }
    }

    async fn handle(folder: &TempDir) -> Handle {
        let db = app::connect(&folder.path().join("app.db")).await.unwrap();
        let models = Models::new().entity::<tag::Entity>("tag");
        let records = if P::IS_ATTACHED {
            SharedRecords::attach(&db, models, LIBRARY, DEVICE).await
        } else {
            SharedRecords::open(&db, models, LIBRARY, DEVICE, folder.path()).await
        };
        Handle {
            records: records.unwrap(),
            db,
        }
    }

    /// A look at the app's database past this product.
    fn raw(&self) -> Connection {
        Connection::open(self.folder.path().join("app.db")).unwrap()
    }
}

impl<P: Place> RecordsHarness for AppRecords<P> {
    type Store<'t> = InTransaction<'t>;

    async fn create() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let raw = Connection::open(folder.path().join("app.db")).unwrap();
        raw.execute_batch(TABLE).unwrap();
        Self::opened(folder).await
    }

    async fn reopen(self) -> Self {
        for handle in self.handles {
            handle.close().await;
        }
        Self::opened(self.folder).await
    }

    /// Each of the two handles in its turn.
    async fn transaction<T>(
        &self,
        end: End,
        work: impl AsyncFnOnce(&mut Self::Store<'_>) -> T,
    ) -> T {
        let turn = self.begun.fetch_add(1, Ordering::Relaxed);
        let Handle { db, records } = &self.handles[turn % 2];
        let txn = begin(db).await.unwrap();
        let answer = work(&mut records.ports(&txn)).await;
        match end {
            End::Commit => txn.commit().await.unwrap(),
            End::RollBack => txn.rollback().await.unwrap(),
        }
        answer
    }

    async fn rows(&self) -> BTreeMap<Uuid, String> {
        let raw = self.raw();
        let mut query = raw.prepare("SELECT id, name FROM tag").unwrap();
        let rows = query.query_map([], |row| Ok((row.get::<_, [u8; 16]>(0)?, row.get(1)?)));
        let rows = rows.unwrap().map(Result::unwrap);
        rows.map(|(id, name)| (Uuid::from_bytes(id), name))
            .collect()
    }

    async fn drain(&self) -> Vec<SharedChangeEntry> {
        let records = &self.handles[0].records;
        records.drain().await.unwrap();
        records.log().get_since(None, 1000).await.unwrap()
    }

    async fn set_unversioned(&self, up_to: Hlc) {
        let set = "UPDATE sync_log_receiver SET unversioned = ?1";
        self.raw().execute(set, [up_to.to_string()]).unwrap();
    }
}

mod outbox {
    use super::{AppRecords, Beside};

    sync_log_conformance::receiver_conformance!(AppRecords<Beside>);
}

mod attached {
    use super::{AppRecords, Inside};

    sync_log_conformance::receiver_conformance!(AppRecords<Inside>);
}
