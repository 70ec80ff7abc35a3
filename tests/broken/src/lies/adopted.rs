//! A log that was adopted, or has to be (`I3`, `I4`).

use crate::decision::Kind;
use crate::fault::Fault;
use crate::handle::Defect;
use crate::lies::acks::{facts, facts_mut};

pub(super) fn defect(fault: Fault) -> Option<Defect> {
    Some(match fault {
        Fault::AdoptedAcksTrusted => Defect {
            rows: Some(|_, _, rows| {
                for facts in rows.iter_mut().filter_map(facts_mut) {
                    facts.verified = true;
                }
            }),
            ..Defect::default()
        },
        Fault::UndeclaredPeersIgnored => Defect::misleading(|decision| {
            if decision.kind == Kind::Prune {
                decision.shown.state.peers_declared = true;
            }
        }),
        Fault::VerificationNotStored => Defect::amending(|decision, changes| {
            let shown = decision.shown.peers.first();
            let shown = shown.and_then(facts);
            if let (Some(row), Some(facts)) = (&mut changes.peer, shown) {
                row.facts.verified = facts.verified;
            }
        }),
        Fault::DeclarationNotStored => Defect::amending(|_, changes| {
            changes.peers_declared = None;
        }),
        Fault::AlteredServed => Defect::paging(|_, _, view| {
            view.state.altered = None;
        }),
        Fault::AlteredIgnored => Defect::misleading(|decision| {
            decision.shown.state.altered = None;
        }),
        _ => return None,
    })
}
