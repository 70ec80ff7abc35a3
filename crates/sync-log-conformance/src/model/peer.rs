//! Peers and their acks, in the reference.

use sync_log_core::{
    AckFault, AckOutcome, Cursor, Hlc, LogError, PeerFacts, PeerRow, PeerState, RegisteredBy,
    Registration, RetireReason, UnknownPeers, UntrustedRow, Uuid,
};

use super::reference::Reference;
use crate::rig::DEVICE;

/// What is stored about a peer.
#[derive(Debug, Clone)]
pub(super) struct ModelPeer {
    /// The text of its ack.
    pub(super) acked: String,
    pub(super) acked_at_ms: i64,
    pub(super) registered_by: RegisteredBy,
    pub(super) registered_at_ms: i64,
    pub(super) retired_at_ms: Option<i64>,
    pub(super) hold: Option<Hlc>,
    pub(super) admission: u32,
}

impl ModelPeer {
    fn new(registered_by: RegisteredBy, now_ms: i64) -> Self {
        Self {
            acked: Hlc::ZERO.to_string(),
            acked_at_ms: now_ms,
            registered_by,
            registered_at_ms: now_ms,
            retired_at_ms: None,
            hold: None,
            admission: 1,
        }
    }

    pub(super) fn row(&self, id: Uuid) -> PeerRow {
        let state = match self.retired_at_ms {
            None => PeerState::Active,
            Some(since_ms) => PeerState::Retired {
                since_ms,
                reason: RetireReason::Operator,
            },
        };
        PeerRow {
            peer_device_id: id.to_string(),
            last_acked_hlc: self.acked.clone(),
            acked_at_ms: self.acked_at_ms,
            facts: Some(PeerFacts {
                state,
                registered_by: self.registered_by,
                registered_at_ms: self.registered_at_ms,
                admission: self.admission,
                hold: self.hold,
                verified: true,
            }),
        }
    }

    /// The ack, if the row can be trusted.
    pub(super) fn trusted(&self, head: Hlc) -> Result<Hlc, AckFault> {
        let Ok(acked) = self.acked.parse::<Hlc>() else {
            return Err(AckFault::HlcText);
        };
        if acked.is_zero() {
            Ok(acked)
        } else if acked.device_id != DEVICE {
            Err(AckFault::ForeignHlc)
        } else if acked > head {
            Err(AckFault::AboveHead)
        } else {
            Ok(acked)
        }
    }
}

/// What a peer acknowledges.
#[derive(Debug, Clone, Copy)]
pub(super) enum Claim {
    Stamp(Hlc),
    Cursor(Cursor),
}

impl Reference {
    /// The places of all active peers, if every row can be trusted.
    pub(super) fn active_positions(&self) -> Result<Vec<Hlc>, AckFault> {
        let mut positions = Vec::new();
        for peer in self.file.peers.values() {
            let acked = peer.trusted(self.file.head)?;
            if peer.retired_at_ms.is_none() {
                positions.push(peer.hold.map_or(acked, |hold| hold.min(acked)));
            }
        }
        Ok(positions)
    }

    fn untrusted(&self, id: Uuid) -> Result<Hlc, LogError> {
        let trusted = self.file.peers[&id].trusted(self.file.head);
        trusted.map_err(|fault| {
            LogError::UntrustedRow(UntrustedRow {
                peer_device_id: id.to_string(),
                fault,
            })
        })
    }

    fn refuse_own_and_retired(&self, id: Uuid) -> Result<(), LogError> {
        if id == DEVICE {
            return Err(LogError::OwnPeer { peer: id });
        }
        match self.file.peers.get(&id).and_then(|p| p.retired_at_ms) {
            Some(since_ms) => Err(LogError::PeerRetired {
                peer: id,
                since_ms,
                reason: RetireReason::Operator,
            }),
            None => Ok(()),
        }
    }

    pub(super) fn register(&mut self, id: Uuid) -> Result<Registration, LogError> {
        self.refuse_own_and_retired(id)?;
        if self.file.peers.contains_key(&id) {
            self.untrusted(id)?;
            return Ok(Registration::Known);
        }
        let peer = ModelPeer::new(RegisteredBy::App, self.now_ms);
        self.file.peers.insert(id, peer);
        self.file.solo = false;
        Ok(Registration::New)
    }

