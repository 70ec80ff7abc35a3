//! What runs statements.

use std::ops::ControlFlow;

use sync_log_core::StoreError;

use super::{Argument, Row, Template};

/// Something that runs statements.
///
/// The futures of a port need not be `Send`: a caller that spawns one keeps it with its connection.
pub(crate) trait Port {
    /// Whether all rows of a query are in memory before the first is passed on.
    const READS_AHEAD: bool;

    /// Runs a statement that returns no rows. Returns how many rows it changed.
    async fn run(
        &self,
        statement: &Template,
        arguments: &[Argument<'_>],
    ) -> Result<u64, StoreError>;

    /// Passes the rows of a query to `read`, one after the other, until `read` breaks off or fails.
    async fn rows(
        &self,
        query: &Template,
        arguments: &[Argument<'_>],
        read: impl FnMut(&Row<'_>) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError>;
}
