//! What a run is to do.

use std::path::PathBuf;

use crate::child::Fault;

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
