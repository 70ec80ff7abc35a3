//! A lock that SQLite does not wait for, though it was told to wait.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sync_log_sqlite::SyncDb;
use tracing::{Event, Metadata};

use crate::common::events::{Events, Hear};
use crate::common::{DEVICE, LIBRARY, change, folder, raw};

/// Lets go of a lock when the log says that it tries again.
#[derive(Clone)]
struct LetGo(Arc<Mutex<Option<rusqlite::Connection>>>);

impl Hear for LetGo {
    fn wants(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("sync_log_sqlite")
    }

    fn hear(&self, event: &Event<'_>) {
        if event.metadata().target().ends_with("open") {
            self.0.lock().unwrap().take();
        }
    }
}

#[tokio::test]
async fn a_lock_that_sqlite_does_not_wait_for_is_tried_again() {
    let folder = folder();
    let other = raw(folder.path());
    // To turn this file into one with a WAL takes a lock that SQLite gives up at
    // once while somebody writes.
    other
        .execute_batch("CREATE TABLE notes (text TEXT); BEGIN IMMEDIATE;")
        .unwrap();
    let held = LetGo(Arc::new(Mutex::new(Some(other))));
    let watching = tracing::subscriber::set_default(Events(held.clone()));
    let options = SyncDb::options().busy_timeout(Duration::from_secs(60));
    let opened = options.open(LIBRARY, DEVICE, folder.path()).await;
    drop(watching);
    let log = opened.expect("the lock was let go of in time");
    assert!(held.0.lock().unwrap().is_none(), "it was locked at first");
    log.record(change(1)).await.unwrap();
}
