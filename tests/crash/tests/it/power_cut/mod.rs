//! The power is cut: only what was synced is sure to be there, and what was
//! written since is there up to any byte, torn, or in any order.
//!
//! A kill does not show this, because the system still has what was written. So
//! a child works one operation at a time, and after each the files are read as
//! they are. With `synchronous=FULL` the WAL is synced at each `Ok`: what it
//! was after an operation is there after every later cut. What the next
//! operation wrote beyond that is cut at every frame, inside frames, and torn;
//! what a checkpoint wrote is mixed with what was there before.

mod cuts;
mod image;
mod recording;
mod verdict;

use crash::child::Role;
use crash::line::Operation;

use cuts::Density;
use recording::{Moment, Recording};
use verdict::Verdicts;

/// Operations of a run; each writes some frames.
const OPERATIONS: usize = 70;

#[tokio::test]
async fn every_cut_leaves_a_state_that_the_acknowledgements_allow() {
    let mut recording = Recording::start(Role::Stepper, 11);
    let mut verdicts = Verdicts::new();
    for number in 0..OPERATIONS {
        let Some(moment) = recording.step(number % 6 == 5) else {
            break;
        };
        verdicts.judge(&moment, Density::Full).await;
    }
    let counts = verdicts.counts;
    eprintln!("{counts:?}");
    assert_eq!(counts.operations, OPERATIONS);
    assert!(counts.boundaries > 200, "{counts:?}");
    assert!(counts.images > 3 * counts.boundaries, "{counts:?}");
    assert!(counts.checkpoints >= 8, "{counts:?}");
    assert!(counts.restarts >= 4, "{counts:?}");
    assert!(counts.opened > 100, "{counts:?}");
    assert!(counts.made > 50, "{counts:?}");
    assert_eq!(counts.unseen, 0, "{counts:?}");
}

#[tokio::test]
async fn a_cut_between_the_chunks_of_a_prune_leaves_whole_chunks() {
    let mut recording = Recording::start(Role::Hoarder, 5);
    let mut verdicts = Verdicts::new();
    let mut pruned = false;
    while !pruned {
        // Small WALs, so that the prune's frames are what is cut.
        let moment = recording.step(true).unwrap();
        pruned = matches!(moment.operation(), Operation::Prune);
        let density = if pruned {
            Density::Boundaries
        } else {
            Density::End
        };
        verdicts.judge(&moment, density).await;
    }
    let counts = verdicts.counts;
    eprintln!("{counts:?}");
    assert!(counts.parts > 1, "{counts:?}");
    assert!(counts.boundaries > 100, "{counts:?}");
}

/// The tables are made in one transaction, and the rows sorted in another.
#[tokio::test]
async fn a_cut_during_an_adoption_leaves_every_row_and_a_file_that_is_adopted_next() {
    let mut recording = Recording::start(Role::Stepper, 13);
    let mut verdicts = Verdicts::new();
    while verdicts.counts.adoptions < 2 {
        let moment = recording.step(false).unwrap();
        verdicts.judge_made(&moment).await;
    }
    let counts = verdicts.counts;
    eprintln!("{counts:?}");
    assert!(counts.not_adopted > 100, "{counts:?}");
    assert!(counts.adopted > 0, "{counts:?}");
}

/// The check can fail: what is acknowledged and is not in the synced part of
/// the WAL is missed, whatever the operation.
#[tokio::test]
async fn a_promise_that_was_not_synced_is_missed() {
    let mut recording = Recording::start(Role::Stepper, 12);
    let mut verdicts = Verdicts::new();
    for _ in 0..OPERATIONS {
        let moment = recording.step(false).unwrap();
        if wrote(&moment) {
            verdicts.assert_missed(&moment);
        }
    }
    let counts = verdicts.counts;
    eprintln!("{counts:?}");
    assert!(counts.missed >= 30, "{counts:?}");
}

/// Whether the operation promises anything that the frames hold: the room that
/// is given back after a prune is no promise.
fn wrote(moment: &Moment) -> bool {
    !moment.growth().is_empty() && !matches!(moment.operation(), Operation::Reopen)
}
