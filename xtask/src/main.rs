//! The tasks of this workspace: `cargo xtask ci` runs what CI runs, on a laptop too.
//!
//! It depends on no crate of the workspace, so it builds while they do not.
//!
//! - [`args`] is the command line.
//! - [`ci`] runs steps in order, times them and says how to repeat the one that failed.
//! - [`step`] is the list of steps, [`steps`] what each one runs, [`scope`] how much a run covers.
//! - [`checks`] holds the pure checks: values in, violations out.
//! - [`features`], [`lowest`] and [`package`] are the steps that take more than one command.
//! - [`mod@bench`] measures the targets, and [`cost`] what it takes to depend on us; [`table`] and
//!   [`machine`] help to report it.
//! - [`mutants`] changes core's code to see whether a test notices.
//! - [`tools`] runs what other programs check.
//! - [`program`] runs the programs that search for faults.
//! - [`workspace`], [`repository`] and [`source`] read what the checks look at.

mod args;
mod bench;
mod checks;
mod ci;
mod cost;
mod cpu_time;
mod features;
mod lowest;
mod machine;
mod mutants;
mod package;
mod program;
mod repository;
mod scope;
mod source;
mod step;
mod steps;
mod table;
mod tools;
mod workspace;

use std::process::ExitCode;

use anyhow::{Error, Result};
use clap::Parser as _;
use xshell::Shell;

use crate::args::{Arguments, Task};
use crate::bench::BenchArgs;
use crate::ci::Ci;
use crate::scope::{CRASH, SIMULATOR};
use crate::workspace::Workspace;

fn main() -> ExitCode {
    match run(Arguments::parse().task) {
        Ok(code) => code,
        Err(error) => {
            report(&error);
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<ExitCode> {
    match task {
        Task::Ci { scope, steps } => Ci::new(scope, &steps)?.run().map(|()| ExitCode::SUCCESS),
        Task::Sim(passed) => program::run(SIMULATOR, &passed.arguments),
        Task::Crash(passed) => program::run(CRASH, &passed.arguments),
        Task::Bench(args) => measure(&args).map(|()| ExitCode::SUCCESS),
        Task::Cost => cost::run().map(|()| ExitCode::SUCCESS),
        Task::Mutants => mutants::run().map(|()| ExitCode::SUCCESS),
    }
}

fn measure(args: &BenchArgs) -> Result<()> {
    let shell = Shell::new()?;
    let workspace = Workspace::read()?;
    shell.change_dir(&workspace.root);
    bench::run(&shell, &workspace, args)
}

/// The error and its causes, never a backtrace: where in this program it arose helps nobody.
fn report(error: &Error) {
    eprintln!("error: {error}");
    for cause in error.chain().skip(1) {
        eprintln!("  {cause}");
    }
}
