//! Entries leave the log: for peers by cursor, for the owner by stamp.

use hlc::Hlc;

use super::sync_log::SyncLog;
use crate::decide::identity::refuse_altered;
use crate::decide::{ack, read};
use crate::error::LogError;
use crate::model::{
    Altered, ChainFault, Cursor, DeviceId, Mark, Page, ReadLimits, SharedChangeEntry,
};
use crate::store::{FoundEntry, ReadRequest, ReadView};

impl SyncLog {
    /// Returns the next page for `peer`, after its `cursor`: every entry, or an error, never a
    /// silent hole (`R2`). The page was compared with the chain of tags (`R4`). The page ends where a group
    /// ends, even if the group has more entries than `limits` allows (`R1`). A peer starts with
    /// [`Cursor::ZERO`] and continues with [`Page::next`]. The peer acknowledges that cursor once the page
    /// is durably applied.
    ///
    /// A peer that reads below its own ack was restored from an older copy: pruning then holds
    /// at that cursor until the peer has acknowledged again what it had acknowledged before (`K2`). The hold
    /// is committed before the page is returned.
    ///
    /// ```
    /// use sync_log_core::{Cursor, DeviceId, LogError, ReadLimits, SyncLog};
    ///
    /// /// Sends `peer` all that it lacks, from the cursor that it asked for.
    /// async fn serve(log: &SyncLog, peer: DeviceId, mut cursor: Cursor) -> Result<(), LogError> {
    ///     loop {
    ///         let page = log.read_for(peer, cursor, ReadLimits::default()).await?;
    ///         for entry in &page.entries {
    ///             println!("send {}", entry.hlc);
    ///         }
    ///         cursor = page.next;
    ///         if !page.more {
    ///             return Ok(());
    ///         }
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    /// [`LogError::ZeroLimit`], [`LogError::NilId`], [`LogError::OwnPeer`]: fix the call.
    /// [`LogError::UnknownPeer`], [`LogError::PeerRetired`]: register or admit the peer; a read
    /// registers no peer. [`LogError::Compacted`]: the peer needs a snapshot.
    /// [`LogError::OtherLog`], [`LogError::AheadOfHead`], [`LogError::Diverged`]: this file or the
    /// peer's was restored, cloned or replaced. [`LogError::Altered`]: the stored entries are not
    /// as they were written; open the log again. [`LogError::Store`].
    pub async fn read_for(
        &self,
        peer: impl Into<DeviceId>,
        cursor: Cursor,
        limits: ReadLimits,
    ) -> Result<Page, LogError> {
        self.read_page_for(peer.into(), cursor, limits).await
    }

    #[tracing::instrument(level = "debug", name = "sync_log.read_for", skip_all, fields(%peer, after = %cursor.hlc(), max_entries = limits.max_entries), err(level = "info"))]
    async fn read_page_for(
        &self,
        peer: DeviceId,
        cursor: Cursor,
        limits: ReadLimits,
    ) -> Result<Page, LogError> {
        let page = self.page_for(peer, cursor, limits).await;
        self.noting_verdict(Some(peer), page).await
    }

    async fn page_for(
        &self,
        peer: DeviceId,
        cursor: Cursor,
        limits: ReadLimits,
    ) -> Result<Page, LogError> {
        let limits = read::checked(limits)?;
        ack::refuse_own(peer, &crate::LogState::new(self.identity()))?;
        let request = request(cursor.hlc(), limits, Some(peer));
        let mut view = self.read_page(request, cursor).await?;
        if is_rewound(peer, cursor, &view) {
            // The hold first, then the page: between the two nothing is pruned that the page
            // does not hold, and what was pruned before the hold shows in the second read.
            self.hold(peer, cursor.hlc()).await?;
            view = self.read_page(request, cursor).await?;
        }
        self.finish(view, request, cursor).await
    }

    /// Returns the owner's view: entries after `since` in HLC order, at most `limit`. If there are
    /// fewer than `limit`, the log ends there. With `None`, the call reads from the first entry that the log
    /// still has, whatever was pruned. `since` need not be the stamp of an entry.
    ///
    /// Only `limit` bounds the answer: the call reads that many entries into memory.
    ///
    /// # Errors
    /// [`LogError::ZeroLimit`]: ask for at least one. [`LogError::Compacted`] if `since` is below
    /// the floor, [`LogError::AheadOfHead`] if it is above the head. [`LogError::Altered`]: open
    /// the log again. [`LogError::Store`].
    #[tracing::instrument(level = "debug", name = "sync_log.get_since", skip_all, fields(limit = limit), err(level = "info"))]
    pub async fn get_since(
        &self,
        since: Option<Hlc>,
        limit: usize,
    ) -> Result<Vec<SharedChangeEntry>, LogError> {
        if limit == 0 {
            return Err(LogError::ZeroLimit);
        }
        let after = since.unwrap_or(Hlc::ZERO);
        let limits = ReadLimits {
            max_entries: limit,
            max_bytes: usize::MAX,
        };
        let request = request(after, limits, None);
        let read = self.store.read(request).await;
        let view = self.noting_damage(read.map_err(LogError::from)).await?;
        refuse_altered(&view.state)?;
        if let Some(since) = since {
            read::validate_since(&view.state, since)?;
        }
        self.noting_damage(read::prove(&view).map_err(LogError::from))
            .await?;
        Ok(bare(view))
    }

