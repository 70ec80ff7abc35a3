//! The threads that read: as many as there are reads at the same time, up to a
//! limit, each with a connection.
//!
//! The thread that reads holds what the read needs, never the caller's future. So a future that is
//! not polled for a while, such as the other branch of a `select!`, delays no other read.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak, mpsc};

use rusqlite::Connection;
use sync_log_core::StoreError;
use tokio::sync::{oneshot, watch};

use super::thread;
use crate::driver::failure::{closed, panicked};

/// How many reads run at the same time. A further read waits for its turn.
const READERS: usize = 4;

/// How much a job reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reads {
    /// A bounded part of the log.
    Part,
    /// The whole log. One job of this kind runs at a time, so that the other threads stay free for
    /// pages (`P7`).
    Whole,
}

struct Job {
    reads: Reads,
    work: Work,
}

/// Gets the thread's connection, or the error of connecting, and returns the connection if it may
/// be used again.
type Work = Box<dyn FnOnce(Result<Connection, StoreError>) -> Done + Send>;

/// What is left of a job: the connection, and the answer to the caller.
struct Done {
    connection: Option<Connection>,
    answer: Box<dyn FnOnce()>,
}

/// The way to a thread that is idle. It travels with each job and comes back when
/// the thread is idle again; once it is dropped the thread ends.
struct Reader(mpsc::Sender<(Job, Reader)>);

/// Makes a connection that reads.
type Connect = Arc<dyn Fn() -> Result<Connection, StoreError> + Send + Sync>;

pub(super) struct Readers {
    connect: Connect,
    pool: Arc<Mutex<Pool>>,
    ended: watch::Receiver<()>,
}

struct Pool {
    /// The last reader that was used is the first to be used again, so that a caller that reads one
    /// page after the other uses one connection.
    idle: Vec<Reader>,
    threads: usize,
    /// The jobs that wait for a thread, in their order: those of waiting callers, and those whose
    /// callers gave up and that no thread has dropped yet.
    waiting: VecDeque<Job>,
    /// Whether a job runs that reads the whole log.
    is_reading_whole: bool,
    /// Taken when closed, so that only the threads keep it.
    running: Option<watch::Sender<()>>,
}

impl Readers {
    pub(super) fn new(
        connect: impl Fn() -> Result<Connection, StoreError> + Send + Sync + 'static,
    ) -> Self {
        let (running, ended) = watch::channel(());
        let pool = Pool {
            idle: Vec::new(),
            threads: 0,
            waiting: VecDeque::new(),
            is_reading_whole: false,
            running: Some(running),
        };
        Self {
            connect: Arc::new(connect),
            pool: Arc::new(Mutex::new(pool)),
            ended,
        }
    }

