//! The faults of the earlier design, each as a test that its successor passes.
//!
//! The program that this design comes from shipped with them; each test says in
//! one sentence what happened to its users. Where the store matters, a test runs
//! on the store in memory and on the one in a file.
//!
//! These faults are the receiver's, the protocol's or the snapshot's, and their
//! tests come with those:
//! - an ack of one entry is read as an ack of all before it, so that an entry
//!   that failed to apply is pruned;
//! - acks are sent before the apply;
//! - duplicates are never acknowledged again;
//! - last-writer-wins looks up the newest version in the pruned log;
//! - snapshots are cut off silently;
//! - full buffers drop the newest message;
//! - the receiving half of three faults whose other half is tested here: that a
//!   change without an entry is found again ([`order`]), that a receiver
//!   acknowledges for itself only ([`acks`]), and that it keeps one place for
//!   each origin ([`reading`]).

/// Makes two tests of each story: one in memory, one in a file.
macro_rules! on_both_stores {
    ($($story:ident)+) => {
        mod in_memory {
            $(#[tokio::test]
            async fn $story() {
                super::$story(crate::known_faults::device::Device::in_memory()).await;
            })+
        }

        mod in_a_file {
            $(#[tokio::test]
            async fn $story() {
                super::$story(crate::known_faults::device::Device::in_a_file()).await;
            })+
        }
    };
}

mod acks;
mod clock;
mod device;
mod file;
mod order;
mod pruning;
mod reading;