    /// Runs `request`. Refuses a peer or a cursor that cannot be served, and entries that are not
    /// as they were written. If entries were altered, stores that finding.
    async fn read_page(&self, request: ReadRequest, cursor: Cursor) -> Result<ReadView, LogError> {
        let read = self.read_proven(request, cursor).await;
        self.noting_damage(read).await
    }

    async fn read_proven(
        &self,
        request: ReadRequest,
        cursor: Cursor,
    ) -> Result<ReadView, LogError> {
        let view = self.store.read(request).await?;
        refuse_altered(&view.state)?;
        may_read(&view, request.peer)?;
        match read::validate_cursor(&view.state, view.before, cursor) {
            // Only a log whose own history is intact may call a reader's history different.
            Err(error @ LogError::Diverged { .. }) => {
                self.prove_all().await?;
                return Err(error);
            }
            judged => judged?,
        }
        read::prove(&view)?;
        Ok(view)
    }

    /// Proves the whole log, page by page.
    async fn prove_all(&self) -> Result<(), LogError> {
        let mut after = Hlc::ZERO;
        loop {
            let limits = ReadLimits::default();
            let view = self.store.read(request(after, limits, None)).await?;
            read::prove(&view)?;
            match view.entries.last() {
                Some(last) => after = last.entry.hlc,
                None => return Ok(()),
            }
        }
    }

    /// The page of a view that is proven: it ends where a group ends (`R1`).
    async fn finish(
        &self,
        view: ReadView,
        request: ReadRequest,
        cursor: Cursor,
    ) -> Result<Page, LogError> {
        let is_end = |found: &FoundEntry| found.entry.group_end;
        let last = view.entries.iter().rposition(is_end);
        if last.is_some() || view.entries.is_empty() {
            return Ok(page(view, last, cursor));
        }
        // The first group is larger than the limits that were asked for. No group is larger
        // than a page may be.
        let most = ReadLimits::default();
        let request = ReadRequest {
            max_entries: most.max_entries,
            max_bytes: most.max_bytes,
            ..request
        };
        let wider = self.read_page(request, cursor).await?;
        let first = wider.entries.iter().position(is_end);
        if first.is_some() || wider.entries.is_empty() {
            return Ok(page(wider, first, cursor));
        }
        let open_group = Altered {
            hlc: wider.entries[0].entry.hlc,
            fault: ChainFault::OpenGroup,
        };
        self.noting_damage(Err(open_group.into())).await
    }
}

fn request(after: Hlc, limits: ReadLimits, peer: Option<DeviceId>) -> ReadRequest {
    ReadRequest {
        after,
        max_entries: limits.max_entries,
        max_bytes: limits.max_bytes,
        peer,
    }
}

/// The page that ends with the entry `last`.
fn page(mut view: ReadView, last: Option<usize>, cursor: Cursor) -> Page {
    view.entries.truncate(last.map_or(0, |last| last + 1));
    let end = view.entries.last();
    let next = end.map_or(cursor, |found| {
        let (hlc, tag) = (found.entry.hlc, found.tag.unwrap_or_default());
        Cursor::at(view.state.identity.log_id, Mark { hlc, tag })
    });
    let state = view.state;
    read::page(&state, cursor, bare(view), next)
}

fn bare(view: ReadView) -> Vec<SharedChangeEntry> {
    view.entries.into_iter().map(|found| found.entry).collect()
}

/// Refuses a peer that is not served.
fn may_read(view: &ReadView, peer: Option<DeviceId>) -> Result<(), LogError> {
    let Some(peer) = peer else { return Ok(()) };
    match ack::known_peer(peer, view.peer.as_ref(), &view.state)? {
        None => Err(LogError::UnknownPeer { peer }),
        Some(_) => Ok(()),
    }
}

/// Whether the peer reads below what pruning relies on.
fn is_rewound(peer: DeviceId, cursor: Cursor, view: &ReadView) -> bool {
    let known = ack::known_peer(peer, view.peer.as_ref(), &view.state);
    known.is_ok_and(|known| known.is_some_and(|known| cursor.hlc() < known.position()))
}
