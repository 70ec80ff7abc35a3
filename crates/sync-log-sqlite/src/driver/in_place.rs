//! The port on a connection of this crate's own.

#![allow(clippy::disallowed_methods, reason = "here statements run")]

use std::ops::ControlFlow;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use rusqlite::types::{ToSql, ToSqlOutput, Value as Owned, ValueRef};
use rusqlite::{CachedStatement, Connection, ParamsFromIter, params_from_iter};
use sea_orm::Value;
use sync_log_core::StoreError;

use super::{Argument, Port, Row, Template};
use crate::driver::failure::failed;

/// Runs work over ports that never wait.
///
/// # Panics
/// If the future waits for anything, which is a mistake of this crate.
pub(crate) fn in_place<T>(work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    match work.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => panic!("SQLite runs in place, so there is nothing to wait for"),
    }
}

/// Runs a statement without arguments, and does not report it.
pub(super) fn run_unreported(db: &Connection, statement: &Template) -> Result<(), StoreError> {
    let run = db.prepare_cached(statement.text());
    let run = run.and_then(|mut prepared| prepared.execute([]));
    run.map(drop)
        .map_err(|error| failed(statement.doing(), error))
}

impl Port for Connection {
    const READS_AHEAD: bool = false;

    async fn run(
        &self,
        statement: &Template,
        arguments: &[Argument<'_>],
    ) -> Result<u64, StoreError> {
        let failed = |error| failed(statement.doing(), error);
        let changed = prepare(self, statement)
            .and_then(|mut prepared| prepared.execute(bound(statement, arguments)))
            .map_err(failed)?;
        Ok(u64::try_from(changed).unwrap_or(u64::MAX))
    }

    async fn rows(
        &self,
        query: &Template,
        arguments: &[Argument<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError> {
        let failed = |error| failed(query.doing(), error);
        let mut prepared = prepare(self, query).map_err(failed)?;
        let mut rows = prepared.query(bound(query, arguments)).map_err(failed)?;
        // Not one row more than is read is in memory.
        while let Some(row) = rows.next().map_err(failed)? {
            if read(&Row::InPlace(row))?.is_break() {
                break;
            }
        }
        Ok(())
    }
}

/// Prepares a statement, or takes it from those that the connection keeps.
fn prepare<'a>(db: &'a Connection, statement: &Template) -> rusqlite::Result<CachedStatement<'a>> {
    statement.report();
    db.prepare_cached(statement.text())
}

fn bound<'a>(
    statement: &'a Template,
    arguments: &'a [Argument<'a>],
) -> ParamsFromIter<impl Iterator<Item = Bound<'a>>> {
    params_from_iter(statement.bind(arguments, Bound::Constant, Bound::Given))
}

/// A value that is bound without a copy of it.
enum Bound<'a> {
    Constant(&'a Value),
    Given(&'a Argument<'a>),
}

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Given(Argument::Null) => ToSqlOutput::Borrowed(ValueRef::Null),
            Self::Given(Argument::Integer(number)) => ToSqlOutput::Owned(Owned::Integer(*number)),
            Self::Given(Argument::Real(number)) => ToSqlOutput::Owned(Owned::Real(*number)),
            Self::Given(Argument::Text(text)) => {
                ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes()))
            }
            Self::Given(Argument::Bytes(bytes)) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
            Self::Constant(constant) => constant_to_sql(constant)?,
        })
    }
}

/// The constants of this crate's statements are texts and whole numbers.
fn constant_to_sql(constant: &Value) -> rusqlite::Result<ToSqlOutput<'_>> {
    let integer = |number: i64| Ok(ToSqlOutput::Owned(Owned::Integer(number)));
    match constant {
        Value::String(Some(text)) => Ok(ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes()))),
        Value::Bool(Some(flag)) => integer((*flag).into()),
        Value::Int(Some(number)) => integer((*number).into()),
        Value::BigInt(Some(number)) => integer(*number),
        // How many rows at most; `argument` is above what SQLite can count.
        Value::BigUnsigned(Some(rows)) => integer(i64::try_from(*rows).unwrap_or(i64::MAX)),
        Value::String(None) | Value::BigInt(None) => Ok(ToSqlOutput::Borrowed(ValueRef::Null)),
        other => {
            let text = format!("a constant of this type is not bound: {other:?}");
            Err(rusqlite::Error::ToSqlConversionFailure(text.into()))
        }
    }
}