    /// Runs `work` on a connection that reads. Dropping the future does not stop `work` once it has
    /// begun.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        doing: &'static str,
        reads: Reads,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let job = move |connection| {
            let caught = |db: &Connection| {
                let outcome = catch_unwind(AssertUnwindSafe(|| work(db)));
                outcome.unwrap_or_else(|_| Err(panicked(doing)))
            };
            // A caller that gave up while it waited needs no read.
            let (outcome, connection) = match connection {
                Ok(connection) if answer.is_closed() => (None, Some(connection)),
                Ok(connection) => (Some(caught(&connection)), Some(connection)),
                Err(error) => (Some(Err(error)), None),
            };
            Done {
                // One that is stuck in a transaction would show an old state for ever.
                connection: connection.filter(Connection::is_autocommit),
                answer: Box::new(move || {
                    // No receiver is left if the caller has dropped its future.
                    let _ = outcome.map(|outcome| answer.send(outcome));
                }),
            }
        };
        let job = Job {
            reads,
            work: Box::new(job),
        };
        self.hand_out(doing, job)?;
        answered.await.map_err(|_| closed(doing))?
    }

    /// Waits for the reads that were queued before, and closes the connections.
    pub(super) async fn close(&self) {
        {
            let mut pool = unpoisoned(&self.pool);
            pool.running = None;
            pool.idle.clear();
        }
        self.closed().await;
    }

    /// Waits until it is closed.
    pub(super) async fn closed(&self) {
        let mut ended = self.ended.clone();
        while ended.changed().await.is_ok() {}
    }

    fn hand_out(&self, doing: &'static str, job: Job) -> Result<(), StoreError> {
        let pool = &mut *unpoisoned(&self.pool);
        let running = pool.running.as_ref().ok_or_else(|| closed(doing))?;
        if !pool.may_run(&job) || pool.threads == READERS && pool.idle.is_empty() {
            pool.waiting.push_back(job);
            return Ok(());
        }
        let reader = match pool.idle.pop() {
            Some(reader) => reader,
            None => {
                let reader = self.start(running.clone())?;
                pool.threads += 1;
                reader
            }
        };
        let way = reader.0.clone();
        let reads = job.reads;
        way.send((job, reader)).map_err(|_| closed(doing))?;
        pool.begin(reads);
        Ok(())
    }

    fn start(&self, running: watch::Sender<()>) -> Result<Reader, StoreError> {
        let (sender, jobs) = mpsc::channel::<(Job, Reader)>();
        let connect = Arc::clone(&self.connect);
        let pool = Arc::downgrade(&self.pool);
        thread::spawn("sync-log-reader", move || {
            let mut connection = None;
            while let Ok(handed_out) = jobs.recv() {
                let mut next = Some(handed_out);
                while let Some((job, reader)) = next {
                    let known = connection.take();
                    let open = || known.map_or_else(|| connect(), Ok);
                    let Job { reads, work } = job;
                    let done = catch_unwind(AssertUnwindSafe(|| work(open())));
                    next = go_on(&pool, reader, reads);
                    // Idle before it answers: the next read of the same caller comes here.
                    if let Ok(Done {
                        connection: kept,
                        answer,
                    }) = done
                    {
                        connection = kept;
                        answer();
                    }
                }
            }
            drop(connection);
            drop(running);
        })?;
        Ok(Reader(sender))
    }
}

impl Pool {
    /// Whether the job may run beside those that run.
    fn may_run(&self, job: &Job) -> bool {
        job.reads == Reads::Part || !self.is_reading_whole
    }

    fn begin(&mut self, reads: Reads) {
        self.is_reading_whole |= reads == Reads::Whole;
    }

    /// Takes the first job that waits and may run.
    fn next(&mut self) -> Option<Job> {
        let first = self.waiting.iter().position(|job| self.may_run(job))?;
        let job = self.waiting.remove(first)?;
        self.begin(job.reads);
        Some(job)
    }
}

/// The next job of a thread that has done one, if one waits; or the thread is idle, or, where the
/// pool is closed or dropped, at its end.
fn go_on(pool: &Weak<Mutex<Pool>>, reader: Reader, done: Reads) -> Option<(Job, Reader)> {
    let pool = pool.upgrade()?;
    let mut pool = unpoisoned(&pool);
    if done == Reads::Whole {
        pool.is_reading_whole = false;
    }
    match pool.next() {
        Some(job) => Some((job, reader)),
        None => {
            if pool.running.is_some() {
                pool.idle.push(reader);
            }
            None
        }
    }
}

