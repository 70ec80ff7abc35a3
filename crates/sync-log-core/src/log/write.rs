//! Own changes enter the log; remote stamps move its clock.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use hlc::Hlc;

use super::sync_log::{Shared, SyncLog};
use crate::decide::append::{self, Grouping};
use crate::decide::clock;
use crate::decide::observe;
use crate::error::LogError;
use crate::limits::MAX_OBSERVED;
use crate::model::judge;
use crate::model::{Change, LogState, SharedChangeEntry};
use crate::store::{Needs, View, Writes};

impl SyncLog {
    /// Stamps `change`, appends it, and returns its stamp. No other append can overtake this one: the
    /// stamp is drawn inside the write, after the write lock is acquired (`A1`).
    ///
    /// If the stamps of the log are further ahead of the wall clock than the drift limit (24 hours by
    /// default), the call logs a warning, once per opening (`H9`).
    ///
    /// # Errors
    /// [`LogError::ModelTypeLength`], [`LogError::DataTooLarge`], [`LogError::DataTooDeep`]: fix
    /// the change. [`LogError::GroupTooLarge`]: the content of the change alone exceeds a page.
    /// [`LogError::WithRecords`]: record the change with its record. [`LogError::Altered`]: open the log
    /// again. [`LogError::Resume`]: the stored clock is damaged. [`LogError::Store`].
    pub async fn record(&self, change: Change) -> Result<Hlc, LogError> {
        let stamps = self.record_many(vec![change]).await?;
        Ok(stamps
            .into_iter()
            .next_back()
            .expect("one change gets one stamp"))
    }

    /// Stamps `changes` and appends them as one atomic step (`A2`), as one group: a peer gets
    /// all of them in one page (`R1`). Returns their stamps, ascending.
    ///
    /// ```
    /// use sync_log_core::{Change, LogError, SyncLog, Uuid};
    ///
    /// async fn delete_tags(log: &SyncLog, tags: &[Uuid]) -> Result<(), LogError> {
    ///     let changes = tags.iter().map(|tag| Change::delete("tag", *tag)).collect();
    ///     let stamps = log.record_many(changes).await?;
    ///     assert_eq!(stamps.len(), tags.len());
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// As for [`record`](Self::record), and [`LogError::GroupTooLarge`]: make the group smaller, or
    /// use [`record_each`](Self::record_each).
    #[tracing::instrument(level = "debug", name = "sync_log.record_many", skip_all, fields(changes = changes.len()), err(level = "info"))]
    pub async fn record_many(&self, changes: Vec<Change>) -> Result<Vec<Hlc>, LogError> {
        self.record_all(changes, Grouping::One).await
    }

    /// Stamps `changes` and appends them as one atomic step (`A2`), each as a group by itself. Use this
    /// call for bulk changes that need not be applied together. Returns their stamps, ascending.
    ///
    /// # Errors
    /// As for [`record`](Self::record), and [`LogError::TooMany`],
    /// [`LogError::BatchTooLarge`]: split the batch.
    #[tracing::instrument(level = "debug", name = "sync_log.record_each", skip_all, fields(changes = changes.len()), err(level = "info"))]
    pub async fn record_each(&self, changes: Vec<Change>) -> Result<Vec<Hlc>, LogError> {
        self.record_all(changes, Grouping::Each).await
    }

    async fn record_all(
        &self,
        changes: Vec<Change>,
        grouping: Grouping,
    ) -> Result<Vec<Hlc>, LogError> {
        append::validate_changes(&changes, grouping, self.shared.options.max_data_bytes)?;
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        let shared = Arc::clone(&self.shared);
        let bytes = changes.iter().map(Change::content_bytes).sum();
        self.commit_content(bytes, no_needs, move |view| {
            shared.stamp_and_insert(&changes, grouping, view.state)
        })
        .await
    }

