//! The process that kills.

mod files;
mod reopen;
mod round;
mod settings;
mod state;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};
use progress::Progress;

use crate::check::Violation;
use crate::report::Report;
use round::Round;
use state::Parent;

pub use settings::Settings;

/// A round in which something was found.
#[derive(Debug, Clone)]
pub struct Failure {
    pub round: u32,
    /// Its files, as they were after the kill.
    pub folder: PathBuf,
    pub violations: Vec<Violation>,
}

/// How a run ended.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub report: Report,
    /// The first failure, which ends a run.
    pub failure: Option<Failure>,
}

/// Kills children as `settings` say, up to the first violation.
pub fn run(settings: &Settings) -> Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let begin = Instant::now();
    let progress = Progress::new(settings.kills.into(), "kills");
    let mut parent = Parent::new(settings);
    let mut failure = None;
    for round in 1..=settings.kills {
        let violations = runtime.block_on(kill_in(&mut parent, round));
        let violations = violations.with_context(|| format!("failed in round {round}"))?;
        progress.show(round.into());
        if !violations.is_empty() {
            failure = Some(Failure {
                round,
                folder: parent.folder(round),
                violations,
            });
            break;
        }
    }
    progress.finish();
    parent.report.add(parent.model.counts);
    parent.report.wall = begin.elapsed();
    Ok(Outcome {
        report: parent.report,
        failure,
    })
}

async fn kill_in(parent: &mut Parent<'_>, round: u32) -> Result<Vec<Violation>> {
    parent.begin_round(round)?;
    let folder = parent.folder(round);
    let violations = Round::new(parent, round, &folder).run().await?;
    parent.report.note(&violations);
    Ok(violations)
}
