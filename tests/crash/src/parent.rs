//! The process that kills.

mod reopen;
mod round;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};

use crate::aim::Aim;
use crate::check::Violation;
use crate::child::Fault;
use crate::model::Model;
use crate::progress::Progress;
use crate::report::Report;
use round::Round;

/// A file goes on being used for so many kills.
const KILLS_PER_FILE: u32 = 25;

/// What a run is to do.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The program that is also the child.
    pub program: PathBuf,
    /// How many times to kill.
    pub kills: u32,
    /// Chooses everything but the exact moments, which the machine has a say in.
    pub seed: u64,
    /// Where the files are.
    pub dir: PathBuf,
    /// A fault for every child.
    pub fault: Option<Fault>,
}

/// A round in which something was found.
#[derive(Debug, Clone)]
pub struct Failure {
    /// Which.
    pub round: u32,
    /// Its files, as they were after the kill.
    pub folder: PathBuf,
    /// What was found.
    pub violations: Vec<Violation>,
}

/// How a run ended.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// What was counted.
    pub report: Report,
    /// The first failure, which ends a run.
    pub failure: Option<Failure>,
}

/// Kills children as `settings` say, up to the first violation.
///
/// # Errors
/// If something fails that is not under test.
pub fn run(settings: &Settings) -> Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let begin = Instant::now();
    let mut progress = Progress::new(settings.kills);
    let mut parent = Parent {
        aim: Aim::new(settings.seed),
        report: Report::default(),
        model: Model::new(),
        settings,
    };
    let mut failure = None;
    for round in 1..=settings.kills {
        let violations = runtime.block_on(parent.round(round));
        let violations = violations.with_context(|| format!("failed in round {round}"))?;
        progress.show(round);
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

struct Parent<'a> {
    aim: Aim,
    report: Report,
    model: Model,
    settings: &'a Settings,
}

impl Parent<'_> {
    /// The folder of the file that is used in `round`.
    fn folder(&self, round: u32) -> PathBuf {
        let file = (round - 1) / KILLS_PER_FILE;
        self.settings.dir.join(format!("file-{file}"))
    }

    async fn round(&mut self, round: u32) -> Result<Vec<Violation>> {
        let folder = self.folder(round);
        if (round - 1).is_multiple_of(KILLS_PER_FILE) {
            self.begin_file(round)?;
        }
        let violations = Round::new(self, round, &folder).run().await?;
        self.report.note(&violations);
        Ok(violations)
    }

    /// Another file, another model; what was counted stays.
    fn begin_file(&mut self, round: u32) -> Result<()> {
        self.report.add(std::mem::take(&mut self.model).counts);
        if round > 1 {
            remove(&self.folder(round - 1))?;
        }
        let folder = self.folder(round);
        remove(&folder)?;
        Ok(std::fs::create_dir_all(folder)?)
    }
}

fn remove(folder: &Path) -> Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    Ok(())
}
