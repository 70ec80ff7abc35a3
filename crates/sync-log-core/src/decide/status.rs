//! Where a log stands: a pure function over one survey.

use hlc::Hlc;

use super::age::age;
use super::clock;
use crate::model::judge;
use crate::model::{LogState, Peer, PeerRow, Status};
use crate::store::Survey;

pub(crate) fn positions(_: &LogState, _: &[PeerRow]) -> Vec<Hlc> {
    vec![Hlc::ZERO]
}

pub(crate) fn status(survey: &Survey, now_ms: i64) -> Status {
    let state = &survey.state;
    let pending = survey.extents.first().copied().unwrap_or_default();
    let judged = || survey.peers.iter().map(|row| row.judge(state));
    let peers = || survey.peers.iter().filter_map(|row| row.peer(state));
    let active = || peers().filter(Peer::is_active);
    Status {
        identity: state.identity,
        head: state.head.hlc,
        floor: state.floor.hlc,
        high_water: state.high_water,
        clock_ahead_ms: judge::ahead_ms(clock::reached(state), now_ms),
        pending_entries: pending.entries,
        pending_bytes: pending.bytes,
        oldest_age_ms: pending.oldest_created_at_ms.map_or(0, |at| age(at, now_ms)),
        active_peers: active().count(),
        retired_peers: peers().filter(|peer| !peer.is_active()).count(),
        unverified_peers: active().filter(|peer| !peer.facts.verified).count(),
        untrusted_rows: judged().filter(Result::is_err).count(),
        solo: state.solo,
        peers_declared: state.peers_declared,
        verdicts: survey.signs(),
        altered: state.altered,
    }
}
