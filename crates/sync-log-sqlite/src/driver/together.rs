//! The port on a connection of an app's SeaORM that runs several statements as one call: each call is a hop
//! to the driver's thread and back.

#![allow(clippy::disallowed_methods, reason = "here statements run")]

use std::ops::ControlFlow;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sea_orm::{ConnectionTrait, DbBackend, Statement, Values};
use sync_log_core::StoreError;

use super::over::filled;
use super::port::refuse_others;
use super::template::{Origin, report};
use super::{Argument, Over, Port, Row, Template};
use crate::driver::failure::failed;

/// How many statements run together. Drivers keep each text prepared, so few different texts should be
/// made of them; an entry takes two statements, and the state of the log one.
const AT_ONCE: usize = 4;

const DOING: &str = "write to the log";

/// A connection of an app's SeaORM, and the statements that it has not run yet.
pub(crate) struct Together<'a, C> {
    over: Over<'a, C>,
    left: Mutex<Vec<Statement>>,
}

impl<'a, C: ConnectionTrait> Together<'a, C> {
    pub(crate) const fn new(db: &'a C) -> Self {
        Self {
            over: Over(db),
            left: Mutex::new(Vec::new()),
        }
    }

    fn left(&self) -> MutexGuard<'_, Vec<Statement>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C: ConnectionTrait> Port for Together<'_, C> {
    const READS_AHEAD: bool = Over::<C>::READS_AHEAD;

    async fn run(
        &self,
        statement: &Template,
        arguments: &[Argument<'_>],
    ) -> Result<u64, StoreError> {
        self.flush().await?;
        self.over.run(statement, arguments).await
    }

    async fn change_row(
        &self,
        statement: &Template,
        arguments: &[Argument<'_>],
    ) -> Result<(), StoreError> {
        let are_enough = {
            let mut left = self.left();
            left.push(filled(statement, arguments));
            left.len() >= AT_ONCE
        };
        if are_enough {
            self.flush().await?;
        }
        Ok(())
    }

    async fn flush(&self) -> Result<(), StoreError> {
        let left = std::mem::take(&mut *self.left());
        if left.is_empty() {
            return Ok(());
        }
        let rows = left.len();
        let together = joined(left);
        report(&together.sql, Origin::Entities);
        let done = self.over.0.execute_raw(together).await;
        let done = done.map_err(|error| failed(DOING, error))?;
        refuse_others(usize::try_from(done.rows_affected()) == Ok(rows), DOING)
    }

    async fn rows(
        &self,
        query: &Template,
        arguments: &[Argument<'_>],
        read: impl FnMut(&Row<'_>) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError> {
        self.flush().await?;
        self.over.rows(query, arguments, read).await
    }
}

/// One statement of the driver, whose text has all of these, and whose values are bound one after the other.
fn joined(statements: Vec<Statement>) -> Statement {
    let texts: Vec<_> = statements.iter().map(|it| it.sql.as_str()).collect();
    let sql = texts.join("; ");
    let values = statements.into_iter().filter_map(|it| it.values);
    Statement {
        sql,
        values: Some(Values(values.flat_map(|values| values.0).collect())),
        db_backend: DbBackend::Sqlite,
    }
}
