//! The finding of one check.

use std::fmt::Display;

use serde::Serialize;
use sync_log_core::judge::EntryFault;

/// How many faults a [`Check`] names at most.
pub const EXAMPLES_MAX: usize = 5;

/// One check of a file, and its finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// The name of the check, in one word.
    pub name: &'static str,
    /// What is true of a sound file.
    pub claim: &'static str,
    /// How many faults the check found.
    pub faults: u64,
    /// The first of the faults: where each one is, and what it is.
    pub examples: Vec<String>,
}

impl Check {
    pub(super) fn new(name: &'static str, claim: &'static str) -> Self {
        Self {
            name,
            claim,
            faults: 0,
            examples: Vec::new(),
        }
    }

    /// Whether the check found no fault.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.faults == 0
    }

    pub(super) fn fault(&mut self, position: impl Display) {
        self.faults += 1;
        if self.examples.len() < EXAMPLES_MAX {
            self.examples.push(position.to_string());
        }
    }

    /// Adds a fault of the row with this key, if it was judged to have one.
    pub(super) fn judge<T>(&mut self, key: &str, judged: Result<T, EntryFault>) {
        if let Err(fault) = judged {
            self.fault(format_args!("{key:?}: {fault}"));
        }
    }

    pub(super) fn expect(&mut self, holds: bool, position: impl FnOnce() -> String) {
        if !holds {
            self.fault(position());
        }
    }
}
