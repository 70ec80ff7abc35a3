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
        Fault::UndeclaredPeersIgnored => Defect::deciding(|_, decision| {
            if decision.kind == Kind::Prune {
                decision.shown.state.peers_declared = true;
            }
            decision.take()
        }),
        Fault::VerificationNotStored => Defect::deciding(|_, decision| {
            let mut changes = decision.take()?;
            let shown = decision.shown.peers.first();
            let shown = shown.and_then(facts);
            if let (Some(row), Some(facts)) = (&mut changes.peer, shown) {
                row.facts.verified = facts.verified;
            }
            Ok(changes)
        }),
        Fault::DeclarationNotStored => Defect::deciding(|_, decision| {
            let mut changes = decision.take()?;
            changes.peers_declared = None;
            Ok(changes)
        }),
        Fault::AlteredServed => Defect::paging(|_, _, view| {
            view.state.altered = None;
        }),
        Fault::AlteredIgnored => Defect::deciding(|_, decision| {
            decision.shown.state.altered = None;
            decision.take()
        }),
        _ => return None,
    })
}
