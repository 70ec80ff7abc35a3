//! What is stored about a peer, in the reference.

use sync_log_core::{
    Hlc, OwnRow, PeerFacts, PeerRow, PeerState, RegisteredBy, RetireReason, RowFault, Uuid,
};

use crate::sample::DEVICE;

/// What is stored about a peer.
#[derive(Debug, Clone)]
pub(super) struct ModelPeer {
    pub(super) own: Own,
    /// The mirror, which another program may read and may have written.
    pub(super) mirror: Option<String>,
}

/// The log's own row about a peer.
#[derive(Debug, Clone, Copy)]
pub(super) enum Own {
    Missing,
    /// It cannot be read, except perhaps the number of the admission.
    Spoiled(Option<u32>),
    Known(Known),
}

/// What the own row says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) acked: Hlc,
    pub(super) acked_at_ms: i64,
    pub(super) registered_by: RegisteredBy,
    pub(super) registered_at_ms: i64,
    pub(super) retired_at_ms: Option<i64>,
    pub(super) hold: Option<Hlc>,
    pub(super) admission: u32,
}

impl Known {
    pub(super) fn new(registered_by: RegisteredBy, now_ms: i64) -> Self {
        Self {
            acked: Hlc::ZERO,
            acked_at_ms: now_ms,
            registered_by,
            registered_at_ms: now_ms,
            retired_at_ms: None,
            hold: None,
            admission: 1,
        }
    }

    /// The ack on which pruning relies.
    pub(super) fn position(&self) -> Hlc {
        self.hold.map_or(self.acked, |hold| hold.min(self.acked))
    }

    fn row(&self) -> OwnRow {
        let state = match self.retired_at_ms {
            None => PeerState::Active,
            Some(since_ms) => PeerState::Retired {
                since_ms,
                reason: RetireReason::Operator,
            },
        };
        OwnRow::Known {
            acked: self.acked,
            acked_at_ms: self.acked_at_ms,
            facts: PeerFacts {
                state,
                registered_by: self.registered_by,
                registered_at_ms: self.registered_at_ms,
                admission: self.admission,
                hold: self.hold,
                verified: true,
            },
        }
    }
}

impl ModelPeer {
    pub(super) fn row(&self, id: Uuid) -> PeerRow {
        PeerRow {
            peer_device_id: id.to_string(),
            own: match self.own {
                Own::Missing => None,
                Own::Spoiled(admission) => Some(OwnRow::Unreadable { admission }),
                Own::Known(known) => Some(known.row()),
            },
            mirror: self.mirror.clone(),
        }
    }

    /// How the peer counts: an impossible ack is no ack.
    pub(super) fn known(&self, head: Hlc) -> Known {
        let nothing = Known::new(RegisteredBy::Adoption, 0);
        match self.own {
            Own::Missing => nothing,
            Own::Spoiled(admission) => Known {
                admission: admission.unwrap_or(1 << 31),
                ..nothing
            },
            Own::Known(known) if is_possible(known.acked, head) => known,
            Own::Known(known) => Known {
                acked: Hlc::ZERO,
                ..known
            },
        }
    }

    pub(super) fn fault(&self, head: Hlc) -> Option<RowFault> {
        match self.own {
            Own::Missing => Some(RowFault::NotRegistered),
            Own::Spoiled(_) => Some(RowFault::Unreadable),
            Own::Known(known) if !is_possible(known.acked, head) => Some(RowFault::ImpossibleAck),
            Own::Known(known) => {
                let is_same = self.mirror == Some(known.acked.to_string());
                (!is_same).then_some(RowFault::OtherMirror)
            }
        }
    }
}

fn is_possible(acked: Hlc, head: Hlc) -> bool {
    acked.is_zero() || acked.device_id == DEVICE && acked <= head
}
