//! What a child is to do.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// How a child works.
#[derive(Debug, Clone, Args)]
pub struct ChildArgs {
    /// Where the log is, in the folder `log`, and other logs beside it
    #[arg(long)]
    pub folder: PathBuf,
    /// Number of the child: no other one that works here has it
    #[arg(long)]
    pub number: u32,
    /// Chooses the operations
    #[arg(long)]
    pub seed: u64,
    /// What the child is for
    #[arg(long, value_enum)]
    pub role: Role,
    /// A planted fault
    #[arg(long, value_enum)]
    pub fault: Option<Fault>,
}

/// What a child is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Works until it is killed
    Victim,
    /// A victim beside a companion: the files stay where they are
    Accompanied,
    /// Appends beside a victim until its parent sends it the word to finish
    Companion,
    /// Waits for a line on its input after each operation, which are small
    Stepper,
    /// A stepper whose log grows to several chunks, and is pruned then
    Hoarder,
}

/// A fault that a child plants, to see whether the parent finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Fault {
    /// Appends and acks are announced as `Ok` before they are committed
    AnnounceBeforeCommit,
    /// A batch is written entry by entry
    TornBatch,
    /// After the files were moved, the log that is in their stead is written to
    IdentityNotCompared,
    /// The log is left and not closed before the file is copied
    CloseWithoutCheckpoint,
    /// The file alone is copied instead of backed up
    CopyInsteadOfBackup,
    /// Options are checked after the log was opened
    OptionCheckedLate,
}
