//! What runs statements.

use std::ops::ControlFlow;

use sync_log_core::StoreError;

use super::{Argument, Row, Template};

/// Something that runs statements.
///
/// No future of a port has to be `Send`: one that is spawned is where the connection is.
pub(crate) trait Port {
    /// Runs a statement that returns no rows. Returns how many rows it changed.
    async fn run(
        &self,
        statement: &Template,
        arguments: &[Argument<'_>],
    ) -> Result<u64, StoreError>;

    /// Hands the rows of a query to `read`, one after the other, until that breaks off or
    /// fails.
    async fn rows(
        &self,
        query: &Template,
        arguments: &[Argument<'_>],
        read: impl FnMut(&Row<'_>) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError>;
}
