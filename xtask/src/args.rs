//! The command line.

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::bench::BenchArgs;
use crate::scope::Scope;
use crate::step::Step;

/// Tasks of the sync-log workspace.
#[derive(Parser)]
#[command(bin_name = "cargo xtask", after_help = step_list())]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) task: Task,
}

#[derive(Subcommand)]
pub(crate) enum Task {
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
pub(crate) struct Passed {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) arguments: Vec<String>,
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
    fn the_command_line_is_well_formed_and_its_help_explains_every_step() {
        let mut command = Arguments::command();
        command.clone().debug_assert();
        let help = command.render_long_help().to_string();
        for step in Step::value_variants() {
            assert!(help.contains(&step.purpose()), "{}", step.name());
        }
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
