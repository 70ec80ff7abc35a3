//! Who counts as a peer, and what it acknowledged, in the reference.

use sync_log_core::{
    AckAt, AckOutcome, Cursor, Hlc, LogError, RegisteredBy, Registration, RetireReason, RowFault,
    UnknownPeers, Uuid, VerdictKind,
};

use super::peer::{Known, ModelPeer, Own};
use super::reference::Reference;
use crate::sample::DEVICE;

impl Reference {
    /// The peer of that id, if there are rows of it, whatever is in them.
    pub(super) fn known(&self, id: Uuid) -> Option<Known> {
        let peer = self.file.peers.get(&id).filter(|_| id != DEVICE)?;
        Some(peer.known(self.file.head.hlc))
    }

    /// What is wrong with the rows of that id.
    pub(super) fn fault(&self, id: Uuid) -> Option<RowFault> {
        if id == DEVICE {
            return Some(RowFault::OwnPeer);
        }
        self.file.peers[&id].fault(self.file.head.hlc)
    }

    /// Both rows are written, always.
    pub(super) fn write(&mut self, id: Uuid, known: Known) {
        let peer = ModelPeer {
            own: Own::Known(known),
            mirror: Some(known.acked.to_string()),
        };
        self.file.peers.insert(id, peer);
    }

    /// The positions of all active peers.
    pub(super) fn active_positions(&self) -> Vec<Hlc> {
        let known = self.file.peers.keys().filter_map(|id| self.known(*id));
        let active = known.filter(|peer| peer.retired_at_ms.is_none());
        active.map(|peer| peer.position()).collect()
    }

    fn has_own_row(&self, id: Uuid) -> bool {
        let peer = self.file.peers.get(&id);
        peer.is_some_and(|peer| !matches!(peer.own, Own::Missing))
    }

    pub(super) fn refuse_own_and_retired(&self, id: Uuid) -> Result<(), LogError> {
        if id == DEVICE {
            return Err(LogError::OwnPeer { peer: id.into() });
        }
        match self.known(id).and_then(|known| known.retired_at_ms) {
            Some(since_ms) => Err(LogError::PeerRetired {
                peer: id.into(),
                since_ms,
                reason: RetireReason::Operator,
            }),
            None => Ok(()),
        }
    }

    pub(super) fn register(&mut self, id: Uuid) -> Result<Registration, LogError> {
        self.refuse_own_and_retired(id)?;
        if let Some(known) = self.known(id).filter(|_| self.has_own_row(id)) {
            self.write(id, known);
            return Ok(Registration::Known);
        }
        self.write(id, Known::new(RegisteredBy::App, self.now_ms));
        self.file.solo = false;
        Ok(Registration::New)
    }

    pub(super) fn retire(&mut self, id: Uuid) -> Result<(), LogError> {
        let unknown = LogError::UnknownPeer { peer: id.into() };
        let mut known = self.known(id).ok_or(unknown)?;
        known.retired_at_ms.get_or_insert(self.now_ms);
        self.write(id, known);
        Ok(())
    }

    pub(super) fn admit(&mut self, id: Uuid) -> Result<u32, LogError> {
        let unknown = LogError::UnknownPeer { peer: id.into() };
        let mut known = self.known(id).ok_or(unknown)?;
        if known.retired_at_ms.is_some() {
            known = Known {
                admission: known.admission + 1,
                registered_at_ms: known.registered_at_ms,
                ..Known::new(known.registered_by, self.now_ms)
            };
            self.file.solo = false;
        }
        self.write(id, known);
        Ok(known.admission)
    }

    pub(super) fn declare_solo(&mut self) -> Result<(), LogError> {
        let active = self.active_positions().len();
        if active > 0 {
            return Err(LogError::NotSolo { active });
        }
        self.file.solo = true;
        Ok(())
    }

    pub(super) fn ack(&mut self, id: Uuid, claim: AckAt) -> Result<AckOutcome, LogError> {
        self.ack_under(id, 1, claim)
    }

    pub(super) fn ack_under(
        &mut self,
        id: Uuid,
        given: u32,
        claim: AckAt,
    ) -> Result<AckOutcome, LogError> {
        self.refuse_own_and_retired(id)?;
        let found = self.known(id);
        if found.is_none() && self.unknown_peers == UnknownPeers::Refuse {
            return Err(LogError::UnknownPeer { peer: id.into() });
        }
        let newcomer = Known::new(RegisteredBy::Ack, self.now_ms);
        let mut known = found.unwrap_or(newcomer);
        let (acked, admission) = (known.acked, known.admission);
        if given != admission {
            let hlc = claim.hlc();
            if given > admission && self.is_of_this_log(claim) {
                self.note(VerdictKind::Admission, hlc, Some(id));
                return Err(LogError::AdmissionAhead {
                    peer: id.into(),
                    hlc,
                    given,
                    admission,
                });
            }
            return Err(LogError::OtherAdmission {
                peer: id.into(),
                given,
                admission,
            });
        }
        let outcome = self.judge(id, acked, claim)?;
        if !self.has_own_row(id) {
            self.file.solo = false;
        }
        let hlc = claim.hlc();
        if outcome == AckOutcome::Advanced {
            known.acked = hlc;
            known.acked_at_ms = self.now_ms;
        }
        if hlc >= acked && self.is_there(claim) {
            known.hold = None;
        }
        self.write(id, known);
        Ok(match found {
            Some(_) => outcome,
            None => AckOutcome::Registered,
        })
    }

    fn judge(&self, peer: Uuid, acked: Hlc, claim: AckAt) -> Result<AckOutcome, LogError> {
        let (hlc, head) = (claim.hlc(), self.file.head.hlc);
        let log_id = self.identity.log_id;
        match claim {
            AckAt::Cursor(cursor) if cursor != Cursor::ZERO && cursor.log_id() != log_id => {
                return Err(LogError::OtherLog {
                    requested: cursor.log_id(),
                    log_id,
                });
            }
            _ => {}
        }
        if hlc != Hlc::ZERO && hlc.device_id != DEVICE {
            return Err(LogError::ForeignOrigin {
                hlc,
                device_id: DEVICE.into(),
            });
        }
        if hlc > head {
            return Err(LogError::AckBeyondHead {
                peer: peer.into(),
                hlc,
                head,
            });
        }
        if hlc < acked {
            return Ok(AckOutcome::Stale);
        }
        if hlc == acked {
            return Ok(AckOutcome::Unchanged);
        }
        if !self.is_there(claim) {
            return Err(LogError::UnknownStamp {
                peer: peer.into(),
                hlc,
            });
        }
        Ok(AckOutcome::Advanced)
    }

    fn is_of_this_log(&self, claim: AckAt) -> bool {
        matches!(claim, AckAt::Cursor(cursor) if cursor.log_id() == self.identity.log_id)
    }

    /// Whether the claim names an entry or the floor of this log.
    fn is_there(&self, claim: AckAt) -> bool {
        match claim {
            AckAt::Stamp(hlc) => hlc.is_zero() || self.cursor(hlc).is_some(),
            AckAt::Cursor(cursor) => {
                cursor == Cursor::ZERO || self.cursor(cursor.hlc()) == Some(cursor)
            }
        }
    }
}
