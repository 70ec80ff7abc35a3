//! What this program makes of a peer's rows (`P5`).

use sync_log_core::{Hlc, LogState, OwnRow, PeerRow};

use crate::common::{entry, peer_at, state};

/// A log whose head is entry 5.
fn at_five() -> LogState {
    let mut state = state();
    state.head.hlc = entry(5).hlc;
    state
}

#[test]
fn an_admission_that_cannot_be_read_is_above_every_number_that_is_given() {
    let admission = |admission| {
        let row = PeerRow {
            own: Some(OwnRow::Unreadable { admission }),
            ..peer_at(entry(3).hlc)
        };
        row.peer(&at_five()).unwrap().facts.admission
    };
    assert_eq!(admission(None), 0x8000_0000);
    assert_eq!(admission(Some(7)), 7);
}

#[test]
fn a_row_claims_an_ack_above_the_own_one_that_can_be_true() {
    let claim = |mirror: Hlc| {
        let row = PeerRow {
            mirror: Some(mirror.to_string()),
            ..peer_at(entry(3).hlc)
        };
        row.claim(&at_five())
    };
    assert_eq!(claim(entry(2).hlc), None, "it went back");
    assert_eq!(claim(entry(3).hlc), None, "it is the own ack");
    assert_eq!(claim(entry(4).hlc), Some(entry(4).hlc));
    assert_eq!(claim(entry(6).hlc), None, "it is above the head");
    let mut adopted = peer_at(entry(3).hlc);
    if let Some(OwnRow::Known { facts, .. }) = &mut adopted.own {
        facts.verified = false;
    }
    assert_eq!(adopted.claim(&at_five()), Some(entry(3).hlc));
}
