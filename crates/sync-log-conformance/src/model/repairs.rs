//! What opening may do to rows that have a fault, in the reference (`P5`).

use sync_log_core::{OwnRow, PeerRow, PeerState, Uuid};

use super::peer::{Known, ModelPeer, Own};
use super::reference::Reference;
use crate::sample::DEVICE;
use crate::snapshot::Snapshot;

impl Reference {
    /// Takes over the repairs that a store made: a peer counts as it did before, and a row whose
    /// id is no peer's may be deleted. A store may also leave every row as it was.
    pub(super) fn take_over_repairs(&mut self, found: &Snapshot) -> Result<(), String> {
        let ids = self.file.peers.keys().copied();
        let faulty: Vec<Uuid> = ids.filter(|id| self.fault(*id).is_some()).collect();
        for id in faulty {
            let before = self.file.peers[&id].row(id);
            match found.peer(id) {
                Some(row) if *row == before => {}
                Some(row) => self.take_over(id, row)?,
                None if id == DEVICE => {
                    self.file.peers.remove(&id);
                }
                None => return Err(format!("P5: opening deleted the rows of {id}")),
            }
        }
        Ok(())
    }

    fn take_over(&mut self, id: Uuid, row: &PeerRow) -> Result<(), String> {
        let counts = |known: Known| (known.position(), known.admission, known.retired_at_ms);
        let before = self.known(id).map(counts);
        if matches!(self.file.peers[&id].own, Own::Missing) {
            self.file.solo = false;
        }
        let peer = repaired(row).ok_or_else(|| format!("P5: opening left {row:?}"))?;
        self.file.peers.insert(id, peer);
        let after = self.known(id).map(counts);
        if before == after {
            return Ok(());
        }
        Err(format!("P5: {id} was {before:?} and is {after:?}"))
    }
}

/// The rows, if the own one can be read.
fn repaired(row: &PeerRow) -> Option<ModelPeer> {
    let Some(OwnRow::Known {
        acked,
        acked_at_ms,
        facts,
    }) = row.own
    else {
        return None;
    };
    let known = Known {
        acked,
        acked_at_ms,
        registered_by: facts.registered_by,
        registered_at_ms: facts.registered_at_ms,
        retired_at_ms: match facts.state {
            PeerState::Active => None,
            PeerState::Retired { since_ms, .. } => Some(since_ms),
        },
        hold: facts.hold,
        admission: facts.admission,
    };
    Some(ModelPeer {
        own: Own::Known(known),
        mirror: row.mirror.clone(),
    })
}
