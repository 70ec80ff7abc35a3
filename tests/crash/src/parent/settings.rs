//! What a run is to do.

use std::path::PathBuf;

use crate::child::Fault;

/// What a run is to do.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The program that is also the child.
    pub program: PathBuf,
    pub kills: u32,
    /// Chooses everything but the exact moments, which the machine has a say in.
    pub seed: u64,
    pub dir: PathBuf,
    pub fault: Option<Fault>,
}
