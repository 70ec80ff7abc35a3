//! `demo`: a real history over several devices, judged by an oracle.
//!
//! How it prints and how it ends is the `sync-log` command's: those files are included from its
//! package.

mod args;
mod clocks;
mod device;
mod driver;
mod folder;
mod halt;
mod history;
mod ids;
mod oracle;
mod program;
mod record;
mod report;
mod schedule;
mod script;
mod tally;

#[path = "../../../crates/sync-log-cli/src/duration.rs"]
mod duration;
#[path = "../../../crates/sync-log-cli/src/failure.rs"]
#[allow(dead_code, reason = "the demo finds no damaged file")]
mod failure;
#[path = "../../../crates/sync-log-cli/src/format.rs"]
mod format;
#[path = "../../../crates/sync-log-cli/src/output.rs"]
#[allow(dead_code, reason = "the demo prints once, and does not follow a log")]
mod output;
#[path = "../../../crates/sync-log-cli/src/sheet.rs"]
mod sheet;
#[path = "../../../crates/sync-log-cli/src/signals.rs"]
#[allow(
    dead_code,
    reason = "a replay ends at its next step, and reads nothing in place"
)]
mod signals;

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, anyhow};
use clap::Parser as _;

use args::DemoArgs;
use driver::{Outcome, Plan};
use failure::Failure;
use folder::Folder;
use history::History;
use progress::Progress;
use report::Report;
use schedule::Presence;

fn main() -> ExitCode {
    let args = DemoArgs::parse();
    signals::run(move || run(&args).unwrap_or_else(|failure| explain(&args, &failure)))
}

fn explain(args: &DemoArgs, failure: &Failure) -> ExitCode {
    if !signals::is_ending() {
        output::say(&format!("error: {:#}", failure.error));
    } else if let Some(kept) = &args.dir {
        output::say(&format!(
            "the libraries in {} are incomplete",
            kept.display()
        ));
    }
    failure.exit.into()
}

/// Replays, judges and prints.
fn run(args: &DemoArgs) -> Result<ExitCode, Failure> {
    let history = read_history(args.input.as_deref())?;
    let presence = Presence::new(&history, args.away.0).ok_or_else(|| no_such_device(args))?;
    let plan = Plan {
        history: &history,
        clocks: args.clocks,
        layout: args.layout,
        presence,
        seed: args.seed,
    };
    let folder = Folder::prepare(args.dir.as_deref())?;
    let outcome = replay(&plan, folder.path()).map_err(Failure::cannot_open)?;
    if let Some(kept) = &args.dir {
        output::say(&format!("the libraries are in {}", kept.display()));
    }
    let report = Report::new(&history, args, outcome);
    let text = report
        .render(args.format.get())
        .map_err(Failure::cannot_open)?;
    let printed = output::print(&text).context("failed to write to stdout");
    printed.map_err(Failure::cannot_open)?;
    Ok(report.exit().into())
}

fn read_history(input: Option<&Path>) -> Result<History, Failure> {
    let Some(path) = input else {
        return History::built_in().map_err(Failure::usage);
    };
    let failed = || format!("failed to read {}", path.display());
    let file = File::open(path).with_context(failed);
    let history = History::read(BufReader::new(file.map_err(Failure::cannot_open)?));
    history.with_context(failed).map_err(Failure::usage)
}

fn no_such_device(args: &DemoArgs) -> Failure {
    Failure::usage(anyhow!(
        "failed to take --away {}: the history has no such device; name another one, or none",
        args.away
    ))
}

/// One thread: the devices take turns, so a second one would only wait, and
/// each hand-over between two costs more than most of the calls.
fn replay(plan: &Plan<'_>, folder: &Path) -> anyhow::Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let began = Instant::now();
    let progress = Progress::new(plan.history.changes.len() as u64, "changes");
    let outcome = runtime.block_on(driver::replay(plan, folder, &progress));
    progress.finish();
    output::say(&format!(
        "replayed in {:.1} s",
        began.elapsed().as_secs_f64()
    ));
    outcome
}
