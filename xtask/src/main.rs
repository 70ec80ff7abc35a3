//! The tasks of this workspace: `cargo xtask ci` runs what CI runs, on a laptop too.
//!
//! It depends on no crate of the workspace, so it builds while they do not.
//!
//! - [`ci`] runs steps in order, times them and says how to repeat the one that failed.
//! - [`step`] is the list of steps and what each one runs.
//! - [`scope`] says how much a run covers.
//! - [`checks`] holds the pure checks: values in, violations out.
//! - [`features`], [`lowest`] and [`package`] are the steps that take more than one command;
//!   [`mirror`] keeps the copy that one of them works in.
//! - [`mod@bench`] measures the targets, and [`cost`] what it takes to depend on us; [`table`] and
//!   [`machine`] help to tell it.
//! - [`mutants`] changes core's code to see whether a test notices.
//! - [`program`] runs the programs that search for faults.
//! - [`workspace`] and [`repository`] read what the checks look at.

mod bench;
mod checks;
mod ci;
mod cost;
mod features;
mod lowest;
mod machine;
mod mirror;
mod mutants;
mod package;
mod program;
mod repository;
mod scope;
mod source;
mod step;
mod table;
mod workspace;

use std::process::ExitCode;

use anyhow::{Error, Result};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::bench::BenchArgs;
use crate::ci::Ci;
use crate::scope::Scope;
use crate::step::Step;

/// Tasks of the sync-log workspace.
#[derive(Parser)]
#[command(bin_name = "cargo xtask", after_help = step_list())]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run everything CI runs, in order, up to the first failure
    Ci {
        /// How much of the workspace to cover
        #[arg(value_enum, default_value_t = Scope::Standard)]
        scope: Scope,
        /// Run only this step; may be given several times
        #[arg(long = "step", value_name = "STEP", value_enum)]
        steps: Vec<Step>,
    },
    /// Simulate fleets of devices, each from one seed; `sim --help` says more
    #[command(disable_help_flag = true)]
    Sim(Passed),
    /// Kill processes that work on a log, and check what is left; `crash --help` says more
    #[command(disable_help_flag = true)]
    Crash(Passed),
    /// Measure every target next to its limit, and write docs/benchmarks.md
    Bench(BenchArgs),
    /// Count the crates that each library brings along, time its build, and write docs/cost.md;
    /// fail if the SQLite store is above one of its limits
    Cost,
    /// Change core's code in one place at a time, and see whether a test notices
    Mutants,
}

/// What a program of the workspace is given, as it is.
#[derive(Args)]
struct Passed {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

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
        Task::Sim(passed) => program::run("simulator", &passed.arguments),
        Task::Crash(passed) => program::run("crash", &passed.arguments),
        Task::Bench(args) => bench::run(&args).map(|()| ExitCode::SUCCESS),
        Task::Cost => cost::run().map(|()| ExitCode::SUCCESS),
        Task::Mutants => mutants::run().map(|()| ExitCode::SUCCESS),
    }
}

/// The error and its causes, never a backtrace: where in this program it arose helps nobody.
fn report(error: &Error) {
    eprintln!("error: {error}");
    for cause in error.chain().skip(1) {
        eprintln!("  {cause}");
    }
}

/// The steps with their meaning, in the order in which `ci` runs them.
fn step_list() -> String {
    let mut list =
        String::from("Steps of `ci`, in order (* = also in `ci fast`, + = in `ci full` alone):\n");
    for step in Step::value_variants() {
        let mark = match Scope::narrowest_with(*step) {
            Scope::Fast => '*',
            Scope::Standard => ' ',
            Scope::Full => '+',
        };
        list.push_str(&format!("{mark} {:<13} {}\n", step.name(), step.purpose()));
    }
    list
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn the_help_explains_every_step() {
        let help = Arguments::command().render_long_help().to_string();
        for step in Step::value_variants() {
            assert!(
                help.contains(&step.purpose()),
                "{} is not explained",
                step.name()
            );
        }
    }

    #[test]
    fn steps_and_scope_are_parsed() {
        let arguments =
            Arguments::parse_from(["xtask", "ci", "fast", "--step", "fmt", "--step", "tidy"]);
        let Task::Ci { scope, steps } = arguments.task else {
            panic!("another task was parsed");
        };
        assert_eq!(scope, Scope::Fast);
        assert_eq!(steps, [Step::Fmt, Step::Tidy]);
    }

    #[test]
    fn a_program_gets_every_argument_as_it_is() {
        let given = ["--seeds", "3", "--fault", "AckGoesBack", "--help"];
        let arguments = Arguments::parse_from(["xtask", "sim"].into_iter().chain(given));
        let Task::Sim(passed) = arguments.task else {
            panic!("another task was parsed");
        };
        assert_eq!(passed.arguments, given);
    }
}
