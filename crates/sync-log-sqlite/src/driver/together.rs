//! The port on a connection of an app's SeaORM that runs several statements as one call: each call is a hop
//! to the driver's thread and back.

#![allow(clippy::disallowed_methods, reason = "here statements run")]

use std::ops::ControlFlow;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sea_orm::{ConnectionTrait, Statement};
use sync_log_core::StoreError;

use super::over::{filled, joined};
use super::port::refuse_others;
use super::template::{Origin, report};
use super::{Argument, Over, Port, Row, Template};
use crate::driver::failure::failed;

/// How many statements run together. Drivers keep each text prepared, so few different texts should be
/// made of them. The records of a change take one statement, an entry two, and the state of the log one.
const AT_ONCE: usize = 4;

const DOING: &str = "write to the log";

/// A connection of an app's SeaORM, and the statements that it has not run yet.
pub(crate) struct Together<'a, C> {
    over: Over<'a, C>,
    left: Mutex<Left>,
}

/// Statements that were not run yet, and how many rows they have to change.
#[derive(Default)]
struct Left {
    statements: Vec<Statement>,
    rows: usize,
}

impl<'a, C: ConnectionTrait> Together<'a, C> {
    pub(crate) const fn new(db: &'a C) -> Self {
        Self {
            over: Over(db),
            left: Mutex::new(Left {
                statements: Vec::new(),
                rows: 0,
            }),
        }
    }

    fn left(&self) -> MutexGuard<'_, Left> {
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

    async fn change_rows(
        &self,
        statement: &Template,
        arguments: &[Argument<'_>],
        rows: usize,
    ) -> Result<(), StoreError> {
        let are_enough = {
            let mut left = self.left();
            left.statements.push(filled(statement, arguments));
            left.rows += rows;
            left.statements.len() >= AT_ONCE
        };
        if are_enough {
            self.flush().await?;
        }
        Ok(())
    }

    async fn flush(&self) -> Result<(), StoreError> {
        let left = std::mem::take(&mut *self.left());
        if left.statements.is_empty() {
            return Ok(());
        }
        let together = joined(left.statements);
        report(&together.sql, Origin::Entities);
        let done = self.over.0.execute_raw(together).await;
        let done = done.map_err(|error| failed(DOING, error))?;
        refuse_others(
            usize::try_from(done.rows_affected()) == Ok(left.rows),
            DOING,
        )
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
