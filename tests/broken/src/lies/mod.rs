//! The lies, by the part of the contract that they break.

mod append;
mod peers;
mod prune;
mod read;

use crate::defect::Defect;
use crate::fault::Fault;

/// What `fault` does wrong, and where. One that is in none of the files does
/// nothing wrong, and survives every test.
pub(crate) fn defect(fault: Fault) -> Defect {
    [append::defect, read::defect, peers::defect, prune::defect]
        .iter()
        .find_map(|of_part| of_part(fault))
        .unwrap_or_default()
}
