//! A peer's rows. No value in them is reported as damage, because core judges the rows (`P5`).

use sync_log_core::{OwnRow, Peer, PeerFacts, PeerRow, PeerState, RegisteredBy, RetireReason};

use super::columns::Columns;
use crate::driver::Cell;
use crate::entity::time;
use crate::entity::{StoredValue, peer_acks, peers};

/// The columns of the mirror that [`peer`] reads.
pub(crate) const MIRROR: [peer_acks::Column; 2] = [
    peer_acks::Column::PeerDeviceId,
    peer_acks::Column::LastAckedHlc,
];

/// The columns of the mirror.
pub(crate) const ACK: [peer_acks::Column; 3] = [
    peer_acks::Column::PeerDeviceId,
    peer_acks::Column::LastAckedHlc,
    peer_acks::Column::AckedAt,
];

/// The columns of this program's own row, which [`peer`] reads after those of [`MIRROR`].
pub(crate) const PEER: [peers::Column; 11] = [
    peers::Column::PeerDeviceId,
    peers::Column::State,
    peers::Column::Admission,
    peers::Column::RegisteredBy,
    peers::Column::RegisteredAt,
    peers::Column::RetiredAt,
    peers::Column::RetiredReason,
    peers::Column::Hold,
    peers::Column::Verified,
    peers::Column::Acked,
    peers::Column::AckedAt,
];

/// A peer's row in either table; `None` if neither was joined.
pub(crate) fn peer(columns: &mut Columns<'_, '_>) -> Option<PeerRow> {
    let mirrored = columns.any_or_null();
    let acked = columns.any_or_null().unwrap_or_default();
    let known = columns.any_or_null();
    let cells = Cells::take(columns);
    let peer_device_id = known.as_ref().or(mirrored.as_ref())?.to_string();
    Some(PeerRow {
        peer_device_id,
        own: known.map(|_| cells.row()),
        mirror: mirrored.map(|_| acked.into_owned()),
    })
}

/// The columns of an own row after its key.
struct Cells<'a> {
    state: Cell<'a>,
    admission: Cell<'a>,
    registered_by: Cell<'a>,
    registered_at: Cell<'a>,
    retired_at: Cell<'a>,
    retired_reason: Cell<'a>,
    hold: Cell<'a>,
    verified: Cell<'a>,
    acked: Cell<'a>,
    acked_at: Cell<'a>,
}

impl<'a> Cells<'a> {
    fn take(columns: &mut Columns<'_, 'a>) -> Self {
        // As they are written here, which is the order of `PEER`.
        Self {
            state: columns.cell(),
            admission: columns.cell(),
            registered_by: columns.cell(),
            registered_at: columns.cell(),
            retired_at: columns.cell(),
            retired_reason: columns.cell(),
            hold: columns.cell(),
            verified: columns.cell(),
            acked: columns.cell(),
            acked_at: columns.cell(),
        }
    }

    fn row(&self) -> OwnRow {
        let admission = self.admission();
        self.known(admission)
            .unwrap_or(OwnRow::Unreadable { admission })
    }

    /// The row, if every column can be read.
    fn known(&self, admission: Option<u32>) -> Option<OwnRow> {
        let registered_at_ms = time::from_text(text(&self.registered_at)?)?;
        let facts = PeerFacts {
            state: self.state()?,
            registered_by: RegisteredBy::from_stored(text(&self.registered_by)?)?,
            registered_at_ms,
            admission: admission?,
            hold: match &self.hold {
                Cell::Null => None,
                hold => Some(text(hold)?.parse().ok()?),
            },
            verified: match self.verified {
                Cell::Integer(0) => false,
                Cell::Integer(1) => true,
                _ => return None,
            },
        };
        Some(OwnRow::Known {
            acked: text(&self.acked)?.parse().ok()?,
            acked_at_ms: match &self.acked_at {
                Cell::Null => registered_at_ms,
                acked_at => time::from_text(text(acked_at)?)?,
            },
            facts,
        })
    }

    fn state(&self) -> Option<PeerState> {
        match text(&self.state)? {
            "active" => Some(PeerState::Active),
            "retired" => Some(PeerState::Retired {
                since_ms: time::from_text(text(&self.retired_at)?)?,
                reason: RetireReason::from_stored(text(&self.retired_reason)?)?,
            }),
            _ => None,
        }
    }

    /// Admissions count from 1.
    fn admission(&self) -> Option<u32> {
        match self.admission {
            Cell::Integer(number) => u32::try_from(number).ok().filter(|number| *number > 0),
            _ => None,
        }
    }
}

fn text<'c>(cell: &'c Cell<'_>) -> Option<&'c str> {
    match cell {
        Cell::Text(text) => Some(text),
        _ => None,
    }
}

/// The values of [`ACK`].
pub(crate) fn ack_values(peer: &Peer) -> [StoredValue; 3] {
    [
        peer.device_id.to_string().into(),
        peer.acked.to_string().into(),
        time::to_text(peer.acked_at_ms).into(),
    ]
}

/// The values of [`PEER`].
pub(crate) fn peer_values(peer: &Peer) -> [StoredValue; 11] {
    let facts = &peer.facts;
    let (state, retired) = match facts.state {
        PeerState::Active => ("active", None),
        PeerState::Retired { since_ms, reason } => ("retired", Some((since_ms, reason))),
    };
    [
        peer.device_id.to_string().into(),
        state.to_owned().into(),
        i64::from(facts.admission).into(),
        facts.registered_by.as_str().to_owned().into(),
        time::to_text(facts.registered_at_ms).into(),
        retired.map(|(since_ms, _)| time::to_text(since_ms)).into(),
        retired.map(|(_, reason)| reason.as_str().to_owned()).into(),
        facts.hold.map(|hold| hold.to_string()).into(),
        i64::from(facts.verified).into(),
        peer.acked.to_string().into(),
        time::to_text(peer.acked_at_ms).into(),
    ]
}
