//! The log: core's logic over one store.

use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use hlc::{Clock, Hlc};

use super::handles::Handles;
use super::options::{LogOptions, SharedWallClock};
use crate::decide::identity::{self, refuse_altered};
use crate::error::LogError;
use crate::model::{Altered, Cursor, DeviceId, LibraryId, LogIdentity, LogState};
use crate::store::{LogStore, Needs, Positions, ReadRequest, Survey, View, WriteJob, Writes};

/// One device's sync log of one library.
///
/// A `SyncLog` is a handle: cheap to clone, and usable from many tasks at once. Dropping the handle
/// loses nothing that was `Ok`. [`close`](Self::close) also waits for the calls in flight.
///
/// Every method that writes may be cancelled: dropping its future leaves the
/// log as after `Ok` or as after `Err` (`A7`). After every error the log is
/// as it was before the call.
#[derive(Clone)]
pub struct SyncLog {
    pub(super) store: Arc<dyn LogStore>,
    pub(super) shared: Arc<Shared>,
    pub(super) handles: Arc<Handles>,
}

pub(super) struct Shared {
    pub(super) identity: LogIdentity,
    pub(super) clock: Clock<SharedWallClock>,
    pub(super) options: LogOptions,
    /// Whether a warning was logged that the clock is ahead (`H9`).
    pub(super) has_warned: AtomicBool,
}

impl SyncLog {
    /// Opens the log in `store`.
    ///
    /// The clock continues above every stamp that this log ever issued or observed (`H5`, `A5`),
    /// without waiting, whatever the wall clock reads.
    ///
    /// # Errors
    /// [`LogError::NilId`], [`LogError::OptionOutOfRange`]: fix the call.
    /// [`LogError::IdentityMismatch`]: the log is another library's or
    /// device's (`I1`). [`LogError::Resume`], [`LogError::Store`].
    pub async fn open(
        store: impl LogStore,
        library_id: impl Into<LibraryId>,
        device_id: impl Into<DeviceId>,
        options: LogOptions,
    ) -> Result<Self, LogError> {
        let store: Arc<dyn LogStore> = Arc::new(store);
        Self::open_on(store, library_id.into(), device_id.into(), options).await
    }

    #[tracing::instrument(level = "debug", name = "sync_log.open", skip_all, fields(%library_id, %device_id), err(level = "info"))]
    async fn open_on(
        store: Arc<dyn LogStore>,
        library_id: LibraryId,
        device_id: DeviceId,
        options: LogOptions,
    ) -> Result<Self, LogError> {
        identity::refuse_nil(library_id.as_uuid(), "library id")?;
        identity::refuse_nil(device_id.as_uuid(), "device id")?;
        options.validate()?;
        let state = read_state(&*store).await?;
        let identity = state.identity;
        identity::refuse_nil_ids(&identity)?;
        if (identity.library_id, identity.device_id) != (library_id, device_id) {
            return Err(LogError::IdentityMismatch {
                stored_library: identity.library_id,
                stored_device: identity.device_id,
                library: library_id,
                device: device_id,
            });
        }
        let clock =
            Clock::new(device_id.as_uuid(), options.wall.clone()).with_limits(options.drift);
        clock.resume(state.high_water.max(state.head.hlc))?;
        let log_id = identity.log_id;
        tracing::debug!(%log_id, head = %state.head.hlc, "opened");
        Ok(Self {
            store,
            shared: Arc::new(Shared {
                identity,
                clock,
                options,
                has_warned: AtomicBool::new(false),
            }),
            handles: Arc::default(),
        })
    }

    /// Returns the library and the device of the log, and the log id.
    #[must_use]
    pub fn identity(&self) -> LogIdentity {
        self.shared.identity
    }

    /// Returns the highest stamp that was ever committed; zero if there is none.
    ///
    /// # Errors
    /// [`LogError::Store`].
    #[tracing::instrument(level = "debug", name = "sync_log.head", skip_all, err(level = "info"))]
    pub async fn head(&self) -> Result<Hlc, LogError> {
        Ok(read_state(&*self.store).await?.head.hlc)
    }

