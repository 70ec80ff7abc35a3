//! The atomic word of the clock: the one of `core`, or the one of loom, which tries every
//! interleaving.

#[cfg(not(loom))]
pub(crate) use core::sync::atomic::{AtomicU64, Ordering};
#[cfg(loom)]
pub(crate) use loom::sync::atomic::{AtomicU64, Ordering};
