//! What runs statements.

use std::ops::ControlFlow;

use sync_log_core::{StoreError, StoreFault};

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

    /// Runs a statement that has to change exactly so many rows. A port may run it later, together with
    /// those that follow it: at the latest when any other statement runs, or in [`flush`](Self::flush).
    async fn change_rows(
        &self,
        statement: &Template,
        arguments: &[Argument<'_>],
        rows: usize,
    ) -> Result<(), StoreError> {
        let changed = self.run(statement, arguments).await?;
        refuse_others(usize::try_from(changed) == Ok(rows), statement.doing())
    }

    /// The same for one row.
    async fn change_row(
        &self,
        statement: &Template,
        arguments: &[Argument<'_>],
    ) -> Result<(), StoreError> {
        self.change_rows(statement, arguments, 1).await
    }

    /// Runs the statements that were left for later.
    async fn flush(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Passes the rows of a query to `read`, one after the other, until `read` breaks off or fails.
    async fn rows(
        &self,
        query: &Template,
        arguments: &[Argument<'_>],
        read: impl FnMut(&Row<'_>) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError>;

    /// Passes the rows of one query to `read`, and then those of another query, until `read` fails. A port may
    /// run both as one call.
    async fn rows_of_both(
        &self,
        [one, other]: [(&Template, &[Argument<'_>]); 2],
        mut read: impl FnMut(&Row<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        for (query, arguments) in [one, other] {
            self.rows(query, arguments, |row| read(row).map(ControlFlow::Continue))
                .await?;
        }
        Ok(())
    }
}

/// An error, if a row was not as it was read. Under the write lock only another call in the same transaction
/// can have changed it since.
pub(super) fn refuse_others(is_as_read: bool, doing: &'static str) -> Result<(), StoreError> {
    if is_as_read {
        return Ok(());
    }
    let doing = format!("{doing}: another call in the same transaction has written meanwhile");
    Err(StoreError::new(StoreFault::Locked, doing))
}
