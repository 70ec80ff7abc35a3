//! Children are killed, and the parent finds what it should: nothing in a sound
//! log, and the fault in a child that has one.

use std::path::Path;

use crash::check::Violation;
use crash::child::Fault;
use crash::entry::OTHER;
use crash::parent::{Outcome, Settings, run};

/// Kills within which a planted fault is found.
const ENOUGH: u32 = 300;

fn kill(kills: u32, seed: u64, fault: Option<Fault>) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    run(&Settings {
        program: Path::new(env!("CARGO_BIN_EXE_crash")).to_owned(),
        kills,
        seed,
        dir: folder.path().to_owned(),
        fault,
    })
    .unwrap()
}

#[test]
fn fifty_kills_lose_nothing_and_hit_every_kind_of_operation() {
    let Outcome { report, failure } = kill(50, 1, None);
    assert!(failure.is_none(), "{failure:#?}\n{report}");
    assert_eq!(report.missed(), [], "{report}");
    assert!(report.counts.entries > 500, "{report}");
    assert!(report.companions > 0, "{report}");
    assert!(report.reopens > 50, "{report}");
    assert!(report.counts.moved > 5, "{report}");
    assert!(report.counts.copied > 5, "{report}");
    assert!(report.counts.refused > 2, "{report}");
}

#[test]
fn a_child_that_says_ok_before_the_commit_is_found_out() {
    let found = found(Fault::AnnounceBeforeCommit);
    let is_loss = |violation: &Violation| {
        matches!(
            violation,
            Violation::Lost { .. } | Violation::AckBack { .. } | Violation::PeerRow { .. }
        )
    };
    assert!(found.iter().any(is_loss), "{found:#?}");
}

#[test]
fn a_child_that_tears_a_batch_is_found_out() {
    let found = found(Fault::TornBatch);
    let is_torn = |violation: &Violation| matches!(violation, Violation::TornBatch { .. });
    assert!(found.iter().any(is_torn), "{found:#?}");
}

#[test]
fn a_child_that_follows_the_name_of_a_file_that_was_moved_is_found_out() {
    let found = found(Fault::IdentityNotCompared);
    // Its stamp shows at once, if that is not above those of the log that it left.
    let is_of_other = |violation: &Violation| match violation {
        Violation::StampNotAbove { hlc, .. } | Violation::Lost { hlc } => hlc.device_id == OTHER,
        Violation::Stray { .. } => true,
        _ => false,
    };
    assert!(found.iter().all(is_of_other), "{found:#?}");
}

#[test]
fn a_child_that_leaves_the_log_instead_of_closing_it_is_found_out() {
    let found = found(Fault::CloseWithoutCheckpoint);
    assert!(found.iter().any(is_incomplete_copy), "{found:#?}");
}

#[test]
fn a_child_that_copies_the_file_instead_of_backing_up_is_found_out() {
    let found = found(Fault::CopyInsteadOfBackup);
    assert!(found.iter().any(is_incomplete_copy), "{found:#?}");
}

#[test]
fn a_child_that_opens_before_it_checks_the_options_is_found_out() {
    let found = found(Fault::OptionCheckedLate);
    let is_touched = |violation: &Violation| matches!(violation, Violation::Touched { .. });
    assert!(found.iter().all(is_touched), "{found:#?}");
}

fn is_incomplete_copy(violation: &Violation) -> bool {
    let Violation::InCopy { what, .. } = violation else {
        return false;
    };
    matches!(**what, Violation::Lost { .. } | Violation::NoLog)
}

fn found(fault: Fault) -> Vec<Violation> {
    let Outcome { report, failure } = kill(ENOUGH, 1, Some(fault));
    let failure = failure.unwrap_or_else(|| panic!("{fault:?} was not found:\n{report}"));
    assert!(!failure.violations.is_empty(), "{failure:#?}");
    failure.violations
}
