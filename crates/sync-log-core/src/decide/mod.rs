//! Every decision of the log, as functions from values to values.

pub(crate) mod ack;
pub(crate) mod age;
pub(crate) mod append;
pub(crate) mod clock;
pub(crate) mod content;
pub(crate) mod explain;
pub(crate) mod identity;
pub(crate) mod observe;
pub(crate) mod peers;
pub(crate) mod prune;
pub(crate) mod read;
pub(crate) mod status;
