//! From a scenario that fails to a small one that fails in the same way.

use anyhow::Result;

use crate::run::{Make, Outcome, run};
use crate::scenario::Scenario;
use crate::step::Step;

/// Most runs that shrinking may take.
const RUNS_MAX: usize = 4000;

/// A scenario that can be made smaller.
pub trait Shrinks: Clone {
    type Step: Clone;

    fn steps_mut(&mut self) -> &mut Vec<Self::Step>;

    /// Steps that do less than this one.
    fn simpler(step: &Self::Step) -> Vec<Self::Step>;

    /// The same steps on devices that begin with less.
    fn simpler_starts(&self) -> Vec<Self> {
        Vec::new()
    }
}

/// Leaves out steps, and what happens to calls on the way, as long as the same
/// invariant is broken.
pub fn shrink(scenario: &Scenario, make: Make) -> Result<Scenario> {
    shrink_by(scenario, |candidate| run(candidate, make))
}

/// The same for a scenario of any kind.
pub fn shrink_by<S: Shrinks>(scenario: &S, run: impl Fn(&S) -> Result<Outcome>) -> Result<S> {
    let mut smallest = scenario.clone();
    let Some((place, violation)) = run(&smallest)?.broken else {
        return Ok(smallest);
    };
    smallest.steps_mut().truncate(place + 1);
    let mut search = Search {
        run,
        invariant: violation.invariant,
        runs_left: RUNS_MAX,
    };
    loop {
        let before = smallest.steps_mut().len();
        search.leave_steps_out(&mut smallest)?;
        search.simplify_steps(&mut smallest)?;
        search.simplify_starts(&mut smallest)?;
        if smallest.steps_mut().len() == before || search.runs_left == 0 {
            return Ok(smallest);
        }
    }
}

struct Search<R> {
    run: R,
    invariant: &'static str,
    runs_left: usize,
}

impl<R> Search<R> {
    /// Whether it still fails in the same way.
    fn fails<S>(&mut self, candidate: &S) -> Result<bool>
    where
        R: Fn(&S) -> Result<Outcome>,
    {
        let Some(left) = self.runs_left.checked_sub(1) else {
            return Ok(false);
        };
        self.runs_left = left;
        let broken = (self.run)(candidate)?.broken;
        Ok(broken.is_some_and(|(_, violation)| violation.invariant == self.invariant))
    }

    /// Delta debugging: parts of half the length, then a quarter, down to
    /// single steps, from the end on.
    fn leave_steps_out<S: Shrinks>(&mut self, smallest: &mut S) -> Result<()>
    where
        R: Fn(&S) -> Result<Outcome>,
    {
        let mut part = smallest.steps_mut().len().div_ceil(2);
        while part > 0 {
            let mut end = smallest.steps_mut().len();
            while end > 0 {
                let start = end.saturating_sub(part);
                let mut candidate = smallest.clone();
                candidate.steps_mut().drain(start..end);
                if self.fails(&candidate)? {
                    *smallest = candidate;
                }
                end = start;
            }
            part /= 2;
        }
        Ok(())
    }

    fn simplify_steps<S: Shrinks>(&mut self, smallest: &mut S) -> Result<()>
    where
        R: Fn(&S) -> Result<Outcome>,
    {
        for place in 0..smallest.steps_mut().len() {
            self.simplify_step(smallest, place)?;
        }
        Ok(())
    }

    fn simplify_starts<S: Shrinks>(&mut self, smallest: &mut S) -> Result<()>
    where
        R: Fn(&S) -> Result<Outcome>,
    {
        let mut simpler = smallest.simpler_starts();
        while let Some(candidate) = simpler.pop() {
            if self.fails(&candidate)? {
                simpler = candidate.simpler_starts();
                *smallest = candidate;
            }
        }
        Ok(())
    }

    /// Takes the first simpler step with which it still fails, and goes on from that one.
    fn simplify_step<S: Shrinks>(&mut self, smallest: &mut S, place: usize) -> Result<()>
    where
        R: Fn(&S) -> Result<Outcome>,
    {
        let mut simpler = S::simpler(&smallest.steps_mut()[place]);
        while let Some(step) = simpler.pop() {
            let mut candidate = smallest.clone();
            candidate.steps_mut()[place] = step;
            if self.fails(&candidate)? {
                *smallest = candidate;
                simpler = S::simpler(&smallest.steps_mut()[place]);
            }
        }
        Ok(())
    }
}

impl Shrinks for Scenario {
    type Step = Step;

    fn steps_mut(&mut self) -> &mut Vec<Step> {
        &mut self.steps
    }

    fn simpler(step: &Step) -> Vec<Step> {
        let mut simpler = *step;
        let is_simpler = undisturbed(&mut simpler);
        is_simpler.then_some(simpler).into_iter().collect()
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