    pub(super) fn retire(&mut self, id: Uuid) -> Result<(), LogError> {
        if !self.file.peers.contains_key(&id) {
            return Err(LogError::UnknownPeer { peer: id });
        }
        self.untrusted(id)?;
        let now_ms = self.now_ms;
        let peer = self.file.peers.get_mut(&id).unwrap();
        peer.retired_at_ms.get_or_insert(now_ms);
        Ok(())
    }

    pub(super) fn admit(&mut self, id: Uuid) -> Result<u32, LogError> {
        if !self.file.peers.contains_key(&id) {
            return Err(LogError::UnknownPeer { peer: id });
        }
        self.untrusted(id)?;
        let now_ms = self.now_ms;
        let peer = self.file.peers.get_mut(&id).unwrap();
        if peer.retired_at_ms.is_some() {
            peer.retired_at_ms = None;
            peer.acked = Hlc::ZERO.to_string();
            peer.acked_at_ms = now_ms;
            peer.hold = None;
            peer.admission += 1;
            self.file.solo = false;
        }
        Ok(self.file.peers[&id].admission)
    }

    pub(super) fn declare_solo(&mut self) -> Result<(), LogError> {
        let ids: Vec<Uuid> = self.file.peers.keys().copied().collect();
        for id in ids {
            self.untrusted(id)?;
        }
        let peers = self.file.peers.values();
        let active = peers.filter(|peer| peer.retired_at_ms.is_none()).count();
        if active > 0 {
            return Err(LogError::NotSolo { active });
        }
        self.file.solo = true;
        Ok(())
    }

    pub(super) fn ack(&mut self, id: Uuid, claim: Claim) -> Result<AckOutcome, LogError> {
        self.ack_under(id, 1, claim)
    }

    pub(super) fn ack_under(
        &mut self,
        id: Uuid,
        given: u32,
        claim: Claim,
    ) -> Result<AckOutcome, LogError> {
        self.refuse_own_and_retired(id)?;
        let known = self.file.peers.contains_key(&id);
        let acked = if known {
            self.untrusted(id)?
        } else {
            Hlc::ZERO
        };
        if !known && self.unknown_peers == UnknownPeers::Refuse {
            return Err(LogError::UnknownPeer { peer: id });
        }
        let admission = self.file.peers.get(&id).map_or(1, |peer| peer.admission);
        if given != admission {
            return Err(LogError::OtherAdmission {
                peer: id,
                given,
                admission,
            });
        }
        let outcome = self.judge(id, acked, claim)?;
        if !known {
            let peer = ModelPeer::new(RegisteredBy::Ack, self.now_ms);
            self.file.peers.insert(id, peer);
            self.file.solo = false;
        }
        let (hlc, there, now_ms) = (claim_hlc(claim), self.is_there(claim), self.now_ms);
        let peer = self.file.peers.get_mut(&id).unwrap();
        if outcome == AckOutcome::Advanced {
            peer.acked = hlc.to_string();
            peer.acked_at_ms = now_ms;
        }
        if hlc >= acked && there {
            peer.hold = None;
        }
        Ok(if known {
            outcome
        } else {
            AckOutcome::Registered
        })
    }

    fn judge(&self, peer: Uuid, acked: Hlc, claim: Claim) -> Result<AckOutcome, LogError> {
        let (hlc, head) = (claim_hlc(claim), self.file.head);
        let log_id = self.identity.log_id;
        match claim {
            Claim::Cursor(cursor) if cursor != Cursor::ZERO && cursor.log_id() != log_id => {
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
                device_id: DEVICE,
            });
        }
        if hlc > head {
            return Err(LogError::AckBeyondHead { peer, hlc, head });
        }
        if hlc < acked {
            return Ok(AckOutcome::Stale);
        }
        if hlc == acked {
            return Ok(AckOutcome::Unchanged);
        }
        if !self.is_there(claim) {
            return Err(LogError::UnknownStamp { peer, hlc });
        }
        Ok(AckOutcome::Advanced)
    }

    /// Whether the claim names an entry or the floor of this log.
    fn is_there(&self, claim: Claim) -> bool {
        match claim {
            Claim::Stamp(hlc) => hlc.is_zero() || self.cursor(hlc).is_some(),
            Claim::Cursor(cursor) => {
                cursor == Cursor::ZERO || self.cursor(cursor.hlc()) == Some(cursor)
            }
        }
    }
}

fn claim_hlc(claim: Claim) -> Hlc {
    match claim {
        Claim::Stamp(hlc) => hlc,
        Claim::Cursor(cursor) => cursor.hlc(),
    }
}
