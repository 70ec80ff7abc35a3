//! Entries leave the log: for peers by cursor, for the owner by stamp.

use hlc::Hlc;
use uuid::Uuid;

use super::SyncLog;
use crate::ack;
use crate::cursor::Cursor;
use crate::entry::SharedChangeEntry;
use crate::error::LogError;
use crate::read::{self, Page, ReadLimits};
use crate::store::{ReadRequest, ReadView};

impl SyncLog {
    /// The next page for `peer`, after its `cursor`: every entry, or an error,
    /// never a silent hole (`R2`). Start with [`Cursor::ZERO`], go on with
    /// [`Page::next`], and acknowledge that once it is durably applied.
    ///
    /// A peer that reads below its own ack was restored from an older copy:
    /// pruning then holds at that place until the peer acknowledges again what
    /// it had (`K2`). That is committed before the page is returned.
    ///
    /// ```
    /// use sync_log_core::{Cursor, LogError, ReadLimits, SyncLog, Uuid};
    ///
    /// /// Sends `peer` all that it lacks, from the place that it asked for.
    /// async fn serve(log: &SyncLog, peer: Uuid, mut place: Cursor) -> Result<(), LogError> {
    ///     loop {
    ///         let page = log.read_for(peer, place, ReadLimits::default()).await?;
    ///         for entry in &page.entries {
    ///             println!("send {}", entry.hlc);
    ///         }
    ///         place = page.next;
    ///         if !page.more {
    ///             return Ok(());
    ///         }
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    /// [`LogError::ZeroLimit`], [`LogError::NilId`], [`LogError::OwnPeer`]: fix
    /// the call. [`LogError::UnknownPeer`], [`LogError::PeerRetired`]: reading
    /// never registers. [`LogError::Compacted`]: the peer needs a snapshot.
    /// [`LogError::OtherLog`], [`LogError::AheadOfHead`],
    /// [`LogError::Diverged`]: this file or the peer's was restored, cloned or
    /// replaced. [`LogError::NewestMissing`], [`LogError::Store`].
    #[tracing::instrument(level = "debug", name = "sync_log.read_for", skip_all, fields(%peer, after = %cursor.hlc(), max_entries = limits.max_entries))]
    pub async fn read_for(
        &self,
        peer: Uuid,
        cursor: Cursor,
        limits: ReadLimits,
    ) -> Result<Page, LogError> {
        let limits = limits.checked()?;
        ack::refuse_own(peer, &crate::LogState::new(self.identity()))?;
        let request = ReadRequest {
            after: cursor.hlc(),
            max_entries: limits.max_entries,
            max_bytes: limits.max_bytes,
            peer: Some(peer),
        };
        let view = self.store.read(request).await?;
        if !is_rewound(peer, cursor, &view)? {
            return finish(view, cursor);
        }
        // The hold first, then the page: between the two nothing is pruned that
        // the page does not hold, and what went before it shows in the re-read.
        self.hold(peer, cursor.hlc()).await?;
        let view = self.store.read(request).await?;
        is_rewound(peer, cursor, &view)?;
        finish(view, cursor)
    }

    /// The owner's view: entries after `since` in HLC order, at most `limit`;
    /// fewer than `limit` means the end. `None` is everything still pending,
    /// whatever was pruned. `since` need not be the stamp of an entry.
    ///
    /// Bounded by `limit` alone: a large one reads as much into memory.
    ///
    /// # Errors
    /// [`LogError::ZeroLimit`]. [`LogError::Compacted`] if `since` is below the
    /// floor, [`LogError::AheadOfHead`] if it is above the head.
    /// [`LogError::NewestMissing`], [`LogError::Store`].
    #[tracing::instrument(level = "debug", name = "sync_log.get_since", skip_all, fields(limit))]
    pub async fn get_since(
        &self,
        since: Option<Hlc>,
        limit: usize,
    ) -> Result<Vec<SharedChangeEntry>, LogError> {
        if limit == 0 {
            return Err(LogError::ZeroLimit);
        }
        let after = since.unwrap_or(Hlc::ZERO);
        let request = ReadRequest {
            after,
            max_entries: limit,
            max_bytes: usize::MAX,
            peer: None,
        };
        let view = self.store.read(request).await?;
        view.state.refuse_foreign_write()?;
        if let Some(since) = since {
            read::validate_since(&view.state, since)?;
        }
        read::refuse_hole(&view, after)?;
        Ok(view.entries)
    }
}

/// Whether the peer reads below what pruning relies on; refuses peers and
/// places that cannot be served.
fn is_rewound(peer: Uuid, cursor: Cursor, view: &ReadView) -> Result<bool, LogError> {
    view.state.refuse_foreign_write()?;
    let known = match ack::known_peer(peer, view.peer.as_ref(), &view.state) {
        // It may read: while its row cannot be trusted, nothing is pruned.
        Err(LogError::UntrustedRow(_)) => None,
        Err(other) => return Err(other),
        Ok(None) => return Err(LogError::UnknownPeer { peer }),
        Ok(known) => known,
    };
    read::validate_cursor(&view.state, view.at.as_ref(), cursor)?;
    Ok(known.is_some_and(|known| cursor.hlc() < known.position()))
}

fn finish(view: ReadView, cursor: Cursor) -> Result<Page, LogError> {
    read::refuse_hole(&view, cursor.hlc())?;
    Ok(read::page(view, cursor))
}
