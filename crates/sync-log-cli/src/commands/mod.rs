//! The commands that read a log, or change it.

mod adopt;
mod cause;
mod change;
mod dismiss;
mod done;
mod entries;
mod explain;
mod import;
mod peers;
mod print;
mod status;
mod verify;

pub(crate) use adopt::{adopt, trust};
pub(crate) use change::{admit, prune, register, retire, solo};
pub(crate) use dismiss::dismiss;
pub(crate) use entries::{export, show, tail};
pub(crate) use explain::explain;
pub(crate) use import::import;
pub(crate) use peers::peers;
pub(crate) use print::{completions, man};
pub(crate) use status::status;
pub(crate) use verify::verify;
