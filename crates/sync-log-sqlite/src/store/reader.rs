//! The threads that read: as many as there are reads at the same time, up to a
//! limit, each with a connection.

use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

use rusqlite::Connection;
use sync_log_core::StoreError;
use tokio::sync::{Semaphore, oneshot, watch};

use super::{closed, thread};
use crate::connect::Place;

/// Reads at the same time. One more waits for its turn.
const READERS: u32 = 4;

/// Takes the thread's connection, or why there is none, and gives it back if it
/// may be used again.
type Job = Box<dyn FnOnce(Result<Connection, StoreError>) -> Option<Connection> + Send>;

/// The way to a thread. It ends when this is dropped and its work is done.
type Reader = mpsc::Sender<Job>;

/// How a connection that reads is made.
type Connect = fn(&Place, Duration) -> Result<Connection, StoreError>;

pub(super) struct Readers {
    place: Place,
    busy: Duration,
    connect: Connect,
    turns: Semaphore,
    /// The last one used is the first to be used again, so that who reads one page
    /// after the other has one connection.
    idle: Mutex<Vec<Reader>>,
    /// Taken when closed, so that only the threads keep it.
    running: Mutex<Option<watch::Sender<()>>>,
    ended: watch::Receiver<()>,
}

impl Readers {
    pub(super) fn new(place: Place, busy: Duration, connect: Connect) -> Self {
        let (running, ended) = watch::channel(());
        Self {
            place,
            busy,
            connect,
            turns: Semaphore::new(READERS as usize),
            idle: Mutex::default(),
            running: Mutex::new(Some(running)),
            ended,
        }
    }

    /// Runs `work` on a connection that reads. Dropping the future does not stop it.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let _turn = self.turns.acquire().await.map_err(|_| closed(doing))?;
        let lent = self.lend(doing)?;
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            let (outcome, connection) = match connection {
                Ok(mut connection) => (work(&mut connection), Some(connection)),
                Err(error) => (Err(error), None),
            };
            // Nobody listens if the caller has dropped its future.
            let _ = answer.send(outcome);
            // One that is stuck in a transaction would show an old state for ever.
            connection.filter(Connection::is_autocommit)
        });
        lent.reader.send(job).map_err(|_| closed(doing))?;
        answered.await.map_err(|_| closed(doing))?
    }

    /// Waits for the reads that began, and closes the connections.
    pub(super) async fn close(&self) {
        if let Ok(turns) = self.turns.acquire_many(READERS).await {
            self.turns.close();
            drop(turns);
        }
        unpoisoned(&self.idle).clear();
        unpoisoned(&self.running).take();
        let mut ended = self.ended.clone();
        while ended.changed().await.is_ok() {}
    }

    fn lend(&self, doing: &'static str) -> Result<Lent<'_>, StoreError> {
        let idle = unpoisoned(&self.idle).pop();
        let reader = match idle {
            Some(reader) => reader,
            None => self.start(doing)?,
        };
        let idle = &self.idle;
        Ok(Lent { reader, idle })
    }

    fn start(&self, doing: &'static str) -> Result<Reader, StoreError> {
        let running = unpoisoned(&self.running).clone();
        let running = running.ok_or_else(|| closed(doing))?;
        let (reader, jobs) = mpsc::channel::<Job>();
        let (place, busy, connect) = (self.place.clone(), self.busy, self.connect);
        thread::spawn("sync-log-reader", move || {
            let mut connection = None;
            while let Ok(job) = jobs.recv() {
                let opened = connection.take().map_or_else(|| connect(&place, busy), Ok);
                connection = job(opened);
            }
            drop(connection);
            drop(running);
        })?;
        Ok(reader)
    }
}

/// A thread that is in use; idle again when this is dropped.
struct Lent<'a> {
    reader: Reader,
    idle: &'a Mutex<Vec<Reader>>,
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        unpoisoned(self.idle).push(self.reader.clone());
    }
}

/// What these locks guard is whole between any two statements.
fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use sync_log_core::StoreErrorKind;

    use crate::connect;

    use super::*;

    /// A number in a file, and what reads it.
    struct Rig {
        _folder: tempfile::TempDir,
        writer: Connection,
        readers: Readers,
    }

    impl Rig {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("numbers.db");
            let writer = Connection::open(&path).unwrap();
            let made = "PRAGMA journal_mode = WAL; CREATE TABLE t (x); INSERT INTO t VALUES (0)";
            writer.execute_batch(made).unwrap();
            Self {
                _folder: folder,
                writer,
                readers: Readers::new(Place::File(path), Duration::from_secs(5), connect::reader),
            }
        }

        fn write(&self, number: i64) {
            self.writer
                .execute("UPDATE t SET x = ?1", [number])
                .unwrap();
        }

        async fn read(&self) -> Result<i64, StoreError> {
            self.readers.run("read", |db| Ok(number(db))).await
        }

        fn idle(&self) -> usize {
            unpoisoned(&self.readers.idle).len()
        }
    }

    fn number(db: &Connection) -> i64 {
        db.query_row("SELECT x FROM t", [], |row| row.get(0))
            .unwrap()
    }

    #[tokio::test]
    async fn reads_one_after_the_other_share_a_connection() {
        let rig = Rig::new();
        for number in 1..10 {
            rig.write(number);
            assert_eq!(rig.read().await.unwrap(), number);
        }
        assert_eq!(rig.idle(), 1);
    }

    #[tokio::test]
    async fn a_connection_that_is_stuck_in_a_transaction_is_not_used_again() {
        let rig = Rig::new();
        let stuck = |db: &mut Connection| {
            db.execute_batch("BEGIN").unwrap();
            Ok(number(db))
        };
        assert_eq!(rig.readers.run("read", stuck).await.unwrap(), 0);
        rig.write(1);
        assert_eq!(rig.read().await.unwrap(), 1);
    }

    #[tokio::test]
    async fn a_read_beyond_the_limit_waits_for_its_turn() {
        let rig = Rig::new();
        let (mut gates, mut reads) = (Vec::new(), Vec::new());
        for _ in 0..READERS {
            let (gate, wait) = mpsc::channel::<()>();
            let read = rig.readers.run("read", move |_| {
                wait.recv().unwrap_err();
                Ok(())
            });
            gates.push(gate);
            reads.push(Box::pin(read));
        }
        for read in &mut reads {
            let waits = tokio::time::timeout(Duration::ZERO, read).await;
            assert!(waits.is_err(), "it waits for its gate");
        }
        let mut next = Box::pin(rig.read());
        let waits = tokio::time::timeout(Duration::from_millis(20), &mut next).await;
        assert!(waits.is_err(), "it waits for its turn");
        assert_eq!(rig.idle(), 0);
        gates.pop();
        reads.pop().unwrap().await.unwrap();
        assert_eq!(next.await.unwrap(), 0);
    }

    #[tokio::test]
    async fn a_read_that_is_dropped_holds_up_neither_the_next_one_nor_the_close() {
        let rig = Rig::new();
        let (go, wait) = mpsc::channel::<()>();
        let slow = rig.readers.run("read", move |_| {
            wait.recv().unwrap_err();
            Ok(())
        });
        assert!(tokio::time::timeout(Duration::ZERO, slow).await.is_err());
        drop(go);
        assert_eq!(rig.read().await.unwrap(), 0);
        rig.readers.close().await;
        assert_eq!(rig.read().await.unwrap_err().kind(), StoreErrorKind::Closed);
        rig.readers.close().await;
    }
}
