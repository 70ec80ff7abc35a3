//! Peers' rows are as acknowledged, or as the operation in flight leaves them.

use super::effect::{Effect, whole_if};
use super::violation::Violation;
use crate::file::LogFile;
use crate::line::Operation;
use crate::model::{InFlight, Model, NEWCOMER, Peers, acked, rewound};

pub(super) fn check(
    model: &Model,
    file: &LogFile,
    violations: &mut Vec<Violation>,
) -> Option<Effect> {
    let in_flight = peers_in_flight(model);
    if file.peers == model.peers {
        return in_flight.map(|_| Effect::None);
    }
    if in_flight.as_ref() == Some(&file.peers) {
        return Some(whole_if(true));
    }
    for (peer, row) in &model.peers {
        match file.peers.get(peer) {
            Some(found) if found.acked < row.acked => violations.push(Violation::AckBack {
                peer: *peer,
                found: found.acked,
                acknowledged: row.acked,
            }),
            Some(found) if found == row => {}
            _ => violations.push(Violation::PeerRow { peer: *peer }),
        }
    }
    let strangers = file
        .peers
        .keys()
        .filter(|peer| !model.peers.contains_key(*peer));
    violations.extend(strangers.map(|peer| Violation::PeerRow { peer: *peer }));
    None
}

/// The peers as the operation in flight leaves them, if it is about them.
fn peers_in_flight(model: &Model) -> Option<Peers> {
    let InFlight { what, .. } = model.in_flight.as_ref()?;
    let mut peers = model.peers.clone();
    match what {
        Operation::Register { peer } => {
            peers.entry(*peer).or_insert(NEWCOMER);
        }
        Operation::Ack { peer, through } | Operation::OnAck { peer, through } => {
            let row = peers.entry(*peer).or_insert(NEWCOMER);
            *row = acked(*row, *through);
        }
        Operation::Rewind { peer, at } => {
            let row = peers.get_mut(peer)?;
            *row = rewound(*row, *at);
        }
        _ => return None,
    }
    (peers != model.peers).then_some(peers)
}
