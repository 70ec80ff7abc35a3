//! Runs steps in order, times them and says how to repeat the one that failed.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use xshell::Shell;

use crate::cpu_time;
use crate::scope::Scope;
use crate::step::Step;
use crate::steps;
use crate::workspace::Workspace;

/// Turns off what a single run from nothing does not need: what makes a second build fast, and what a
/// debugger reads. The message of a panic names its line without that. The programs that search for
/// faults look at themselves too, as they do in a build for development.
const FROM_NOTHING: &[(&str, &str)] = &[
    ("CARGO_INCREMENTAL", "0"),
    ("CARGO_PROFILE_DEV_DEBUG", "0"),
    ("CARGO_PROFILE_RELEASE_DEBUG", "0"),
    ("CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS", "true"),
    ("CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS", "true"),
];

/// Turns off most of what makes a program fast. The programs that search for faults run for less
/// time than it takes to optimize them, unless they search for hours.
const FOR_A_SHORT_SEARCH: &[(&str, &str)] = &[("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")];

/// A run of some steps over a scope.
pub(crate) struct Ci {
    scope: Scope,
    steps: Vec<Step>,
}

impl Ci {
    /// A run of `only`, or of every step of the scope when it is empty.
    ///
    /// # Errors
    /// When a step does not belong to the scope.
    pub(crate) fn new(scope: Scope, only: &[Step]) -> Result<Self> {
        if let Some(step) = only.iter().find(|step| !scope.covers(**step)) {
            let (name, command) = (step.name(), scope.command());
            let other = Scope::narrowest_with(*step).command();
            bail!("`{command}` has no step `{name}`; run `cargo xtask {other} --step {name}`");
        }
        let chosen = |step: &Step| scope.covers(*step) && (only.is_empty() || only.contains(step));
        let steps = Step::value_variants().iter().copied().filter(chosen);
        Ok(Self {
            scope,
            steps: steps.collect(),
        })
    }

    /// Runs the steps up to the first failure, then prints how long each one took, and how much
    /// CPU time.
    ///
    /// Everything is said on stderr, where cargo says what it does.
    ///
    /// # Errors
    /// When a step fails: its name and how to repeat it.
    pub(crate) fn run(&self) -> Result<()> {
        let shell = Shell::new()?;
        let workspace = Workspace::read()?;
        shell.change_dir(&workspace.root);
        let settings = settings(self.scope).into_iter();
        let _settings: Vec<_> = settings
            .map(|(name, value)| shell.push_env(name, value))
            .collect();

        let mut costs = Vec::new();
        let result = self.steps.iter().try_for_each(|step| {
            eprintln!("\n=== {}: {}", step.name(), step.purpose());
            let (start, cpu_before) = (Instant::now(), cpu_time::so_far());
            let result = steps::run(*step, &shell, &workspace, self.scope);
            let cost = Cost {
                wall: start.elapsed(),
                cpu: cpu_time::so_far() - cpu_before,
            };
            eprintln!("=== {} took {}", step.name(), seconds(cost.wall));
            costs.push((*step, cost));
            result.with_context(|| failure(*step, self.scope))
        });
        eprint!("\n{}", table(&costs));
        result
    }
}

/// What is set for cargo in every step.
fn settings(scope: Scope) -> Vec<(&'static str, &'static str)> {
    match scope {
        Scope::Fast => Vec::new(),
        Scope::Standard => [FROM_NOTHING, FOR_A_SHORT_SEARCH].concat(),
        Scope::Full => FROM_NOTHING.to_vec(),
    }
}

/// What a step took.
#[derive(Clone, Copy)]
struct Cost {
    wall: Duration,
    cpu: Duration,
}

fn failure(step: Step, scope: Scope) -> String {
    let (name, command) = (step.name(), scope.command());
    format!("step `{name}` failed; to repeat it: cargo xtask {command} --step {name}")
}

fn table(costs: &[(Step, Cost)]) -> String {
    let mut table = format!("{:<14}{:>10}{:>12}\n", "step", "wall", "CPU");
    let total = Cost {
        wall: costs.iter().map(|(_, cost)| cost.wall).sum(),
        cpu: costs.iter().map(|(_, cost)| cost.cpu).sum(),
    };
    let rows = costs.iter().map(|(step, cost)| (step.name(), *cost));
    for (name, cost) in rows.chain([("total".to_owned(), total)]) {
        let (wall, cpu) = (seconds(cost.wall), seconds(cost.cpu));
        writeln!(table, "{name:<14}{wall:>10}{cpu:>12}").expect("a string takes any text");
    }
    table
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chosen_steps_run_in_the_order_of_ci_and_once() {
        let chosen = [Step::Test, Step::Fmt, Step::Test];
        let ci = Ci::new(Scope::Fast, &chosen).expect("fast has both steps");
        assert_eq!(ci.steps, [Step::Fmt, Step::Test]);
    }

    #[test]
    fn a_step_outside_the_scope_is_refused_with_the_way_to_run_it() {
        let step = Step::Package;
        let error = Ci::new(Scope::Fast, &[step])
            .err()
            .expect("it compiles SQLite");
        let command = "cargo xtask ci --step package";
        assert!(error.to_string().contains(command), "{error}");
    }
}
