//! What can be wrong with how an app uses the handle.

/// A fault of an app. Each has to be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Rows are changed, and nothing is recorded.
    RowWithoutRecord,
    /// Changes are recorded, and the rows stay as they are.
    RecordWithoutRow,
    /// Changes are recorded in a transaction of their own, after the one that changes the rows.
    RecordAfterCommit,
    /// What is committed is not brought into the log.
    DrainLeftOut,
    /// Only one of the other devices is registered.
    PeersLeftOut,
}
