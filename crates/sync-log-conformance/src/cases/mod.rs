//! The cases: each proves one sentence, on a storage of its own.

pub mod ack_order;
pub mod acks;
pub mod adopted;
pub mod anywhere;
pub mod append;
pub mod batch;
pub mod cancelled;
pub mod concurrent;
pub mod cursors;
pub mod explain;
pub mod handles;
pub mod identity;
pub mod keep;
pub mod observe;
pub mod pages;
pub mod payload;
pub mod prune;
pub mod prune_races;
pub mod registration;
pub mod restart;
pub mod restored;
pub mod retired;
pub mod retry;
pub mod rewound;
pub mod solo;
pub mod untrusted;