    /// Appends an entry that was stamped with [`tick`](Self::tick), and returns its stamp.
    ///
    /// Appending the identical entry again is `Ok` while the log retains the entry, so an append whose
    /// answer was lost may be retried until the entry is pruned.
    ///
    /// Prefer [`record`](Self::record): another append may overtake this one between `tick` and
    /// `append`, and then this one is refused.
    ///
    /// # Errors
    /// [`LogError::Overtaken`]: the entry was not written, so stamp it again.
    /// [`LogError::OtherContent`]: one stamp was used for two changes. [`LogError::BelowFloor`]:
    /// look at the record before you stamp the change again, because a retry after the entry was
    /// pruned looks like a new entry. [`LogError::ForeignOrigin`]: the stamp is of another device
    /// (`A4`). [`LogError::ModelTypeLength`], [`LogError::DataTooLarge`],
    /// [`LogError::DataTooDeep`]: fix the entry. [`LogError::GroupWithoutEnd`]: set its
    /// `group_end`. [`LogError::Clock`]: the stamp is too far ahead of the wall clock, and is not
    /// one that this log gave out.
    /// [`LogError::WithRecords`]: record the change with its record. [`LogError::Altered`]: open the log
    /// again. [`LogError::Resume`]: the stored clock is damaged. [`LogError::Store`].
    pub async fn append(&self, entry: SharedChangeEntry) -> Result<Hlc, LogError> {
        let hlc = entry.hlc;
        self.append_many(vec![entry]).await?;
        Ok(hlc)
    }

    /// Appends entries that were stamped with [`tick`](Self::tick), strictly ascending, as one
    /// atomic step (`A2`). A batch is a retry only if the log holds every entry of it, identical.
    ///
    /// # Errors
    /// As for [`append`](Self::append), and [`LogError::BatchNotAscending`],
    /// [`LogError::BatchMixed`], [`LogError::TooMany`],
    /// [`LogError::BatchTooLarge`], [`LogError::GroupTooLarge`],
    /// [`LogError::GroupWithoutEnd`].
    #[tracing::instrument(level = "debug", name = "sync_log.append_many", skip_all, fields(entries = batch.len()), err(level = "info"))]
    pub async fn append_many(&self, batch: Vec<SharedChangeEntry>) -> Result<(), LogError> {
        self.validate_batch(&batch)?;
        if batch.is_empty() {
            return Ok(());
        }
        let shared = Arc::clone(&self.shared);
        let batch = Arc::new(batch);
        let wanted = Arc::clone(&batch);
        let bytes = batch.iter().map(SharedChangeEntry::content_bytes).sum();
        self.commit_content(
            bytes,
            move |state| append::needs(&wanted, state),
            move |view| shared.check_and_insert(&batch, view),
        )
        .await
    }

    /// Draws a stamp above every stamp that was issued or observed here, for a later
    /// [`append`](Self::append).
    ///
    /// The stamp is committed as the high-water before it is returned. So the stamp is not issued
    /// again, neither after a restart nor by another process on this file.
    ///
    /// # Errors
    /// [`LogError::Altered`]: open the log again. [`LogError::Resume`]: the stored clock is
    /// damaged. [`LogError::Store`].
    #[tracing::instrument(level = "debug", name = "sync_log.tick", skip_all, err(level = "info"))]
    pub async fn tick(&self) -> Result<Hlc, LogError> {
        let shared = Arc::clone(&self.shared);
        self.commit(no_needs, move |view| {
            shared.resume(view.state)?;
            let stamp = shared.clock.tick();
            Ok((
                Writes {
                    high_water: Some(stamp),
                    ..Writes::default()
                },
                stamp,
            ))
        })
        .await
    }

    /// Moves the clock above `remotes`, all or nothing (`H2`), and commits the highest stamp as the
    /// high-water. Returns the highest stamp, or `None` if `remotes` is empty.
    ///
    /// Call this method before the received changes are committed: every change that this device makes
    /// afterwards is then above everything that the device has seen.
    ///
    /// ```
    /// use sync_log_core::{Hlc, LogError, Page, SyncLog};
    ///
    /// /// Takes note of what a peer sent, before it is committed.
    /// async fn take_note(own_log: &SyncLog, page: &Page) -> Result<(), LogError> {
    ///     let stamps: Vec<Hlc> = page.entries.iter().map(|entry| entry.hlc).collect();
    ///     own_log.observe_all(&stamps).await?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// After any of these errors the clock has not moved. [`LogError::Clock`]: a stamp is too far
    /// ahead, or at the ceiling. [`LogError::UnknownOwnStamp`]: a stamp is of this device, and its
    /// log does not know it. [`LogError::TooMany`]: split the call. [`LogError::Altered`]: open the
    /// log again. [`LogError::Resume`]: the stored clock is damaged. [`LogError::Store`].
    #[tracing::instrument(level = "debug", name = "sync_log.observe_all", skip_all, fields(remotes = remotes.len()), err(level = "info"))]
    pub async fn observe_all(&self, remotes: &[Hlc]) -> Result<Option<Hlc>, LogError> {
        let (count, limit) = (remotes.len(), MAX_OBSERVED);
        if count > limit {
            return Err(LogError::TooMany { count, limit });
        }
        let Some(highest) = remotes.iter().copied().max() else {
            return Ok(None);
        };
        let shared = Arc::clone(&self.shared);
        let remotes = remotes.to_vec();
        let device_id = self.shared.identity.device_id;
        let own = remotes.iter().copied();
        let own: Vec<Hlc> = own.filter(|hlc| hlc.device_id == device_id).collect();
        let marks = own.clone();
        let needs = move |_: &LogState| Needs {
            marks: marks.clone(),
            ..Needs::default()
        };
        let observed = self.commit(needs, move |view| {
            observe::refuse_unknown(&own, view)?;
            shared.resume(view.state)?;
            shared.observe(&remotes)?;
            let high_water = (highest > view.state.high_water).then_some(highest);
            Ok((
                Writes {
                    high_water,
                    ..Writes::default()
                },
                Some(highest),
            ))
        });
        self.noting_verdict(None, observed.await).await
    }

