//! Peers' rows are as acknowledged, or as the operation in flight leaves them.

use super::{Effect, Violation, peers_in_flight, whole_if};
use crate::file::LogFile;
use crate::model::Model;

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
