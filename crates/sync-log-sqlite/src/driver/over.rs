//! The port on a connection or transaction of an app's SeaORM.

#![allow(clippy::disallowed_methods, reason = "here statements run")]

use std::ops::ControlFlow;

use sea_orm::{ConnectionTrait, DbBackend, Statement, Value, Values};
use sync_log_core::StoreError;

use super::{Argument, Port, Row, Template};
use crate::driver::failure::failed;

/// A connection of an app's SeaORM: a pool, a transaction or a savepoint.
pub(crate) struct Over<'a, C>(pub(crate) &'a C);

impl<C: ConnectionTrait> Port for Over<'_, C> {
    const READS_AHEAD: bool = true;

    async fn run(
        &self,
        statement: &Template,
        arguments: &[Argument<'_>],
    ) -> Result<u64, StoreError> {
        statement.report();
        let done = self.0.execute_raw(filled(statement, arguments)).await;
        let done = done.map_err(|error| failed(statement.doing(), error))?;
        Ok(done.rows_affected())
    }

    async fn rows(
        &self,
        query: &Template,
        arguments: &[Argument<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError> {
        query.report();
        let rows = self.0.query_all_raw(filled(query, arguments)).await;
        let rows = rows.map_err(|error| failed(query.doing(), error))?;
        for row in &rows {
            if read(&Row::Fetched(row))?.is_break() {
                break;
            }
        }
        Ok(())
    }
}

pub(super) fn filled(statement: &Template, arguments: &[Argument<'_>]) -> Statement {
    let values = statement.bind(arguments, Value::clone, |argument| match argument {
        Argument::Null => Value::String(None),
        Argument::Integer(number) => Value::BigInt(Some(*number)),
        Argument::Real(number) => Value::Double(Some(*number)),
        Argument::Text(text) => Value::String(Some((*text).to_owned())),
        Argument::Bytes(bytes) => Value::Bytes(Some(bytes.to_vec())),
    });
    Statement {
        sql: statement.text().to_owned(),
        values: Some(Values(values.collect())),
        db_backend: DbBackend::Sqlite,
    }
}
