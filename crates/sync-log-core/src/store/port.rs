//! What a backend provides: one trait.

use async_trait::async_trait;
use hlc::Hlc;

use super::job::WriteJob;
use super::read::{Places, ReadRequest, ReadView, Survey};
use crate::error::{LogError, StoreError};

/// Storage of one sync log.
///
/// A store is thin. It keeps three things and never interprets them: the
/// [`LogState`], the entries in HLC order, and the peer rows.
/// Every decision is core's: a store takes its lock, shows core what it holds,
/// writes what core answers, and commits.
///
/// # Contract
/// - **One writer.** Jobs are decided one after another, each under the store's
///   write lock, on state that was read after the lock was taken, also when
///   another process writes to the same storage (`A1`, `P4`).
/// - **Atomic.** All changes of a job become visible and durable together or
///   not at all, and a job never sees half of another (`A2`, `P3`).
/// - **Durable.** After `Ok` the changes survive a killed process and a power
///   cut (`A3`). A store that cannot promise this says so in its first lines.
/// - **Consistent reads.** One [`read`](Self::read) or [`survey`](Self::survey)
///   shows one committed state.
/// - **Byte for byte.** Text comes back exactly as it went in (`A6`).
/// - **Nothing is held between polls.** A future that is not polled for a while, as the
///   other branch of a `select!` is, holds no lock and no turn that another call needs.
///
/// # Not promised
/// Fairness between callers, or any order between jobs that are in flight at
/// the same time.
#[async_trait]
pub trait LogStore: Send + Sync + 'static {
    /// Runs `job` under the write lock and commits what it decides.
    ///
    /// The steps, in this order, all in one transaction: take the write lock;
    /// read the [`LogState`]; ask [`WriteJob::needs`]; collect a [`View`]; call
    /// [`WriteJob::decide`]; write the [`Changes`]; commit. Several jobs may
    /// share one transaction, as long as each sees the changes of those before
    /// it and a refusal of one leaves no trace and does not touch the others.
    ///
    /// A job may be decided more than once, if an earlier attempt was rolled
    /// back; only the last decision counts. Empty changes need no write.
    ///
    /// # Guarantees
    /// - `A2` after `Ok` all changes are readable, after `Err` none is.
    /// - `A3` after `Ok` the changes survive a killed process.
    ///
    /// # Not promised
    /// Whether the changes survive if the storage fails in the commit itself and the process then
    /// dies: after a restart all of them are there, or none.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the log as after `Ok` or as after `Err` (`A7`).
    ///
    /// # Errors
    /// What the job refused with, as it is; or [`LogError::Store`].
    async fn write(&self, job: WriteJob) -> Result<(), LogError>;

    /// Reads entries after a place, and what core needs to judge the reader.
    ///
    /// # Guarantees
    /// - `R1` entries are those strictly above `request.after`, ascending,
    ///   without a gap, at most `max_entries`; at least one, if there is one
    ///   and `max_entries` is not 0, even if it alone exceeds `max_bytes`.
    /// - All parts of the [`ReadView`] are of one committed state.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    ///
    /// # Errors
    /// A row that cannot be read is [`StoreErrorKind::Corrupt`], never skipped; an entry is
    /// marked with [`of_unreadable_entry`](StoreError::of_unreadable_entry).
    async fn read(&self, request: ReadRequest) -> Result<ReadView, StoreError>;

    /// Sums up what lies above some places, without reading payloads.
    ///
    /// `places` is called once, inside the read transaction, with the state and
    /// all peer rows; the answer has one [`Extent`] for each place, in order.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    ///
    /// # Errors
    /// As for [`read`](Self::read).
    async fn survey(&self, places: Places) -> Result<Survey, StoreError>;

    /// Waits until the head is above `place`, and returns it: at once if it is already.
    ///
    /// It may return late, never early: a head that is returned is committed. Commits through
    /// this store are noticed at once. Those through another store on the same storage, in this
    /// process or another, are noticed within a time that the store documents. A store need not
    /// look while no call waits.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing: the next call compares with the head again.
    ///
    /// # Errors
    /// [`StoreErrorKind::Closed`] once the storage is closed, even while it waits; or as for
    /// [`read`](Self::read).
    async fn head_above(&self, place: Hlc) -> Result<Hlc, StoreError>;

    /// Finishes the jobs that were accepted and closes the storage. Later calls
    /// of any method, on any clone, fail with [`StoreErrorKind::Closed`];
    /// closing again is `Ok`.
    ///
    /// # Errors
    /// The last flush or close failed; everything that was `Ok` is safe.
    async fn close(&self) -> Result<(), StoreError>;
}