    fn validate_batch(&self, batch: &[SharedChangeEntry]) -> Result<(), LogError> {
        let device_id = self.shared.identity.device_id;
        if let Some(foreign) = batch.iter().find(|entry| entry.hlc.device_id != device_id) {
            return Err(LogError::ForeignOrigin {
                hlc: foreign.hlc,
                device_id,
            });
        }
        append::validate_batch(batch, self.shared.options.max_data_bytes)
    }
}

pub(super) fn no_needs(_: &LogState) -> Needs {
    Needs::default()
}

impl Shared {
    /// Raises the clock to the highest stamp that the storage knows: another process may have
    /// issued or observed a higher stamp.
    fn resume(&self, state: &LogState) -> Result<(), LogError> {
        Ok(self.clock.resume(state.high_water.max(state.head.hlc))?)
    }

    fn observe(&self, remotes: &[Hlc]) -> Result<(), LogError> {
        let drift = self.clock.check_all(remotes)?;
        self.clock.observe_all(remotes)?;
        if let Some(drift) = drift.filter(|drift| drift.warns) {
            tracing::warn!(
                ahead_by_ms = drift.ahead_by_ms,
                "a remote stamp is ahead of the wall clock"
            );
        }
        Ok(())
    }

    fn stamp_and_insert(
        &self,
        changes: &[Change],
        grouping: Grouping,
        state: &LogState,
    ) -> Result<(Writes, Vec<Hlc>), LogError> {
        append::refuse_without_record(state)?;
        self.resume(state)?;
        self.warn_if_ahead(state);
        let stamps: Vec<Hlc> = changes.iter().map(|_| self.clock.tick()).collect();
        let last = stamps.last().copied().unwrap_or(state.head.hlc);
        let entries = changes.iter().cloned().zip(&stamps).map(|(change, hlc)| {
            let mut entry = change.stamped(*hlc);
            entry.group_end = grouping == Grouping::Each || *hlc == last;
            entry
        });
        Ok((
            append::insert(entries, last, state, self.clock.now_ms()),
            stamps,
        ))
    }

    fn check_and_insert(
        &self,
        batch: &[SharedChangeEntry],
        view: &View<'_>,
    ) -> Result<(Writes, ()), LogError> {
        append::refuse_without_record(view.state)?;
        self.resume(view.state)?;
        let Some(writes) = append::decide(batch, view, self.clock.now_ms())? else {
            return Ok((Writes::default(), ()));
        };
        if let Some(last) = batch.last() {
            // What this log gave out is not judged by a wall clock that was set back since (`H5`).
            if last.hlc > clock::reached(view.state) {
                self.clock.check_drift(last.hlc)?;
            }
            self.clock.resume(last.hlc)?;
        }
        Ok((writes, ()))
    }

    /// Logs a warning, once per opening, if every stamp from here on is too far ahead (`H9`).
    fn warn_if_ahead(&self, state: &LogState) {
        let ahead_ms = judge::ahead_ms(clock::reached(state), self.clock.now_ms());
        let limit = self.options.drift.refuse;
        if limit.allows(ahead_ms) || self.has_warned.swap(true, Ordering::Relaxed) {
            return;
        }
        tracing::warn!(
            device_id = %self.identity.device_id,
            ahead_ms,
            "the stamps of this device are ahead of its wall clock, so its peers may refuse them"
        );
    }
}
