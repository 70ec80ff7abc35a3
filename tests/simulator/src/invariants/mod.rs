//! What must hold after each step: one file each, pure, over what the oracle
//! knows and what was found.

pub mod adopted;
pub mod answers_hold;
pub mod clocks;
pub mod convergence;
pub mod every_entry_or_error;
pub mod monotone;
pub mod nothing_lost;
pub mod nothing_pruned_early;
pub mod stamps_rise;
pub mod told;
pub mod verdicts;

#[cfg(test)]
pub(crate) mod sample;

use std::fmt;

/// A promise that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The invariant, by the name of its file.
    pub invariant: &'static str,
    pub what: String,
}

impl Violation {
    /// That `invariant` does not hold.
    pub fn new(invariant: &'static str, what: impl Into<String>) -> Self {
        let what = what.into();
        Self { invariant, what }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant, self.what)
    }
}

impl std::error::Error for Violation {}
