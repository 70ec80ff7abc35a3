//! The lies, by the part of the contract that they break.

mod acks;
mod adopted;
mod append;
mod batch;
mod chain;
mod clocks;
mod content;
mod cursors;
mod durable;
mod floor;
mod identity;
mod lags;
mod marks;
mod pages;
mod peers;
mod prune;
mod rows;
mod solo;
mod verdicts;
mod watching;

use crate::fault::Fault;
use crate::handle::Defect;

const PARTS: [fn(Fault) -> Option<Defect>; 20] = [
    acks::defect,
    adopted::defect,
    append::defect,
    batch::defect,
    chain::defect,
    clocks::defect,
    content::defect,
    cursors::defect,
    durable::defect,
    floor::defect,
    identity::defect,
    lags::defect,
    marks::defect,
    pages::defect,
    peers::defect,
    prune::defect,
    rows::defect,
    solo::defect,
    verdicts::defect,
    watching::defect,
];

/// What `fault` does wrong, and where. One that is in none of the files does
/// nothing wrong, and survives every test.
pub(crate) fn defect(fault: Fault) -> Defect {
    let found = PARTS.iter().find_map(|of_part| of_part(fault));
    found.unwrap_or_default()
}
