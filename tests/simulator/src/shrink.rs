//! From a scenario that fails to a small one that fails in the same way.

use anyhow::Result;

use crate::run::{Make, run};
use crate::scenario::Scenario;
use crate::step::Step;

/// Most runs that shrinking may take.
const RUNS_MAX: usize = 4000;

/// Leaves out steps, and what happens to calls on the way, as long as the same
/// invariant is broken.
pub fn shrink(scenario: &Scenario, make: Make) -> Result<Scenario> {
    let mut smallest = scenario.clone();
    let Some((place, violation)) = run(&smallest, make)?.broken else {
        return Ok(smallest);
    };
    smallest.steps.truncate(place + 1);
    let mut search = Search {
        make,
        invariant: violation.invariant,
        runs_left: RUNS_MAX,
    };
    loop {
        let before = smallest.steps.len();
        search.leave_steps_out(&mut smallest)?;
        search.simplify_steps(&mut smallest)?;
        if smallest.steps.len() == before || search.runs_left == 0 {
            return Ok(smallest);
        }
    }
}

struct Search {
    make: Make,
    invariant: &'static str,
    runs_left: usize,
}

impl Search {
    /// Whether it still fails in the same way.
    fn fails(&mut self, candidate: &Scenario) -> Result<bool> {
        let Some(left) = self.runs_left.checked_sub(1) else {
            return Ok(false);
        };
        self.runs_left = left;
        let broken = run(candidate, self.make)?.broken;
        Ok(broken.is_some_and(|(_, violation)| violation.invariant == self.invariant))
    }

    /// Delta debugging: parts of half the length, then a quarter, down to
    /// single steps, from the end on.
    fn leave_steps_out(&mut self, smallest: &mut Scenario) -> Result<()> {
        let mut part = smallest.steps.len().div_ceil(2);
        while part > 0 {
            let mut end = smallest.steps.len();
            while end > 0 {
                let start = end.saturating_sub(part);
                let mut candidate = smallest.clone();
                candidate.steps.drain(start..end);
                if self.fails(&candidate)? {
                    *smallest = candidate;
                }
                end = start;
            }
            part /= 2;
        }
        Ok(())
    }

    fn simplify_steps(&mut self, smallest: &mut Scenario) -> Result<()> {
        for place in 0..smallest.steps.len() {
            let mut candidate = smallest.clone();
            if undisturbed(&mut candidate.steps[place]) && self.fails(&candidate)? {
                *smallest = candidate;
            }
        }
        Ok(())
    }
}

/// Takes away what happens to the call of a step; says whether something did.
fn undisturbed(step: &mut Step) -> bool {
    match step {
        Step::Call { struck, .. }
        | Step::Deliver { struck, .. }
        | Step::Bootstrap { struck, .. }
        | Step::Resume { struck, .. } => struck.take().is_some(),
        _ => false,
    }
}