    /// Returns the highest stamp that was ever pruned; zero if there is none.
    ///
    /// # Errors
    /// [`LogError::Store`].
    #[tracing::instrument(
        level = "debug",
        name = "sync_log.floor",
        skip_all,
        err(level = "info")
    )]
    pub async fn floor(&self) -> Result<Hlc, LogError> {
        Ok(read_state(&*self.store).await?.floor.hlc)
    }

    /// Returns the floor as a cursor. The log begins at this cursor.
    ///
    /// # Errors
    /// [`LogError::Store`].
    #[tracing::instrument(
        level = "debug",
        name = "sync_log.floor_cursor",
        skip_all,
        err(level = "info")
    )]
    pub async fn floor_cursor(&self) -> Result<Cursor, LogError> {
        Ok(read_state(&*self.store).await?.floor_cursor())
    }

    /// Returns the head as a cursor, for a snapshot. First register the newcomer, then take the
    /// cursor, then copy the app's records. The newcomer acknowledges this cursor once it has
    /// stored the copy.
    ///
    /// ```
    /// use sync_log_core::{Cursor, DeviceId, LogError, SyncLog};
    ///
    /// /// Gives `newcomer` a copy of the records, and the cursor that it then acknowledges.
    /// async fn snapshot(log: &SyncLog, newcomer: DeviceId) -> Result<(Cursor, String), LogError> {
    ///     log.register_peer(newcomer).await?;
    ///     let cursor = log.head_cursor().await?;
    ///     let copy = "all records, read now".to_owned();
    ///     Ok((cursor, copy))
    /// }
    /// ```
    ///
    /// # Errors
    /// [`LogError::Altered`], [`LogError::Store`].
    #[tracing::instrument(
        level = "debug",
        name = "sync_log.head_cursor",
        skip_all,
        err(level = "info")
    )]
    pub async fn head_cursor(&self) -> Result<Cursor, LogError> {
        let state = read_state(&*self.store).await?;
        refuse_altered(&state)?;
        Ok(state.head_cursor())
    }

    /// Finishes the calls in flight and closes the store. Every later call, on any clone, fails
    /// with [`StoreFault::Closed`](crate::StoreFault). Closing again returns the same result.
    ///
    /// # Guarantees
    /// - `I7` After `Ok` the log is one whole file, even if other handles have it open.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the log open or closed as a whole (`A7`).
    ///
    /// # Errors
    /// [`LogError::Store`] with [`StoreFault::NotWhole`](crate::StoreFault): the log is closed and
    /// nothing is lost, but another program was reading, or the disk was full, so that the newest
    /// entries are in a file beside the main file. Copy both files, or neither.
    #[tracing::instrument(
        level = "debug",
        name = "sync_log.close",
        skip_all,
        err(level = "info")
    )]
    pub async fn close(&self) -> Result<(), LogError> {
        Ok(self.store.close().await?)
    }

    /// Runs one decision under the store's write lock. Returns the result of the decision once
    /// its writes are committed.
    pub(super) async fn commit<T: Send + 'static>(
        &self,
        needs: impl Fn(&LogState) -> Needs + Send + 'static,
        decide: impl FnMut(&View<'_>) -> Result<(Writes, T), LogError> + Send + 'static,
    ) -> Result<T, LogError> {
        self.commit_content(0, needs, decide).await
    }

    /// As [`commit`](Self::commit), for a decision that may append this many content bytes.
    pub(super) async fn commit_content<T: Send + 'static>(
        &self,
        content_bytes: usize,
        needs: impl Fn(&LogState) -> Needs + Send + 'static,
        mut decide: impl FnMut(&View<'_>) -> Result<(Writes, T), LogError> + Send + 'static,
    ) -> Result<T, LogError> {
        let slot = Arc::new(Mutex::new(None));
        let decided = Arc::clone(&slot);
        let job = WriteJob::new(needs, move |view| {
            refuse_altered(view.state)?;
            let (writes, outcome) = decide(view)?;
            let has_changed = !writes.is_empty();
            let outcome = Some((outcome, has_changed));
            *decided.lock().unwrap_or_else(PoisonError::into_inner) = outcome;
            Ok(writes)
        });
        let job = job.with_content_bytes(content_bytes);
        let written = self.store.write(job).await;
        self.noting_damage(written).await?;
        let outcome = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (outcome, has_changed) = outcome.expect("a store that answers Ok has decided the job");
        if has_changed {
            self.handles.changed();
        }
        Ok(outcome)
    }

    /// If the log was found to be altered, stores that finding: nothing more is served or deleted,
    /// and the next opening adopts the log (`I4`).
    pub(super) async fn noting_damage<T>(&self, found: Result<T, LogError>) -> Result<T, LogError> {
        if let Err(LogError::Altered(altered)) = &found {
            self.note_damage(*altered).await;
        }
        found
    }

    pub(super) async fn survey(&self, positions: Positions) -> Result<Survey, LogError> {
        let survey = self.store.survey(positions).await;
        self.noting_damage(survey.map_err(LogError::from)).await
    }

    /// Stores the finding if the store can be written. Otherwise each read finds it again.
    pub(super) async fn note_damage(&self, altered: Altered) {
        let job = WriteJob::new(
            |_| Needs::default(),
            move |view| {
                Ok(Writes {
                    altered: view.state.altered.is_none().then_some(altered),
                    ..Writes::default()
                })
            },
        );
        tracing::error!(%altered, "what is stored is not what was written");
        if let Err(error) = self.store.write(job).await {
            tracing::warn!(%error, "the damage could not be put on record");
        }
    }
}

pub(super) async fn read_state(store: &dyn LogStore) -> Result<LogState, LogError> {
    Ok(store.read(state_only(Hlc::ZERO)).await?.state)
}

fn state_only(after: Hlc) -> ReadRequest {
    ReadRequest {
        after,
        max_entries: 0,
        max_bytes: 0,
        peer: None,
    }
}

impl fmt::Debug for SyncLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyncLog")
            .field("identity", &self.shared.identity)
            .field("options", &self.shared.options)
            .finish_non_exhaustive()
    }
}
