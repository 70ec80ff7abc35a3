//! Where the peers are: each reads on from its cursor and acknowledges.

use anyhow::{Context, Result};
use sync_log_sqlite::{Cursor, Hlc, ReadLimits, SyncDb, Uuid};

use crate::entry::PEERS;

/// A peer that reads this log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader {
    pub(super) peer: Uuid,
    pub(super) is_registered: bool,
    pub(super) cursor: Cursor,
    /// Whether it read below its own ack since then.
    pub(super) is_held: bool,
}

/// All of them.
pub(super) struct Readers(Vec<Reader>);

impl Readers {
    /// Where the peers are according to a log that was just opened.
    pub(super) async fn of(log: &SyncDb) -> Result<Self> {
        let entries = log.get_since(None, usize::MAX).await?;
        let floor = log.floor_cursor().await?;
        let log_id = log.identity().log_id;
        let cursor_of = |acked: Hlc| -> Result<Cursor> {
            if acked.is_zero() {
                return Ok(Cursor::ZERO);
            }
            if acked == floor.hlc() {
                return Ok(floor);
            }
            let until = entries.iter().position(|entry| entry.hlc == acked);
            let until = until.context("an ack names no entry")?;
            let entries = entries[..=until].iter();
            let mark = entries.fold(floor.mark(), |mark, entry| mark.then(entry));
            Ok(Cursor::new(log_id, acked, mark.tag)?)
        };
        let mut readers = Self(PEERS.map(newcomer).to_vec());
        for known in log.peers().await? {
            let known = known?;
            let reader = readers.0.iter_mut().find(|r| r.peer == known.device_id);
            let reader = reader.context("a peer that nobody registered")?;
            reader.is_registered = true;
            reader.is_held = known.facts.hold.is_some();
            reader.cursor = cursor_of(known.acked)?;
        }
        Ok(readers)
    }

    pub(super) fn get(&self, index: usize) -> Reader {
        self.0[index]
    }

    pub(super) fn moved(&mut self, index: usize, cursor: Cursor) {
        self.0[index].cursor = cursor;
        self.0[index].is_registered = true;
        self.0[index].is_held = false;
    }

    pub(super) fn registered(&mut self, index: usize) {
        self.0[index].is_registered = true;
    }

    pub(super) fn rewound(&mut self, index: usize) {
        self.0[index].is_held = true;
    }

    /// Peers that keep everything above `floor`.
    pub(super) fn blocking(&self, floor: Hlc) -> Vec<usize> {
        let peers = self.0.iter().enumerate();
        let blocking = peers.filter(|(_, reader)| {
            reader.is_registered && (reader.is_held || reader.cursor.hlc() <= floor)
        });
        blocking.map(|(index, _)| index).collect()
    }
}

impl Reader {
    /// Reads a page and says where the peer is after it. One that does not
    /// count yet, or is too far behind, is given a copy of everything.
    pub(super) async fn read_on(&self, log: &SyncDb, page: usize) -> Result<Cursor> {
        let is_behind = self.cursor.is_zero() && !log.floor().await?.is_zero();
        if !self.is_registered || is_behind {
            return Ok(log.head_cursor().await?);
        }
        let limits = ReadLimits::entries(page);
        Ok(log.read_for(self.peer, self.cursor, limits).await?.next)
    }
}

fn newcomer(peer: Uuid) -> Reader {
    Reader {
        peer,
        is_registered: false,
        cursor: Cursor::ZERO,
        is_held: false,
    }
}