/// The values that these locks guard are consistent between any two statements.
fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        reason = "a test looks at files past the product"
    )]

    use std::future::poll_fn;
    use std::task::Poll;
    use std::time::Duration;

    use sync_log_core::StoreFault;

    use crate::driver::Busy;
    use crate::driver::connect::{self, Location};

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
            let location = Location::File(path);
            Self {
                _folder: folder,
                writer,
                readers: Readers::new(move || connect::reader(&location, Busy::DEFAULT)),
            }
        }

        fn write(&self, number: i64) {
            self.writer
                .execute("UPDATE t SET x = ?1", [number])
                .unwrap();
        }

        async fn read(&self) -> Result<i64, StoreError> {
            self.readers
                .run("read", Reads::Part, |db| Ok(number(db)))
                .await
        }

        fn idle(&self) -> usize {
            unpoisoned(&self.readers.pool).idle.len()
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
        let stuck = |db: &Connection| {
            db.execute_batch("BEGIN").unwrap();
            Ok(number(db))
        };
        assert_eq!(
            rig.readers.run("read", Reads::Part, stuck).await.unwrap(),
            0
        );
        rig.write(1);
        assert_eq!(rig.read().await.unwrap(), 1);
    }

    #[tokio::test]
    async fn a_read_beyond_the_limit_waits_for_its_turn() {
        let rig = Rig::new();
        let (mut gates, mut reads) = (Vec::new(), Vec::new());
        for _ in 0..READERS {
            let (gate, wait) = mpsc::channel::<()>();
            let read = rig.readers.run("read", Reads::Part, move |_| {
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

    /// Many reads of the whole log take one thread, one after the other, and a page waits for none
    /// of them.
    #[tokio::test]
    async fn reads_of_the_whole_log_leave_the_other_threads_free() {
        let rig = Rig::new();
        let (mut gates, mut reads) = (Vec::new(), Vec::new());
        for order in 0..2 * READERS {
            let (gate, wait) = mpsc::channel::<()>();
            let whole = rig.readers.run("survey", Reads::Whole, move |_| {
                wait.recv().unwrap_err();
                Ok(order)
            });
            gates.push(gate);
            reads.push(Box::pin(whole));
        }
        for read in &mut reads {
            let waits = tokio::time::timeout(Duration::ZERO, read).await;
            assert!(waits.is_err(), "it waits for its gate, or for its turn");
        }
        assert_eq!(rig.read().await.unwrap(), 0, "a page waits for none");
        assert_eq!(unpoisoned(&rig.readers.pool).threads, 2);
        drop(gates);
        for (order, read) in reads.into_iter().enumerate() {
            assert_eq!(read.await.unwrap(), order);
        }
        assert_eq!(rig.read().await.unwrap(), 0);
        rig.readers.close().await;
    }

    #[tokio::test]
    async fn a_read_that_is_dropped_holds_up_neither_the_next_one_nor_the_close() {
        let rig = Rig::new();
        let (go, wait) = mpsc::channel::<()>();
        let slow = rig.readers.run("read", Reads::Part, move |_| {
            wait.recv().unwrap_err();
            Ok(())
        });
        assert!(tokio::time::timeout(Duration::ZERO, slow).await.is_err());
        drop(go);
        assert_eq!(rig.read().await.unwrap(), 0);
        rig.readers.close().await;
        assert_eq!(rig.read().await.unwrap_err().fault(), StoreFault::Closed);
        rig.readers.close().await;
    }

    /// As the other branch of a `select!` is while one branch is taken.
    #[tokio::test]
    async fn a_read_that_nobody_polls_holds_up_neither_the_next_one_nor_the_close() {
        let rig = Rig::new();
        let mut unpolled = Vec::new();
        for _ in 0..3 * READERS {
            let mut read = Box::pin(rig.read());
            let begun = poll_fn(|context| Poll::Ready(read.as_mut().poll(context))).await;
            unpolled.extend(begun.is_pending().then_some(read));
        }
        assert_eq!(rig.read().await.unwrap(), 0);
        rig.readers.close().await;
        for read in unpolled {
            assert_eq!(read.await.unwrap(), 0, "it was asked for before");
        }
    }

    #[tokio::test]
    async fn a_read_that_panics_takes_no_thread_along() {
        let rig = Rig::new();
        for _ in 0..2 * READERS {
            let read = rig
                .readers
                .run("read", Reads::Part, |_| -> Result<(), StoreError> {
                    std::panic::resume_unwind(Box::new("a read that panics"));
                });
            assert_eq!(read.await.unwrap_err().fault(), StoreFault::Panicked);
        }
        assert_eq!(rig.read().await.unwrap(), 0);
        rig.readers.close().await;
    }
}
