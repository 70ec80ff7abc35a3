//! The port on a connection or transaction of an app's SeaORM.

#![allow(clippy::disallowed_methods, reason = "here statements run")]

use std::ops::ControlFlow;

use sea_orm::{ConnectionTrait, DbBackend, Statement, Value, Values};
use sync_log_core::StoreError;

use super::template::{Origin, report};
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

    async fn rows_of_both(
        &self,
        queries: [(&Template, &[Argument<'_>]); 2],
        mut read: impl FnMut(&Row<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let both = joined(queries.map(|(query, arguments)| filled(query, arguments)));
        report(&both.sql, Origin::Entities);
        let rows = self.0.query_all_raw(both).await;
        let [(first, _), _] = queries;
        let rows = rows.map_err(|error| failed(first.doing(), error))?;
        rows.iter().try_for_each(|row| read(&Row::Fetched(row)))
    }
}

/// One statement of the driver, whose text has all of these, and whose values are bound one after the other.
pub(super) fn joined(statements: impl IntoIterator<Item = Statement>) -> Statement {
    let mut sql = String::new();
    let mut values = Vec::new();
    for statement in statements {
        if !sql.is_empty() {
            sql.push_str("; ");
        }
        sql.push_str(&statement.sql);
        values.extend(statement.values.into_iter().flat_map(|bound| bound.0));
    }
    Statement {
        sql,
        values: Some(Values(values)),
        db_backend: DbBackend::Sqlite,
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
