//! What a backend provides: one trait.

use async_trait::async_trait;
use hlc::Hlc;

use super::job::WriteJob;
use super::read::{Positions, ReadRequest, ReadView, Survey};
use crate::error::{LogError, StoreError};

/// Storage of one sync log.
///
/// A store is thin. It keeps the [`LogState`](crate::LogState), the entries in HLC order, the
/// peer rows and the verdicts, and interprets none of them. Every decision is core's: a store
/// takes its lock, shows core what it holds, writes what core decides, and commits.
///
/// # Contract
/// - **One writer.** Jobs are decided one after another. Each is decided under the store's write
///   lock, on state that was read after the lock was acquired, even when another process writes
///   to the same storage (`A1`, `P4`).
/// - **Atomic.** The writes of a job become visible and durable together or not at all. A job
///   never sees half of another one's writes (`A2`, `P3`).
/// - **Durable.** After `Ok` the writes survive a killed process and a power cut (`A3`). A store
///   that cannot promise this says so in the first lines of its documentation.
/// - **Consistent reads.** One [`read`](Self::read) or [`survey`](Self::survey) shows one
///   committed state.
/// - **Byte for byte.** Text is read back exactly as it was written (`A6`).
/// - **Nothing is held between polls.** A future may stay unpolled for a while, as the branches
///   of a `select!` that are not taken do. Meanwhile it holds no lock and no turn that another
///   call needs.
///
/// # Not promised
/// A store may serve callers in any order, and may commit jobs that are in flight at the same time
/// in any order.
#[async_trait]
pub trait LogStore: Send + Sync + 'static {
    /// Runs `job` under the write lock and commits what it decides.
    ///
    /// The steps, all in one transaction and in this order:
    ///
    /// 1. Acquire the write lock.
    /// 2. Read the [`LogState`](crate::LogState).
    /// 3. Ask [`WriteJob::needs`] what the job has to see.
    /// 4. Collect that in a [`View`](crate::View).
    /// 5. Call [`WriteJob::decide`].
    /// 6. Write the [`Writes`](crate::Writes) that it returns. Empty ones need no write.
    /// 7. Commit.
    ///
    /// Several jobs may share one transaction. Each of them then sees the writes of those before
    /// it, and a refused job leaves no trace and does not affect the others. A job may be decided
    /// again after a rollback; only its last decision counts. The jobs that share a transaction have
    /// at most [`MAX_SHARED_COMMIT_BYTES`](crate::MAX_SHARED_COMMIT_BYTES) of
    /// [content](WriteJob::content_bytes); a larger one is alone (`A6`).
    ///
    /// A job reads the app's wall clock, which may panic. A store that decides jobs on a thread of
    /// its own fails that job with [`StoreFault::Panicked`](crate::StoreFault::Panicked), and goes on
    /// (`A7`).
    ///
    /// # Guarantees
    /// - `A2` After `Ok` all writes are readable, after `Err` none is.
    /// - `A3` After `Ok` the writes survive a killed process.
    ///
    /// # Not promised
    /// Whether the writes survive if the storage fails during the commit itself and the process
    /// then dies. After a restart either all of them are there or none.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the log as after `Ok` or as after `Err` (`A7`).
    ///
    /// # Errors
    /// The job's refusal, unchanged; or [`LogError::Store`].
    async fn write(&self, job: WriteJob) -> Result<(), LogError>;

    /// Reads the entries above a position, and what core needs to judge the reader.
    ///
    /// # Guarantees
    /// - `R1` The entries are strictly above `request.after`, ascending and without a gap. There
    ///   are at most `max_entries` of them. If there is an entry and `max_entries` is not 0,
    ///   there is at least one, even if it alone exceeds `max_bytes`.
    /// - All parts of the [`ReadView`] are of one committed state.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    ///
    /// # Errors
    /// A row that cannot be read is [`StoreFault::Corrupt`](crate::StoreFault::Corrupt) and is
    /// never skipped. If the row is an entry, the error is marked with
    /// [`of_unreadable_entry`](StoreError::of_unreadable_entry).
    async fn read(&self, request: ReadRequest) -> Result<ReadView, StoreError>;

    /// Sums up what lies above some positions, without reading payloads.
    ///
    /// The store calls `positions` once, inside the read transaction, with the state and all
    /// peer rows. The answer has one [`Extent`](crate::Extent) per position, in the same order.
    ///
    /// # Guarantees
    /// - `P7` The store makes one pass over the entries, whatever the number of positions:
    ///   [`SumUp`](crate::SumUp) does that. Reads of pages do not wait for it.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    ///
    /// # Errors
    /// As for [`read`](Self::read).
    async fn survey(&self, positions: Positions) -> Result<Survey, StoreError>;

    /// Waits until the head is above `position`, and returns the head. Returns at once if the
    /// head is above it already.
    ///
    /// It may return late, never early: a head that is returned is committed. Commits through
    /// this store are noticed at once. Commits through another store on the same storage, in this
    /// process or another, are noticed within a time that the store documents. A store need not
    /// look while no call waits.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing: the next call compares with the head again.
    ///
    /// # Errors
    /// [`StoreFault::Closed`](crate::StoreFault::Closed) once the storage is closed, even while a
    /// call waits. Otherwise as for [`read`](Self::read).
    async fn head_above(&self, position: Hlc) -> Result<Hlc, StoreError>;

    /// Finishes the jobs that were accepted, then closes the storage, in any case. Later calls of any
    /// method, on any clone, fail with [`StoreFault::Closed`](crate::StoreFault::Closed). Closing
    /// again returns what the first closing returned.
    ///
    /// # Guarantees
    /// - `I7` After `Ok` the storage is one whole: a copy of its main file is the log.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the storage open or closed as a whole (`A7`).
    ///
    /// # Errors
    /// [`StoreFault::NotWhole`](crate::StoreFault::NotWhole): the storage is closed, and everything
    /// that was `Ok` is safe, but a part of it is beside the main file.
    async fn close(&self) -> Result<(), StoreError>;
}
