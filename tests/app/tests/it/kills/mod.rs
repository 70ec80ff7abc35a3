//! An app that shares its records is killed, and what is left is compared with what it had reported
//! (`W1`, `W2`, `W4`, `X2`).
//!
//! A child process has two devices, each with a database of the app's and a log, which is in a file of its
//! own (`SharedRecords::open`) or in the app's database (`SharedRecords::attach`). It changes rows in every
//! way in which an app may, exchanges pages, and says what it did. Its wall clock is set back by another
//! amount each time. The parent kills it from outside at any moment, or lets it abort at a statement of
//! the product, and then reads the files by plain SQL of its own. The files are kept from kill to kill, so
//! the next child recovers them, and may be killed while it does.
//!
//! ```sh
//! KILLS=1000 cargo test -p app --test it -- kills:: --nocapture
//! ```
//!
//! `KILLS_SEED` chooses another run. A run that finds something prints where the files are.

mod aim;
mod check;
mod child;
mod expected;
mod files;
mod group;
mod history;
mod line;
mod opening;
mod plan;
mod process;
mod product;
mod row;
mod rows;
mod series;
mod setup;
mod statements;
mod violation;

use line::{Fault, Kind};
use series::{Report, Run, Way};
use violation::{Violation, What};

use crate::common::database::Layout;

/// Kills of each kind in CI: a series of each setup, most of the second one.
const FEW: u32 = 32;

/// Kills within which a planted fault is found.
const ENOUGH: u32 = 100;

fn number(variable: &str, otherwise: u64) -> u64 {
    let number = std::env::var(variable).ok();
    number.map_or(otherwise, |number| number.parse().unwrap())
}

/// Kills children that run `test` once more, and finds nothing.
async fn kill<Test: Copy>(test: Test, layout: Layout, way: Way) {
    let kills = u32::try_from(number("KILLS", FEW.into())).unwrap();
    let run = Run {
        layout,
        way,
        kills,
        seed: number("KILLS_SEED", 1),
        fault: None,
    };
    let (report, violations) = series::run(test, run).await;
    eprintln!("{layout:?}, {way:?}: {report}");
    assert!(violations.is_empty(), "{}", list(&violations));
    assert_hits(&report);
}

fn list(violations: &[Violation]) -> String {
    let lines = violations.iter().take(20).map(|it| format!("\n  {it}"));
    format!(
        "{} violations:{}",
        violations.len(),
        lines.collect::<String>()
    )
}

/// A run proves something only if it killed what it is about. A short one may miss a kind.
fn assert_hits(report: &Report) {
    if report.kills < FEW {
        return;
    }
    assert!(report.changes > 50, "{report}");
    assert!(report.during.len() > 2, "{report}");
    if report.kills < ENOUGH {
        return;
    }
    for kind in [Kind::Make, Kind::Open, Kind::Write, Kind::Pull] {
        assert!(report.during.contains_key(&kind), "{kind:?}: {report}");
    }
}

/// A process that is a child works until it is killed.
async fn work_if_child() {
    if let Some(orders) = process::orders() {
        child::work(orders).await;
    }
}

#[tokio::test]
async fn an_app_that_is_killed_at_any_moment_has_each_change_with_its_entry() {
    work_if_child().await;
    let test = an_app_that_is_killed_at_any_moment_has_each_change_with_its_entry;
    kill(test, Layout::Outbox, Way::Kill).await;
}

#[tokio::test]
async fn an_app_that_ends_at_any_statement_has_each_change_with_its_entry() {
    work_if_child().await;
    let test = an_app_that_ends_at_any_statement_has_each_change_with_its_entry;
    kill(test, Layout::Outbox, Way::Abort).await;
}

#[tokio::test]
async fn an_app_with_the_log_in_its_database_has_each_change_with_its_entry_when_it_is_killed() {
    work_if_child().await;
    let test = an_app_with_the_log_in_its_database_has_each_change_with_its_entry_when_it_is_killed;
    kill(test, Layout::Attached, Way::Kill).await;
}

#[tokio::test]
async fn an_app_with_the_log_in_its_database_has_each_change_with_its_entry_at_any_statement() {
    work_if_child().await;
    let test = an_app_with_the_log_in_its_database_has_each_change_with_its_entry_at_any_statement;
    kill(test, Layout::Attached, Way::Abort).await;
}

#[tokio::test]
async fn an_app_that_records_a_row_after_its_commit_is_found_out() {
    work_if_child().await;
    let test = an_app_that_records_a_row_after_its_commit_is_found_out;
    for way in [Way::Kill, Way::Abort] {
        let found = found(test, way, Fault::RowThenRecord).await;
        assert_each_has(&found, What::RowWithoutVersion);
    }
}

#[tokio::test]
async fn an_app_that_records_a_row_before_its_commit_is_found_out() {
    work_if_child().await;
    let test = an_app_that_records_a_row_before_its_commit_is_found_out;
    let found = found(test, Way::Kill, Fault::RecordThenRow).await;
    assert_each_has(&found, What::VersionWithoutRow);
}

#[tokio::test]
async fn an_app_that_reports_a_change_before_its_commit_is_found_out() {
    work_if_child().await;
    let test = an_app_that_reports_a_change_before_its_commit_is_found_out;
    let found = found(test, Way::Kill, Fault::OkBeforeCommit).await;
    assert_each_has(&found, What::Lost);
}

/// What is found of an app with a fault in each layout, which has to be something.
async fn found<Test: Copy>(test: Test, way: Way, fault: Fault) -> [Vec<What>; 2] {
    let in_own_file = found_in(test, Layout::Outbox, way, fault).await;
    [
        in_own_file,
        found_in(test, Layout::Attached, way, fault).await,
    ]
}

async fn found_in<Test: Copy>(test: Test, layout: Layout, way: Way, fault: Fault) -> Vec<What> {
    let run = Run {
        layout,
        way,
        kills: ENOUGH,
        seed: number("KILLS_SEED", 1),
        fault: Some(fault),
    };
    let (report, violations) = series::run(test, run).await;
    eprintln!(
        "{layout:?}, {way:?}, {fault:?}: found after {} kills: {}",
        report.kills,
        list(&violations)
    );
    assert!(!violations.is_empty(), "{fault:?} was not found: {report}");
    violations
        .into_iter()
        .map(|violation| violation.what)
        .collect()
}

fn assert_each_has(found: &[Vec<What>; 2], what: What) {
    for in_layout in found {
        assert!(in_layout.contains(&what), "{in_layout:?}");
    }
}
